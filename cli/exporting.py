"""`./mentorline export …`: rows as CSV, JSON lines or a spreadsheet.

A cell that a spreadsheet would take for a formula is defused; a phone number stays readable.
"""

import csv
import io
import json
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from sqlalchemy.orm import Session

from bot.mentoring import overview
from cli.campaign_desk import opened
from cli.errors import Refusal

Rows = Callable[[Session, datetime, datetime], Iterator[Mapping[str, Any]]]


@dataclass(frozen=True)
class Export:
    """What can be exported: its columns, and its rows from a moment up to another (aware)."""

    columns: Sequence[str]
    rows: Rows


EXPORTS = {"cases": Export(overview.COLUMNS, overview.exported)}

_PHONE = re.compile(r"\+\d[\d ]{5,20}")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def export(
    name: str, form: str, since: date | None, until: date | None, output: Path | None
) -> None:
    """Writes one export to a file or to standard output.

    Args:
        since: first local day; ``until``: last local day, included.

    Raises:
        Refusal: the file cannot be written, or a spreadsheet has nowhere to go.
    """
    if form == "xlsx" and output is None:
        raise Refusal("A spreadsheet needs a file: add -o FILE.")
    if since is not None and until is not None and until < since:
        raise Refusal("--until is before --since.")
    wanted = EXPORTS[name]
    with opened() as desk:
        here = ZoneInfo(desk.settings.default_timezone)
        start = datetime.combine(since or date(2000, 1, 1), time(), here).astimezone(UTC)
        last = (until or desk.today) + timedelta(days=1)
        end = datetime.combine(last, time(), here).astimezone(UTC)
        rows = wanted.rows(desk.session, start, end)
        try:
            if output is None:
                sys.stdout.write(written(form, wanted.columns, rows).decode())
            else:
                output.write_bytes(written(form, wanted.columns, rows))
        except OSError as error:
            raise Refusal(f"{output} cannot be written: {error.strerror}.") from None


def written(form: str, columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> bytes:
    """Rows in one of the formats: csv (UTF-8), jsonl, xlsx."""
    if form == "jsonl":
        lines = (json.dumps(row, ensure_ascii=False, default=_plain) + "\n" for row in rows)
        return "".join(lines).encode()
    if form == "xlsx":
        return _sheet(columns, rows)
    out = io.StringIO(newline="")
    table = csv.writer(out, lineterminator="\n")
    table.writerow(columns)
    for row in rows:
        table.writerow([defused(_plain(row[column])) for column in columns])
    return out.getvalue().encode()


def _sheet(columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> bytes:
    book = Workbook(write_only=True)
    sheet = book.create_sheet()
    sheet.append(list(columns))
    for row in rows:
        cells = []
        for column in columns:
            value = _plain(row[column])
            if isinstance(value, str):
                cell = WriteOnlyCell(sheet, ILLEGAL_CHARACTERS_RE.sub("", value))
                cell.data_type = "s"  # words, whatever they begin with
                cells.append(cell)
            else:
                cells.append(value)
        sheet.append(cells)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="seconds")
    if isinstance(value, bool):
        return "yes" if value else "no"
    return value


def defused(value: Any) -> Any:
    """A cell that a spreadsheet does not carry out; phone numbers are left as they are."""
    if not isinstance(value, str) or not value.startswith(_FORMULA) or _PHONE.fullmatch(value):
        return value
    return f"'{value}"
