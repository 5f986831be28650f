"""`./mentorline certificate …`: a certificate as PDF, and whether a number is genuine."""

from collections.abc import Callable
from pathlib import Path

from rich.console import Console

from bot.mentoring import certificates, standings
from bot.reports.certificate import page, spelt
from cli.campaign_desk import opened
from cli.errors import Refusal
from cli.records import person_of
from cli.reports import catalogue, save

MOST_NAMED = 3


def certificate(who: str | None, file: Path | None) -> None:
    """Writes the certificate of a mentee; the first time, it gets its number now.

    Raises:
        Refusal: it is not said whose or where to, nobody has this phone or external id, or the
            mentee is not fully validated.
    """
    if who is None or file is None:
        raise Refusal(
            "Say whose and where to: ./mentorline certificate +250788000101 -o certificate.pdf."
        )
    with opened() as desk:
        person = person_of(desk.session, who, desk.settings)
        known = catalogue(desk.settings)
        found = standings.of(desk.session, person, known)
        row = certificates.issue(desk.session, person, found, known, desk.now)
        if row is None:
            raise Refusal(_why_not(found, known.title))
        made = page(
            row,
            programme=desk.settings.programme_name,
            language=person.language,
            timezone=person.timezone,
        )
    save(file, made)


def _why_not(found: standings.Standings, title: Callable[[str], str]) -> str:
    if not found.required:
        return "No competency is required of this cadre, so nobody of it is fully validated."
    missing = [title(name) for name in found.missing]
    named = ", ".join(missing[:MOST_NAMED])
    more = f" and {len(missing) - MOST_NAMED} more" if len(missing) > MOST_NAMED else ""
    return (
        f"Not fully validated yet: {len(missing)} of {len(found.required)} competencies are"
        f" missing ({named}{more})."
    )


def check(number: str) -> None:
    """Prints what a certificate with this number says.

    Raises:
        Refusal: there is none.
    """
    with opened() as desk:
        row = certificates.numbered(desk.session, number)
        if row is None:
            raise Refusal(f"No certificate has the number {number}.")
        where = f", {row.facility}" if row.facility else ""
        Console(width=170).print(
            f"{spelt(row.number)}: {row.name or 'no name'}, {row.cadre}{where}, issued on"
            f" {row.issued_at.date()} for {len(row.entries)} competencies.",
            markup=False,
            highlight=False,
        )
