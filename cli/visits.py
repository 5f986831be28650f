"""`./mentorline visits …`: plan a visit to a facility, see who comes, move it, call it off."""

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any
from zoneinfo import ZoneInfo

import typer

if TYPE_CHECKING:
    from cli.campaign_desk import Desk
    from store.people import Facility, Person
    from store.visits import Visit

visits = typer.Typer(no_args_is_help=True, help="Visits of mentors to facilities.")
Number = Annotated[int, typer.Argument(metavar="NUMBER", min=1, help="The visit's number.")]
At = Annotated[
    str, typer.Option("--at", metavar="MOMENT", help="In the mentor's own time: 2026-12-12 09:00.")
]
MaybeAt = Annotated[str | None, typer.Option("--at", metavar="MOMENT", help="Another moment.")]
Days = Annotated[int, typer.Option("--days", min=1, max=14, help="For so many days.")]
MaybeDays = Annotated[int | None, typer.Option("--days", min=1, max=14)]
Topics = Annotated[list[str] | None, typer.Option("--topic", help="Such as pph; may be repeated.")]
Who = "PHONE|EXTERNAL_ID"
Day = Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], metavar="DATE")]


@visits.command("plan")
def plan(
    mentor: Annotated[str, typer.Option("--mentor", metavar=Who)],
    facility: Annotated[str, typer.Option("--facility", help="Its name.")],
    at: At,
    days: Days = 1,
    topic: Topics = None,
    mentee: Annotated[
        list[str] | None,
        typer.Option("--mentee", metavar=Who, help="Only these; may be repeated."),
    ] = None,
) -> None:
    """Plan a visit: mentees and leaders of the facility are told, and asked whether it suits."""
    from bot.mentoring import visits as services
    from cli.campaign_desk import opened
    from cli.errors import Refusal
    from cli.records import person_of

    with opened() as desk:
        who = person_of(desk.session, mentor, desk.settings)
        if not who.is_mentor:
            raise Refusal(f"{mentor!r} is not a mentor.")
        place = _facility(desk, facility)
        chosen = None
        if mentee:
            chosen = [person_of(desk.session, one, desk.settings).id for one in mentee]
            known = {person.id for person, _ in services.guests(desk.session, who, place)}
            for phone, one in zip(mentee, chosen, strict=True):
                if one not in known:
                    raise Refusal(f"{phone!r} does not work at {place.name}.")
        moment = _moment(at, who)
        with _said():
            visit = services.plan(
                desk.session,
                who,
                place,
                moment,
                now=desk.now,
                source="command",
                days=days,
                topics=topic or (),
                mentees=chosen,
            )
        _say(desk, visit, "is planned")


