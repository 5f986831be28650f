"""STOP, START, HELP, and the question everybody is asked first."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from bot import people, walks, words
from bot.mentoring import assigning
from bot.text.fold import fold
from bot.turn import Turn
from store import queue
from store.messages import Inbound
from store.people import Person


def stop(turn: Turn) -> None:
    """Honour STOP and confirm it once, unless Twilio has confirmed it (``OptOutType``)."""
    # The webhook itself may have stopped the person, for this very message.
    already = turn.person.stopped_at not in (None, turn.inbound.received_at)
    _let_go(turn.session, turn.person, turn.now)
    if not already and not _answered_by_provider(turn):
        turn.reply(
            "stop_confirmation", kind="stop_confirmation", programme=turn.settings.programme_name
        )


def _let_go(session: Session, person: Person, now: datetime) -> None:
    """Nothing more goes to them, and nobody waits for them."""
    people.stop(person, now)
    assigning.hand_back(session, person, now)
    walks.put_aside(session, person)
    person.pending = None


def withdraw(session: Session, person: Person, now: datetime) -> bool:
    """Record that somebody said no to messages, in whatever way they said it.

    Only they themselves can take it back, by texting START.

    Args:
        now: aware.

    Returns:
        ``False``: they had said no already.
    """
    person = session.get_one(
        Person, person.id, with_for_update={"of": Person, "key_share": True}, populate_existing=True
    )
    if person.consent == "no" and person.stopped_at is not None:
        return False
    people.give_consent(person, False, now)
    _let_go(session, person, now)
    return True


def start(turn: Turn) -> None:
    """Undo STOP; somebody who was never asked for consent is asked now."""
    stopped = turn.person.stopped_at
    if stopped is not None and stopped > turn.inbound.received_at:
        return  # a later STOP was faster
    people.start(turn.person, turn.address, turn.now)
    if turn.person.consent != "yes":
        _ask(turn, "welcome", held=[])
    elif not _answered_by_provider(turn):
        turn.reply("start_confirmation")


def help_(turn: Turn) -> None:
    """Say what this is."""
    if not _answered_by_provider(turn):
        turn.reply("help", programme=turn.settings.programme_name)


def ask_or_take(turn: Turn) -> None:
    """Ask for consent and language in one question, or take the answer to it.

    What people write before they have answered is kept and handled right after.
    """
    pending = turn.person.pending or {}
    held = list(pending.get("held", [])) if pending.get("kind") == "consent" else []
    if pending.get("kind") == "consent":
        number, yes = words.number(turn.text), words.affirmation(turn.text)
        language = words.language_name(turn.text)
        if number in (1, 2) or yes or language in people.UI_LANGUAGES:
            french = number == 2 or fold(turn.text) == "oui" or language == "fr"
            english = number == 1 or fold(turn.text) in ("yes", "y") or language == "en"
            _agreed(turn, "fr" if french else "en" if english else turn.person.language, held)
            return
        if number == 3 or yes is False:
            people.give_consent(turn.person, False, turn.now)
            people.stop(turn.person, turn.now)
            turn.person.pending = None
            turn.reply("consent_no", kind="stop_confirmation")
            return
    _ask(turn, "consent_again" if held else "welcome", [*held, turn.inbound.id])


def _agreed(turn: Turn, language: str, held: list[int]) -> None:
    people.give_consent(turn.person, True, turn.now)
    turn.person.language = language
    turn.person.pending = None
    worth = [
        waiting
        for waiting in (turn.session.get(Inbound, id) for id in held)
        if waiting is not None and (_is_question(waiting.body) or _has_media(waiting))
    ]
    turn.reply("consent_yes_held" if worth else "consent_yes")
    for waiting in worth:
        waiting.state, waiting.done_at = "received", None
        queue.defer(
            turn.session,
            queue.RECEIVE,
            lock=queue.person_lock(turn.person.id),
            inbound_id=waiting.id,
        )


def _is_question(body: str) -> bool:
    folded = fold(body)
    return bool(folded) and folded != "start" and not words.is_greeting(body)


def _has_media(waiting: Inbound) -> bool:
    form = dict(map(tuple, waiting.form))
    return form.get("NumMedia", "0") not in ("", "0") or "Latitude" in form


def _ask(turn: Turn, key: str, held: list[int]) -> None:
    turn.person.consent = "asked" if turn.person.consent == "unknown" else turn.person.consent
    turn.person.pending = {"kind": "consent", "held": held[-20:]}
    turn.reply(key, menu="consent", programme=turn.settings.programme_name)


def ask_after_emergency(turn: Turn) -> None:
    """Ask for consent once the referral text is out."""
    pending = turn.person.pending or {}
    if pending.get("kind") != "consent":
        _ask(turn, "welcome", held=[])


def _answered_by_provider(turn: Turn) -> bool:
    return bool(turn.form.get("OptOutType"))
