"""`./mentorline report …`: what a programme reports, computed from its records."""

import sys
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Literal
from zoneinfo import ZoneInfo

from cli.campaign_desk import Desk, opened
from cli.errors import Refusal
from cli.report_names import SAYS

if TYPE_CHECKING:
    from bot.mentoring.competencies import Catalogue
    from bot.reports.fiscal import FiscalYear, Period
    from bot.reports.table import Report
    from bot.settings import Settings
    from store.people import Person

Format = Literal["table", "csv", "json", "xlsx", "pdf"]
EARLIEST = date(1990, 1, 1)


def validated(
    by: Literal["association", "area", "district", "facility"],
    years: Sequence[str],
    levels: Sequence[str],
    form: Format | Literal["dhis2"],
    file: Path | None,
    mapping: Path | None,
    language: str | None,
) -> None:
    """Prints tables 1 and 2.

    Raises:
        Refusal: a year or a mapping cannot be used, or the database does not answer.
    """
    from bot.reports.validated import validated as compute

    with opened() as desk:
        wanted = fiscal_years(years, desk.settings, desk.now)
        periods = [year.period(_zone(desk)) for year in wanted]
        report = compute(desk.session, by, periods, catalogue(desk.settings), levels)
        if form == "dhis2":
            made = _values(desk, report, by, wanted, mapping)
        report = _spoken(desk, report, language)
    if form == "dhis2":
        put(made, file)
    else:
        write(report, form, file)


def _values(
    desk: Desk, report: "Report", by: str, years: "Sequence[FiscalYear]", mapping: Path | None
) -> str:
    from bot.reports import dhis2

    if mapping is None or by not in ("district", "facility") or len(years) > 1:
        raise Refusal(
            "DHIS2 takes one year by district or by facility, and a --mapping to its data elements."
        )
    try:
        values, missing = dhis2.value_set(desk.session, report, by, years[0], dhis2.wiring(mapping))
    except dhis2.MappingError as error:
        raise Refusal(str(error)) from None
    for name in missing:
        print(f"Left out, for it is no organisation unit of DHIS2: {name}", file=sys.stderr)
    try:
        return dhis2.as_json(values)
    except dhis2.MappingError as error:
        raise Refusal(str(error)) from None


def dhis2_check(file: Path) -> None:
    """Says whether a JSON file is as DHIS2 has it.

    Raises:
        Refusal: it is not; what is wrong has been printed.
    """
    from bot.reports import dhis2

    try:
        name, wrong = dhis2.looked_at(file)
    except dhis2.MappingError as error:
        raise Refusal(str(error)) from None
    for problem in wrong:
        print(problem, file=sys.stderr)
    if wrong:
        raise Refusal(f"{file.name}: these {name} are not as DHIS2 has them.")
    print(f"{file.name}: {name} as DHIS2 has them.")


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
    if form == "pdf":
        from bot.reports.pdf import as_pdf

        if file is None:
            raise Refusal("Pages go to a file: say which with -o report.pdf.")
        save(file, as_pdf([report]))
        return
    made = {"table": writing.text, "csv": writing.as_csv, "json": writing.as_json}[form](report)
    put(made, file)


def put(made: str, file: Path | None) -> None:
    """Prints a text, or writes it to a file.

    Raises:
        Refusal: the file cannot be written.
    """
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


def _spoken(desk: Desk, report: "Report", language: str | None) -> "Report":
    """A report in the language asked for, or the programme's."""
    from bot.reports.language import translated

    spoken = language or desk.settings.default_language
    return translated(report, spoken, catalogue(desk.settings))


def _zone(desk: Desk) -> ZoneInfo:
    return ZoneInfo(desk.settings.default_timezone)


def named(
    name: str,
    by: str | None,
    years: Sequence[str],
    since: datetime | None,
    until: datetime | None,
    form: Format,
    file: Path | None,
    language: str | None,
) -> None:
    """Prints one of the reports of `report list`.

    Raises:
        Refusal: it cannot be grouped like that, a year cannot be read, or the database does not
            answer.
    """
    from bot.reports.query import Wanted
    from bot.reports.registry import REPORTS

    entry = REPORTS[name]
    if by is not None and by not in entry.by:
        possible = ", ".join(entry.by) or "nothing"
        raise Refusal(f"The report {name} can be grouped by {possible}, not by {by}.")
    with opened() as desk:
        period = _period(desk, years, since, until)
        report = entry.compute(desk.session, Wanted(period, desk.now, by), catalogue(desk.settings))
        report = _spoken(desk, report, language)
    write(report, form, file)


