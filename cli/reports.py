"""`./mentorline report …`: what a programme reports, computed from its records."""

import sys
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal
from zoneinfo import ZoneInfo

from cli.campaign_desk import Desk, opened
from cli.errors import Refusal

if TYPE_CHECKING:
    from bot.mentoring.competencies import Catalogue
    from bot.reports.fiscal import FiscalYear
    from bot.reports.table import Report
    from bot.settings import Settings

Format = Literal["table", "csv", "json", "xlsx"]


def validated(
    by: Literal["association", "area", "district", "facility"],
    years: Sequence[str],
    levels: Sequence[str],
    form: Format,
    file: Path | None,
) -> None:
    """Prints tables 1 and 2.

    Raises:
        Refusal: a year cannot be read, or the database does not answer.
    """
    from bot.reports.validated import validated as compute

    with opened() as desk:
        wanted = fiscal_years(years, desk.settings, desk.now)
        periods = [year.period(_zone(desk)) for year in wanted]
        report = compute(desk.session, by, periods, catalogue(desk.settings), levels)
    write(report, form, file)


def fiscal_years(given: Sequence[str], current: "Settings", now: datetime) -> "list[FiscalYear]":
    """The years asked for, in order; none given: the present one.

    Raises:
        Refusal: one cannot be read.
    """
    from bot.reports import fiscal

    first = current.fiscal_year_start_month
    found = [fiscal.parse(text, first) for text in given]
    for text, year in zip(given, found, strict=True):
        if year is None:
            raise Refusal(f"--fy {text} is not a year such as 2021.")
    today = now.astimezone(ZoneInfo(current.default_timezone)).date()
    return sorted({year for year in found if year}) or [fiscal.of(today, first)]


def catalogue(current: "Settings") -> "Catalogue":
    """The programme's competencies.

    Raises:
        Refusal: they cannot be used; what is wrong has been printed.
    """
    from bot.mentoring.competencies import CatalogueError, load

    try:
        return load(current.competencies_dir)
    except CatalogueError as error:
        for problem in error.problems:
            print(problem, file=sys.stderr)
        raise Refusal("The competencies cannot be used: what is wrong is listed above.") from None


def write(report: "Report", form: Format, file: Path | None) -> None:
    """Prints a report, or writes it to a file.

    Raises:
        Refusal: the file cannot be written.
    """
    from bot.reports import writing

    if form == "xlsx":
        if file is None:
            raise Refusal("A workbook goes to a file: say which with -o report.xlsx.")
        save(file, writing.as_xlsx([report]))
        return
    made = {"table": writing.text, "csv": writing.as_csv, "json": writing.as_json}[form](report)
    if file is None:
        print(made.rstrip("\n"))
    else:
        save(file, (made.rstrip("\n") + "\n").encode())


def save(file: Path, content: bytes) -> None:
    """Writes a file.

    Raises:
        Refusal: it cannot be written.
    """
    try:
        file.write_bytes(content)
    except OSError as error:
        raise Refusal(f"{file} cannot be written: {error.strerror}.") from None
    print(f"Written to {file}.", file=sys.stderr)


def _zone(desk: Desk) -> ZoneInfo:
    return ZoneInfo(desk.settings.default_timezone)
