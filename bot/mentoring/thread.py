"""A case as its mentor reads it again: the whole thread, its photos, and what else can be done."""

from __future__ import annotations

from sqlalchemy import select

from bot.mentoring import record
from bot.texts import text
from bot.turn import Turn
from store.cases import Case, CaseEvent
from store.messages import Inbound
from store.people import Person

SPOKEN = ("opened", "detail_added", "answered")
# Longer threads lose their beginning, not their end.
LONGEST = 2400
MOST_MEDIA = 5
MORE_MENU = "case_more"


def show(turn: Turn, case: Case) -> None:
    """All that was said in a case, in order."""
    language = turn.person.language
    said = turn.session.execute(
        select(CaseEvent, Person)
        .join(Person, Person.id == CaseEvent.person_id)
        .where(CaseEvent.case_id == case.id, CaseEvent.kind.in_(SPOKEN))
        .order_by(CaseEvent.id)
    ).all()
    lines: list[str] = []
    for event, person in said:
        mine = person.id == turn.person.id
        name = text("you", language) if mine else record.short_name(person, turn.person)
        lines.append(f"{name}: {event.text}")
    while len("\n".join(lines)) > LONGEST and len(lines) > 1:
        lines.pop(0)
    mentee = turn.session.get_one(Person, case.mentee_id)
    head = text("thread_head", language, code=case.code, mentee=_name(mentee, turn))
    turn.reply_text("\n".join([head, *lines]), label="thread", case_id=case.id)


def show_media(turn: Turn, case: Case) -> None:
    """The photos and voice notes of a case's mentee once more, the newest last."""
    found = turn.session.scalars(
        select(Inbound)
        .join(CaseEvent, CaseEvent.inbound_id == Inbound.id)
        .where(CaseEvent.case_id == case.id, CaseEvent.person_id == case.mentee_id)
        .order_by(CaseEvent.id)
    )
    links: list[tuple[str, str]] = []
    for inbound in found:
        of = Turn.of(turn.session, turn.person, inbound, turn.now, turn.settings)
        links += [(f"{inbound.id}:{number}", link) for number, link in enumerate(of.media_links)]
    if not links:
        turn.reply("thread_no_media", code=case.code)
    for name, link in links[-MOST_MEDIA:]:
        turn.reply_text(
            text("thread_media", turn.person.language, code=case.code),
            label=f"media:{name}",
            case_id=case.id,
            media_url=link,
        )


def show_more(turn: Turn, case: Case) -> None:
    """What else can be done with a case: a list, each row with the words that do the same."""
    mentee = turn.session.get_one(Person, case.mentee_id)
    turn.reply(
        "case_more", menu=MORE_MENU, case_id=case.id, code=case.code, mentee=_name(mentee, turn)
    )


def _name(mentee: Person, turn: Turn) -> str:
    return record.shown_name(mentee, turn.person)
