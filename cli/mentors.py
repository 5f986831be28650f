"""`./mentorline mentors …`: who is on duty when, and how much each carries."""

from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

import typer

if TYPE_CHECKING:
    from cli.campaign_desk import Desk
    from store.people import Person

mentors = typer.Typer(no_args_is_help=True, help="Mentors: duty hours, leave, open cases.")
Who = Annotated[str, typer.Argument(metavar="PHONE|EXTERNAL_ID")]


@mentors.command("list")
def list_() -> None:
    """Every mentor: hours, leave, open cases and the most of them."""
    from bot import people
    from bot.mentoring import candidates, dues, duty
    from cli.campaign_desk import opened

    with opened() as desk:
        service = dues.service(desk.session)
        everybody = candidates.mentors(desk.session)
        known = candidates.candidates(desk.session, everybody, service, desk.now)
        if not everybody:
            print("No mentors.")
        for mentor, candidate in zip(everybody, known, strict=True):
            here = ZoneInfo(mentor.timezone)
            if not candidate.reachable:
                state = "cannot be reached"
            elif candidate.is_away(desk.now):
                end = candidate.away_until
                state = f"on leave until {end.astimezone(here):%Y-%m-%d}" if end else "on leave"
            else:
                state = "on duty" if duty.is_on(desk.now, candidate.calendar) else "off duty"
            hours = duty.show(candidate.calendar.hours) + ("" if mentor.duty else " (programme's)")
            carries = f"{candidate.open_cases} of {candidate.most_open} open"
            print(f"{people.display_name(mentor, 'no name')}: {state}; {carries}; {hours}")


@mentors.command("hours")
def hours(
    who: Who,
    week: Annotated[
        str | None, typer.Argument(metavar="HOURS", help='Such as "mon-fri 08:00-17:00".')
    ] = None,
) -> None:
    """See or set a mentor's duty hours, in the mentor's own time; "programme": the programme's."""
    from bot.mentoring import dues, duty
    from cli.campaign_desk import opened
    from cli.errors import Refusal

    with opened() as desk:
        mentor = _mentor(desk, who)
        if week is not None:
            try:
                found = None if week.strip().lower() == "programme" else duty.read(week)
            except ValueError as error:
                raise Refusal(f"These hours cannot be read: {error}.") from None
            mentor.duty = {} if found is None else duty.to_json(found)
            dues.bring_waiting(desk.session, desk.now)
        own = duty.from_json(mentor.duty)
        shown = duty.show(own or dues.service(desk.session).hours)
        print(f"{shown} ({mentor.timezone}{'' if own else ', as the programme'})")


@mentors.command("away")
def away(
    who: Who,
    until: Annotated[
        str | None, typer.Argument(metavar="UNTIL", help='Such as "3 days", "until Monday".')
    ] = None,
) -> None:
    """Put a mentor on leave; the open cases find others."""
    from bot.mentoring import leave
    from bot.mentoring import until as words
    from cli.campaign_desk import opened
    from cli.errors import Refusal

    with opened() as desk:
        mentor = _mentor(desk, who)
        end = words.ends(until, desk.now, mentor.timezone) if until else None
        if until and end is None:
            raise Refusal(f"{until!r} is no end of a leave; write 3 days, or until Monday.")
        leave.begin(desk.session, mentor, end, desk.now)
        until_when = (
            "until somebody ends it"
            if end is None
            else f"until {end.astimezone(ZoneInfo(mentor.timezone)):%Y-%m-%d %H:%M}"
        )
        print(f"On leave {until_when}.")


@mentors.command("back")
def back(who: Who) -> None:
    """End a mentor's leave; what waits for somebody is looked at now."""
    from bot.mentoring import leave
    from cli.campaign_desk import opened

    with opened() as desk:
        leave.finish(desk.session, _mentor(desk, who), desk.now)
        print("Back: new cases can come.")


def _mentor(desk: "Desk", who: str) -> "Person":
    from cli.errors import Refusal
    from cli.progress import person_called
    from store.people import Person

    found = person_called(desk.session, who, desk.settings)
    if not found.is_mentor:
        raise Refusal(f"{who} is not a mentor.")
    return desk.session.get_one(
        Person,
        found.id,
        with_for_update={"of": Person, "key_share": True},
        populate_existing=True,
    )