def listed() -> None:
    """Prints the name of every report, and what it says."""
    rows = {
        "validated": "Tables 1 and 2: mentees, and how many of them are validated.",
        "matrix": "A mentor's mentees and their competencies, or one mentee's in full.",
        "pack": "A mentor's month or a district's quarter, as a workbook or pages.",
        **SAYS,
    }
    for name, says in rows.items():
        print(f"{name:16} {says}")


def matrix(
    mentor: str | None,
    mentee: str | None,
    form: Format,
    file: Path | None,
    language: str | None,
) -> None:
    """Prints a mentor's mentees and their competencies, or one mentee's in full.

    Raises:
        Refusal: neither or both are given, or nobody has this phone or external id.
    """
    from sqlalchemy import select

    from bot.reports.programme import matrix as compute
    from bot.reports.programme import one_mentee
    from store.people import Person

    if (mentor is None) == (mentee is None):
        raise Refusal("Say whose: --mentor for all mentees of a mentor, or --mentee for one.")
    with opened() as desk:
        found = find(desk, mentor or mentee or "")
        competencies = catalogue(desk.settings)
        if mentee is not None:
            report = one_mentee(desk.session, found, competencies)
        else:
            theirs = select(Person).where(Person.mentor_id == found.id)
            report = compute(desk.session, desk.session.scalars(theirs), competencies)
        report = _spoken(desk, report, language)
    write(report, form, file)


def pack(
    mentor: str | None,
    district: str | None,
    month: str | None,
    quarter: str | None,
    file: Path,
    language: str | None,
) -> None:
    """Writes a mentor's month or a district's quarter: a workbook, or pages (``.pdf``).

    Raises:
        Refusal: it is not clear whose or when, or nobody has this phone or external id.
    """
    from sqlalchemy import select

    from bot.reports import fiscal, packs, pdf, writing
    from store.people import Facility

    if (mentor is None) == (district is None):
        raise Refusal("Say whose: --mentor with --month, or --district with --quarter.")
    if (month if mentor else quarter) is None:
        raise Refusal("Say when: --month 2026-02 for a mentor, --quarter 2026-Q1 for a district.")
    with opened() as desk:
        competencies, zone = catalogue(desk.settings), _zone(desk)
        spoken = language or desk.settings.default_language
        if mentor is not None:
            found = find(desk, mentor)
            span = fiscal.month(month or "", zone)
            if span is None:
                raise Refusal(f"{month} is not a month such as 2026-02.")
            made = packs.mentors_month(desk.session, found, span, desk.now, competencies, spoken)
        else:
            known = select(Facility.id).where(Facility.district == district).limit(1)
            if desk.session.scalar(known) is None:
                raise Refusal(f"No facility is in a district called {district}.")
            span = fiscal.quarter(quarter or "", zone)
            if span is None:
                raise Refusal(f"{quarter} is not a quarter such as 2026-Q1.")
            made = packs.districts_quarter(
                desk.session, district or "", span, desk.now, competencies, spoken
            )
    pages = file.suffix.lower() == ".pdf"
    save(file, pdf.as_pdf(made.reports, made.heading) if pages else writing.as_xlsx(made.reports))


def find(desk: Desk, who: str) -> "Person":
    """The person with this phone number or external id.

    Raises:
        Refusal: there is none.
    """
    from bot.people import called

    for person in called(desk.session, who, desk.settings.default_region):
        return person
    raise Refusal(f"Nobody has the phone number or external id {who}.")


def _period(
    desk: Desk, years: Sequence[str], since: datetime | None, until: datetime | None
) -> "Period":
    """From one day to another, both included; or the fiscal year.

    Raises:
        Refusal: both are given, or the days are the wrong way round.
    """
    from bot.reports.fiscal import Period

    zone = _zone(desk)
    if since is None and until is None:
        wanted = fiscal_years(years, desk.settings, desk.now)
        if len(wanted) > 1:
            raise Refusal("This report is about one year: give --fy once.")
        return wanted[0].period(zone)
    if years:
        raise Refusal("Give --fy, or --since and --until, not both.")
    first = datetime.combine(since.date() if since else EARLIEST, time(), zone)
    last = datetime.combine(until.date() if until else desk.today, time(), zone)
    if first > last:
        raise Refusal("--since is after --until.")
    label = f"{first.date()} to {last.date()}"
    return Period(label, first, last + timedelta(days=1))
