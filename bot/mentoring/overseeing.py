"""A coordinator's phone: which cases wait, and what to do about one that was alerted about."""

from __future__ import annotations

from sqlalchemy import select

from bot.mentoring import assigning, record, telling
from bot.texts import text
from bot.turn import Turn
from store.cases import Case
from store.people import Facility, Person

ROLE = "coordinator"
MOST_LISTED = 8


def oversees(person: Person) -> bool:
    """Whether somebody is a coordinator."""
    return ROLE in person.roles


def quotes_alert(turn: Turn) -> bool:
    """Whether a coordinator quotes a message about a case in which they do not ask themselves."""
    if turn.quoted_sid is None or turn.pressed or not oversees(turn.person):
        return False
    case = record.by_quoted(turn.session, turn.person, turn.quoted_sid)
    return case is not None and case.mentee_id != turn.person.id


def how_to(turn: Turn) -> None:
    """Words under an alert go to nobody: the coordinator hears how a case is answered or given."""
    assert turn.quoted_sid is not None
    case = record.by_quoted(turn.session, turn.person, turn.quoted_sid)
    assert case is not None
    turn.reply("coordinator_how", code=case.code)


def show_waiting(turn: Turn) -> None:
    """CASES of a coordinator: what waits for an answer in the district, the longest first."""
    language = turn.person.language
    query = (
        select(Case, Person)
        .join(Person, Person.id == Case.mentee_id)
        .outerjoin(Facility, Facility.id == Person.facility_id)
        .where(Case.state == "open")
        .order_by(Case.urgent.desc(), Case.waiting_since, Case.id)
    )
    facility = turn.person.facility
    if facility is not None and facility.district:
        query = query.where(Facility.district == facility.district)
    waiting = turn.session.execute(query).all()
    if not waiting:
        turn.reply("coordinator_none_waits")
        return
    lines = [text("coordinator_waiting", language)]
    for case, mentee in waiting[:MOST_LISTED]:
        asked = assigning.active(turn.session, case, turn.now)
        since = case.waiting_since or case.opened_at
        lines.append(
            text(
                "coordinator_waits",
                language,
                urgent=text("urgent_mark", language) if case.urgent else "",
                code=case.code,
                name=record.short_name(mentee, turn.person),
                mentor=telling.names(asked, turn.person) if asked else text("nobody", language),
                since=telling.when(since, turn.now, turn.person),
            )
        )
    if len(waiting) > MOST_LISTED:
        lines.append(f"+{len(waiting) - MOST_LISTED}")
    turn.reply_text("\n".join(lines), label="cases")
