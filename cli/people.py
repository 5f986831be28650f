"""`./mentorline people …`: who moves, changes the number, or was recorded twice."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from bot.settings import Settings
    from cli.campaign_desk import Desk
    from store.people import Facility, Person

people = typer.Typer(
    no_args_is_help=True, help="People who move, change their number, or were recorded twice."
)
Who = Annotated[str, typer.Argument(metavar="PHONE|EXTERNAL_ID")]


@people.command("transfer")
def transfer(
    who: Who,
    to: Annotated[str, typer.Option("--to", help='Such as "Kabarondo HC (Kayonza)".')],
    on: Annotated[
        datetime | None,
        typer.Option("--on", formats=["%Y-%m-%d"], metavar="DATE", help="The first day there."),
    ] = None,
) -> None:
    """Let somebody work at another facility; what was stays where it was made."""
    from zoneinfo import ZoneInfo

    from bot.mentoring import stays
    from cli.campaign_desk import opened
    from cli.errors import Refusal

    with opened() as desk:
        person, place = _one(desk, who), _facility(desk, to)
        moment = stays.begins(person, on.date() if on else None, desk.now)
        try:
            holds = stays.transfer(desk.session, person, place, moment, desk.now)
        except stays.StayError as error:
            raise Refusal(str(error)) from None
        day = f"{moment.astimezone(ZoneInfo(person.timezone)):%Y-%m-%d}"
        print(f"{_named(person)} works at {place.name} " + (f"since {day}." if holds else
              f"from {day} on; until then as before."))  # fmt: skip


@people.command("number")
def number(
    who: Annotated[str, typer.Argument(metavar="PHONE")],
    new: Annotated[str, typer.Argument(metavar="NEWPHONE")],
) -> None:
    """Somebody has another number; the history, cases and campaigns go on there."""
    from bot.mentoring import numbers
    from cli.campaign_desk import opened
    from cli.errors import Refusal

    with opened() as desk:
        old, other = _number(who, desk.settings), _number(new, desk.settings)
        person = _one(desk, old)
        try:
            numbers.change(desk.session, person, old, other, desk.now)
        except numbers.NumberError as error:
            raise Refusal(str(error)) from None
        print(f"{_named(person)} has the number {other} now.")


@people.command("merge")
def merge(
    kept: Annotated[str, typer.Argument(metavar="A")],
    gone: Annotated[str, typer.Argument(metavar="B")],
    check: Annotated[bool, typer.Option("--check", help="Only say what would be done.")] = False,
) -> None:
    """Two records of one person become one: all of B goes to A, and a STOP of either holds."""
    from bot.mentoring import merging
    from cli.campaign_desk import opened
    from cli.errors import Refusal

    with opened() as desk:
        one, other = _one(desk, kept), _one(desk, gone)
        names = _named(one), _named(other)
        try:
            work = merging.merge(desk.session, one, other, desk.now)
        except merging.MergeError as error:
            raise Refusal(str(error)) from None
        rows = sum(work.moved.values())
        if check:
            desk.session.rollback()
        done = "would go" if check else "went"
        print(f"{rows} records of {names[1]} {done} to {names[0]}.")
        for table, count in sorted(work.moved.items()):
            print(f"  {table}: {count}")


@people.command("vouch")
def vouch(who: Who) -> None:
    """It is the same person as before at this number; what was may be shown there again."""
    from bot.mentoring import numbers
    from cli.campaign_desk import opened

    with opened() as desk:
        person = _one(desk, who)
        doubted = numbers.vouch_for(desk.session, person)
        said = "may see what was again." if doubted else "was not in doubt."
        print(f"{_named(person)} {said}")


@people.command("release")
def release(who: Annotated[str, typer.Argument(metavar="PHONE")]) -> None:
    """A number is somebody else's now; the person keeps the history, and has it no more."""
    from bot.mentoring import numbers
    from cli.campaign_desk import opened

    with opened() as desk:
        phone = _number(who, desk.settings)
        person = _one(desk, phone)
        numbers.release(desk.session, person, phone, desk.now, desk.settings)
        print(f"{phone} is nobody's whom we know; {_named(person)} keeps all that was.")


def _named(person: "Person") -> str:
    from bot.people import display_name

    return display_name(person, person.external_id or f"person {person.id}")


def _number(given: str, current: "Settings") -> str:
    from bot.people import e164
    from cli.errors import Refusal

    found = e164(given, current.default_region)
    if found is None:
        raise Refusal(f"{given} is not a phone number.")
    return found


def _one(desk: "Desk", who: str) -> "Person":
    from cli.progress import person_called

    return person_called(desk.session, who, desk.settings)


def _facility(desk: "Desk", named: str) -> "Facility":
    from bot.mentoring import places
    from cli.errors import Refusal

    try:
        return places.one(desk.session, named)
    except places.PlaceError as error:
        raise Refusal(str(error)) from None
