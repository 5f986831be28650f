"""Somebody writes from a number of which it is not certain any more whose it is.

Questions and emergencies are answered as ever. Before anything of the past is shown they say who
they are, in words (``bot.mentoring.recognising``).
"""

from __future__ import annotations

from typing import Any

from bot import consent, outbox, words
from bot.conversation import FREE_QUESTIONS
from bot.mentoring import numbers, offices
from bot.mentoring.recognising import Reads, reads
from bot.people import bare_name
from bot.texts import text
from bot.turn import Turn
from store import queue
from store.messages import Inbound

PENDING = "who"
TRIES = 2
NOT_CONFIRMED = "not_confirmed"


def awaited(turn: Turn) -> dict[str, Any] | None:
    """What we asked since it is not certain who this is."""
    pending = turn.person.pending or {}
    return dict(pending) if pending.get("kind") in FREE_QUESTIONS else None


def ask(turn: Turn) -> None:
    """Ask who it is; what they wanted comes after that."""
    person = turn.person
    known = bool(bare_name(person) or person.facility)
    if turn.address.doubt == NOT_CONFIRMED or not known:
        _not_confirmed(turn)
        return
    before = person.pending if (person.pending or {}).get("kind") != PENDING else None
    person.pending = {"kind": PENDING, "tries": 0, "before": before, "inbound": turn.inbound.id}
    turn.reply("who_are_you")


def answer(turn: Turn, asked: dict[str, Any]) -> str | None:
    """Take the answer; a text to give back is a question for the dialogue."""
    if words.is_newcomer(turn.text):
        _somebody_else(turn)
        return None
    person = turn.person
    facility = person.facility.name if person.facility else ""
    match reads(turn.text, bare_name(person), facility):
        case Reads.OTHER:
            return turn.text
        case Reads.FITS:
            _recognised(turn, asked)
        case Reads.NO if asked["tries"] + 1 < TRIES:
            person.pending = {**asked, "tries": asked["tries"] + 1}
            turn.reply("who_again")
        case Reads.NO:
            person.pending = asked["before"]
            for one in numbers.together(person, turn.address):
                one.doubt = NOT_CONFIRMED
            _not_confirmed(turn)
    return None


def _recognised(turn: Turn, asked: dict[str, Any]) -> None:
    """It is the same person: what waited goes out, and what they asked for is done."""
    turn.person.pending = asked["before"]
    numbers.vouch(turn.session, numbers.together(turn.person, turn.address))
    turn.reply("who_welcome")
    outbox.release_held(turn.session, turn.address, turn.now)
    wanted = turn.session.get_one(Inbound, asked["inbound"])
    wanted.state, wanted.done_at = "received", None
    queue.defer(
        turn.session,
        queue.RECEIVE,
        lock=queue.person_lock(turn.person.id),
        inbound_id=wanted.id,
    )


def _somebody_else(turn: Turn) -> None:
    """The number has changed hands: a person of its own, who is asked for consent."""
    turn.person.pending = None
    phone = numbers.together(turn.person, turn.address)
    new = numbers.give_up(turn.session, turn.person, phone, turn.now, turn.settings)
    _alert(turn, "number_changed_hands")
    theirs = Turn(turn.session, new, turn.address, turn.inbound, turn.form, turn.now, turn.settings)
    consent.ask_or_take(theirs)
    queue.defer_send(turn.session, new.id)


def _not_confirmed(turn: Turn) -> None:
    turn.reply("who_not_confirmed")
    _alert(turn, "number_not_confirmed")


def _alert(turn: Turn, key: str) -> None:
    """Tell the coordinators, by name and never by number; once a doubt."""
    person = turn.person
    since = turn.address.doubted_at or turn.now
    district = person.facility.district if person.facility else ""
    for coordinator in offices.coordinators(turn.session, district):
        name = bare_name(person) or text("somebody", coordinator.language)
        place = f" ({person.facility.name})" if person.facility else ""
        outbox.say(
            turn.session,
            coordinator,
            text(key, coordinator.language, name=name, place=place),
            key=f"{key}:{person.id}:{since.isoformat()}:{coordinator.id}",
            now=turn.now,
            kind="alert",
            template=outbox.Template("office_note"),
        )