@visits.command("list")
def list_(
    mentor: Annotated[str | None, typer.Option("--mentor", metavar=Who)] = None,
    since: Day = None,
    until: Day = None,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """Visits, the earliest first. Without days: those to come and those of the last 30 days."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from bot.mentoring import visit_overview
    from cli.campaign_desk import opened
    from cli.records import person_of

    with opened() as desk:
        who = person_of(desk.session, mentor, desk.settings) if mentor else None
        found = visit_overview.listed(
            desk.session,
            desk.now,
            desk.settings.default_timezone,
            mentor=who,
            since=since and since.date(),
            until=until and until.date(),
        )
    if as_json:
        print(json.dumps(found, ensure_ascii=False, indent=2))
        return
    if not found:
        print("No visits.")
        return
    table = Table("No.", "When", "Days", "Facility", "Mentor", "Topics", "State", "Yes", "No", "?")
    for row in found:
        table.add_row(
            str(row["number"]),
            row["starts"][:16].replace("T", " "),
            str(row["days"]),
            Text(row["facility"]),
            Text(row["mentor"]),
            Text(", ".join(row["topics"]) or "-"),
            row["state"],
            str(row["yes"]),
            str(row["no"]),
            str(row["silent"]),
        )
    Console(width=150).print(table)


@visits.command("show")
def show(
    number: Number, as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False
) -> None:
    """One visit: who was told and answered what, what is due, and how it was."""
    from bot.mentoring import visit_overview
    from cli.campaign_desk import opened

    with opened() as desk:
        visit = _visit(desk, number)
        found = visit_overview.record_of(desk.session, visit, desk.settings.default_timezone)
    if as_json:
        print(json.dumps(found, ensure_ascii=False, indent=2))
        return
    days = "" if found["days"] == 1 else f", {found['days']} days"
    print(f"Visit {found['number']}: {found['mentor']} to {found['facility']}, {found['state']}")
    print(f"  {found['starts'][:16].replace('T', ' ')}{days}")
    if found["topics"]:
        print(f"  topics: {', '.join(found['topics'])}")
    if found["reason"]:
        print(f"  because: {found['reason']}")
    for person in found["people"]:
        seen = {True: ", seen", False: ", not seen", None: ""}[person["seen"]]
        print(f"  {person['part']} {person['name']}: {person['coming']}{seen}")
    for name, value in found["debrief"].items():
        print(f"  {name}: {value}")
    for due in found["dues"]:
        print(f"  {due['at'][:16].replace('T', ' ')} {due['kind']}: {due['outcome']}")


@visits.command("change")
def change(
    number: Number, at: MaybeAt = None, days: MaybeDays = None, topic: Topics = None
) -> None:
    """Move a visit or change its topics: everybody is told and asked again."""
    from bot.mentoring import visits as services
    from cli.campaign_desk import opened
    from cli.errors import Refusal
    from store.people import Person

    if at is None and days is None and topic is None:
        raise Refusal("Say what changes: --at, --days or --topic.")
    with opened() as desk:
        visit = services.locked(desk.session, _visit(desk, number).id)
        mentor = desk.session.get_one(Person, visit.mentor_id)
        moment = None if at is None else _moment(at, mentor)
        with _said():
            changed = services.change(
                desk.session, visit, now=desk.now, starts_at=moment, days=days, topics=topic
            )
        if changed:
            _say(desk, visit, "is moved or changed")
        else:
            print("It was like that before; nothing changed.")


@visits.command("cancel")
def cancel(
    number: Number,
    reason: Annotated[str, typer.Option("--reason", help="Kept, and not sent.")] = "",
) -> None:
    """Call a visit off: whoever has heard of it is told."""
    from bot.mentoring import visits as services
    from cli.campaign_desk import opened

    with opened() as desk:
        visit = services.locked(desk.session, _visit(desk, number).id)
        with _said():
            told = services.cancel(desk.session, visit, now=desk.now, reason=reason)
        print(f"Visit {visit.id} is called off. Told: {told}.")


class _said:
    """A refusal of the service as one sentence."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        from bot.mentoring.visits import VisitError
        from bot.texts import text
        from cli.errors import Refusal

        if isinstance(error, VisitError):
            raise Refusal(text(str(error), "en")) from None


def _say(desk: "Desk", visit: "Visit", what: str) -> None:
    from bot.mentoring import visit_telling
    from store.people import Person

    mentor = desk.session.get_one(Person, visit.mentor_id)
    told, later = visit_telling.told_by_when(desk.session, visit, desk.now)
    place = visit_telling.place(desk.session, visit)
    start = visit.starts_at.astimezone(ZoneInfo(mentor.timezone))
    print(f"Visit {visit.id} to {place} on {start:%Y-%m-%d %H:%M} {what}. Told: {told}.")
    if later:
        print(f"Told when their night is over: {later}.")
    for person in visit_telling.unreached(desk.session, visit):
        name = visit_telling.named(person, mentor)
        print(f"Not reached by text (no consent, STOP or no number): {name}.")


def _visit(desk: "Desk", number: int) -> "Visit":
    from cli.errors import Refusal
    from store.visits import Visit

    found = desk.session.get(Visit, number) if number < 2**63 else None
    if found is None:
        raise Refusal(f"There is no visit {number}.")
    return found


def _moment(given: str, mentor: "Person") -> datetime:
    from cli.errors import Refusal

    try:
        found = datetime.fromisoformat(given.strip())
    except ValueError:
        raise Refusal(f"--at {given} is not a moment such as 2026-12-12 09:00.") from None
    if len(given.strip()) <= len("2026-12-12"):
        raise Refusal(f"--at {given} has no hour: write it as 2026-12-12 09:00.")
    here: Any = found.tzinfo or ZoneInfo(mentor.timezone)
    return found.replace(tzinfo=here).astimezone(UTC)


def _facility(desk: "Desk", name: str) -> "Facility":
    from sqlalchemy import select

    from bot.mentoring import visit_rules
    from cli.errors import Refusal
    from store.people import Facility

    everything = desk.session.scalars(select(Facility)).all()
    places = [visit_rules.Place(one.id, one.name) for one in everything]
    found = visit_rules.facility(name, places)
    if not found.places or found.rest:
        raise Refusal(f"No facility is called {name!r}.")
    if len(found.places) > 1:
        several = ", ".join(
            f"{one.name} ({one.district})"
            for one in everything
            if one.id in {place.id for place in found.places}
        )
        raise Refusal(f"More than one facility is called {name!r}: {several}.")
    return desk.session.get_one(Facility, found.places[0].id)
