"""`./mentorline export …`: rows as CSV, JSON lines or a spreadsheet.

A cell that a spreadsheet would take for a formula is defused; a phone number stays readable. Rows
are written as they come from the database, so that a million of them do not stand in memory.
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
from typing import Any, BinaryIO
from zoneinfo import ZoneInfo

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from sqlalchemy.orm import Session

from bot.mentoring import overview
from bot.reports import exports
from cli.campaign_desk import opened
from cli.errors import Refusal

Rows = Callable[[Session, datetime, datetime], Iterator[Mapping[str, Any]]]


@dataclass(frozen=True)
class Export:
    """What can be exported: its columns, and its rows from a moment up to another (aware)."""

    columns: Sequence[str]
    rows: Rows


EXPORTS = {
    "people": Export(exports.PEOPLE, exports.people),
    "messages": Export(exports.MESSAGES, exports.messages),
    "answers": Export(exports.ANSWERS, exports.answers),
    "assessments": Export(exports.ASSESSMENTS, exports.assessments),
    "encounters": Export(exports.ENCOUNTERS, exports.encounters),
    "plans": Export(exports.PLANS, exports.plans),
    "goals": Export(exports.GOALS, exports.goals),
    "stock": Export(exports.STOCK, exports.stock),
    "cases": Export(overview.COLUMNS, overview.exported),
}

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
                write(form, wanted.columns, rows, sys.stdout.buffer)
            else:
                with output.open("wb") as file:
                    write(form, wanted.columns, rows, file)
        except OSError as error:
            raise Refusal(f"{output} cannot be written: {error.strerror}.") from None


def write(
    form: str, columns: Sequence[str], rows: Iterable[Mapping[str, Any]], out: BinaryIO
) -> None:
    """Write rows in one of the formats: csv (UTF-8), jsonl, xlsx."""
    if form == "jsonl":
        for row in rows:
            out.write((json.dumps(row, ensure_ascii=False, default=_plain) + "\n").encode())
        return
    if form == "xlsx":
        _sheet(columns, rows, out)
        return
    text = io.TextIOWrapper(out, "utf-8", newline="", write_through=True)
    table = csv.writer(text, lineterminator="\n")
    table.writerow(columns)
    for row in rows:
        table.writerow([defused(_plain(row[column])) for column in columns])
    text.detach()  # whoever opened it closes it


def written(form: str, columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> bytes:
    """What `write` writes."""
    out = io.BytesIO()
    write(form, columns, rows, out)
    return out.getvalue()


def _sheet(columns: Sequence[str], rows: Iterable[Mapping[str, Any]], out: BinaryIO) -> None:
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
    book.save(out)


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="seconds")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, bool):
        return "yes" if value else "no"
    return value


def defused(value: Any) -> Any:
    """A cell that a spreadsheet does not carry out; phone numbers are left as they are."""
    if not isinstance(value, str) or not value.startswith(_FORMULA) or _PHONE.fullmatch(value):
        return value
    return f"'{value}"
