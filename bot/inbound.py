"""One inbound message, from the stored row to what follows from it.

``receive`` runs in one transaction under the person's lock and either settles the message or says
what to ask the dialogue; ``settle`` records what the dialogue said. No provider and no Rasa is
called here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from bot import (
    consent,
    conversation,
    danger,
    emergencies,
    menu,
    outbox,
    people,
    walking,
    walks,
    words,
)
from bot.conversation import Route, Situation
from bot.mentoring import (
    around,
    asker,
    candidates,
    desk,
    discussing,
    mentee_plans,
    overseeing,
    record,
    selfassess,
    visiting,
    who,
)
from bot.mentoring.competencies import kept
from bot.quizzes import turns
from bot.settings import Settings
from bot.turn import Turn
from store.messages import Inbound, OutboxMessage
from store.people import Person

# A Rasa turn reads the whole text; nobody asks a question longer than this.
LONGEST_QUESTION = 2000
# Buttons that mean the same under whatever message they are.
NEVER_STALE = frozenset(
    {conversation.READ, "QUIZ", "MORE", "ASK", "JOIN", "LEAVE", "DISCUSS APPROVE", "DISCUSS DROP"}
    | {"REVIEW", "VISIT YES", "VISIT NO", "DEBRIEF", "GOAL MENTOR", "GOAL LATER"}
    | {"stock:sent", "stock:arrived", "stock:no"}
)
# After these a walk that is being asked goes on; the dialogue's actions see to it themselves.
WALK_GOES_ON = frozenset(
    {Route.QUIZ, Route.PENDING, Route.COMMAND, Route.UNCLEAR, Route.EMPTY, Route.HELP}
)
# After these it waits for its word: the person talks with a human.
WALK_WAITS = frozenset({Route.CASE, Route.MEDIA, Route.CALL})
# "I am working on it" is said once in this time, however many questions wait.
LATER_AGAIN = timedelta(minutes=10)
_LETTERS = re.compile(r"[^\W\d_]{2}")
# An elliptical follow-up keeps the topic of an answer for this long.
TOPIC_LASTS = timedelta(minutes=30)


@dataclass(frozen=True)
class Settled:
    """Nothing more to do but to send what was queued."""

    person_id: int


@dataclass(frozen=True)
class AskDialogue:
    """Ask Rasa: the conversation, the text, and what its actions must know."""

    person_id: int
    inbound_id: int
    sender: str
    text: str
    metadata: dict[str, Any]


def receive(
    session: Session, inbound_id: int, now: datetime, settings: Settings
) -> Settled | AskDialogue:
    """Settle a message, or say what to ask the dialogue. Safe to repeat after a crash.

    Args:
        now: aware.
    """
    inbound = session.get_one(Inbound, inbound_id, with_for_update=True)
    if inbound.state == "done" and inbound.person_id is not None:
        return Settled(inbound.person_id)
    form = dict(map(tuple, inbound.form))
    person, address = people.resolve(
        session,
        channel=inbound.channel,
        value=inbound.sender,
        also=_second_address(form, inbound.sender),
        profile_name=form.get("ProfileName"),
        now=inbound.received_at,
        settings=settings,
    )
    # Only WhatsApp has a window to wait for.
    known = address.doubted_at is None
    released = (
        known and inbound.channel == "whatsapp" and outbox.release_held(session, address, now)
    )
    turn = Turn(session, person, address, inbound, form, now, settings)
    if inbound.state == "dialogue":  # the dialogue was down, or a process died
        if _has_spoken(inbound) or person.stopped_at is not None:
            inbound.state, inbound.done_at, inbound.retry_at = "done", now, None
            return Settled(person.id)
        return _ask(turn, turn.question_text)
    if not known:
        walks.put_aside(session, person)  # what was begun is not for whoever this is
    situation = _situation(turn, released)
    routed = conversation.route(situation)
    question = _carry_out(turn, routed)
    if question is None and routed.route in WALK_GOES_ON and not _still_asked(turn):
        walks.go_on(turn)
    elif routed.route in WALK_WAITS:
        walks.give_way(turn)
    # All of the row in one update, at the end.
    inbound.person_id, inbound.address_id = person.id, address.id
    inbound.handled_as = routed.route.value
    if question is None:
        inbound.state, inbound.done_at = "done", now
        return Settled(person.id)
    if routed.route is Route.DIALOGUE and situation.quiz is not None:
        # Perhaps an answer that could not be read: then it does not become a case.
        unread = situation.quiz.is_open and situation.quiz.reads == "unclear"
        inbound.dialogue = {**(inbound.dialogue or {}), "unread_answer": unread}
    return _ask(turn, question)


def _second_address(form: dict[str, str], sender: str) -> str | None:
    """Since 2026 a WhatsApp sender may come with a number, a user id, or both."""
    number = form.get("WaId", "")
    if number.isdigit() and 6 <= len(number) <= 15 and f"+{number}" != sender:
        return f"+{number}"
    user = form.get("ExternalUserId", "").strip()
    return user if user and user != sender and len(user) <= 200 else None


def _situation(turn: Turn, released: bool) -> Situation:
    person, session, doubted = turn.person, turn.session, turn.address.doubted_at
    own_case = record.open_for_mentee(session, person, turn.now)
    if own_case is not None and doubted is not None and own_case.opened_at < doubted:
        own_case = None
    quiz = turns.situation(turn) if doubted is None else None
    awaited = who.awaited(turn) if doubted is not None else asker.awaited(turn)
    kind = (awaited or {}).get("kind")
    walk = _walk(turn) if kind == "walk" else None
    mentors = person.is_mentor and doubted is None
    as_mentor = around.of_mentor(session, person, turn.now) if mentors else []
    presses_case = person.is_mentor and turn.pressed and turn.text.startswith(desk.PRESS)
    return Situation(
        text=turn.text,
        has_media=turn.has_media,
        quotes_something=turn.quoted_sid is not None and not turn.pressed,
        pressed=turn.pressed,
        released=released,
        opt_out_type=turn.form.get("OptOutType"),
        stopped=person.stopped_at is not None,
        doubted=doubted is not None,
        consented=person.consent == "yes",
        pending=None if kind == "walk" and walk is None else kind,
        walk=walk,
        areas=kept(turn.settings.competencies_dir).area_names,
        is_mentor=person.is_mentor,
        plans_for_mentee=mentors and mentee_plans.is_meant(turn),
        is_away=candidates.is_away(person, turn.now),
        is_coordinator=overseeing.oversees(person),
        quotes_alert=overseeing.quotes_alert(turn),
        open_cases_as_mentor=sum(
            around.meant(session, person, case, turn.now).takes_words for case in as_mentor
        ),
        cases_as_mentor=len(as_mentor),
        presses_case=presses_case,
        open_case_as_mentee=own_case is not None,
        open_case_is_urgent=own_case is not None and own_case.urgent,
        addresses_own_case=_addresses_own_case(turn),
        stale_press=turn.pressed
        and turn.text not in NEVER_STALE
        and not presses_case
        and (doubted is not None or asker.pressed_rating(turn) is None)
        and not (quiz is not None and quiz.addressed)
        and not _newest_menu(turn),
        quiz=quiz,
        talk=discussing.situation(turn) if doubted is None else None,
    )


def _still_asked(turn: Turn) -> bool:
    """Whether something else than a walk waits for an answer after this turn."""
    if turns.just_asked(turn):
        return True
    awaited = asker.awaited(turn)
    return awaited is not None and awaited["kind"] != "walk"


def _walk(turn: Turn) -> walking.Asked | None:
    asked_at = turns.open_since(turn)
    return walks.situation(turn, quiz_is_open=asked_at is not None, quiz_asked_at=asked_at)


def _addresses_own_case(turn: Turn) -> bool:
    case, doubted = asker.addressed(turn), turn.address.doubted_at
    return case is not None and (doubted is None or case.opened_at >= doubted)


def _mentor_word(turn: Turn, asked: words.Command) -> str | None:
    """Carry out a mentor's word, typed or pressed."""
    if asked.name == "cases" and not turn.person.is_mentor:
        overseeing.show_waiting(turn)
        return None
    if asked.name in discussing.HOST_WORDS:
        discussing.command(turn, asked)
        return None
    if asked.name in visiting.WORDS:
        return visiting.command(turn, asked)
    if asked.name == conversation.MENTEE_PLAN:
        mentee_plans.command(turn)
        return None
    return desk.command(turn, asked, expecting=_expects(turn))


def _expects(turn: Turn) -> bool:
    """Whether something else that we asked a mentor still waits for an answer."""
    if asker.awaited(turn) is not None:
        return True
    quiz = turns.situation(turn)
    return quiz is not None and quiz.is_open and quiz.reads in ("answer", "several")


def _newest_menu(turn: Turn) -> bool:
    """Whether the button that was pressed is under the last question with buttons."""
    newest = turn.session.scalar(
        select(OutboxMessage.provider_sid)
        .where(
            OutboxMessage.person_id == turn.person.id,
            OutboxMessage.menu.is_not(None),
            OutboxMessage.provider_sid.is_not(None),
        )
        .order_by(OutboxMessage.id.desc())
        .limit(1)
    )
    return newest == turn.quoted_sid


def _has_spoken(inbound: Inbound) -> bool:
    """Whether an action has had its effect: then Rasa is not asked about this message again."""
    return bool((inbound.dialogue or {}).get("actions"))


def _carry_out(turn: Turn, routed: conversation.Routed) -> str | None:
    """Do what the route asks for; a text to give back is a question for the dialogue."""
    match routed.route:
        case Route.STOP:
            consent.stop(turn)
            discussing.stopped(turn)
        case Route.START:
            consent.start(turn)
        case Route.HELP:
            consent.help_(turn)
        case Route.CONSENT:
            consent.ask_or_take(turn)
        case Route.DANGER:
            assert routed.danger is not None
            emergencies.live(turn, routed.danger.emergency or "adult_unconscious", turn.text)
        case Route.MENTOR_COMMAND:
            assert routed.command is not None
            return _mentor_word(turn, routed.command)
        case Route.CASE_PRESS:
            word = desk.pressed(turn)
            return None if word is None else _mentor_word(turn, word)
        case Route.MENTOR_QUOTE | Route.MENTOR_TEXT:
            return desk.message(turn, expecting=_expects(turn))
        case Route.ALERT_QUOTE:
            overseeing.how_to(turn)
        case Route.INVITATION:
            discussing.invitation(turn)
        case Route.DISCUSSION:
            discussing.reply(turn)
        case Route.DISCUSSION_OR:
            discussing.which(turn)
        case Route.WALK:
            return walks.said(turn)
        case Route.QUIZ:
            return menu.quiz_answer(turn)
        case Route.PENDING:
            if turn.address.doubted_at is not None:
                return menu.pending(turn, who.awaited(turn) or {})
            return menu.pending(turn, asker.awaited(turn) or {})
        case Route.WHO:
            who.ask(turn)
        case Route.WITHDRAW:
            asker.withdraw(turn)
        case Route.CALL:
            asker.call(turn)
        case Route.COMMAND:
            assert routed.command is not None
            return menu.command(turn, routed.command)
        case Route.CASE:
            asker.add(turn)
        case Route.MEDIA:
            turn.open_case(turn.described(turn.person.language), cause="media", asked=True)
        case Route.EMPTY:
            turn.reply("empty")
        case Route.UNCLEAR:
            turn.reply("unclear")
        case Route.NEW:
            assert routed.command is not None
            return routed.command.argument
        case Route.SILENT | Route.KNOCK:
            pass
        case Route.DIALOGUE:
            return turn.text
    return None


def _ask(turn: Turn, question: str) -> AskDialogue:
    person, inbound = turn.person, turn.inbound
    inbound.state = "dialogue"
    first = {"question": question, "asked_at": turn.now.isoformat()}
    inbound.dialogue = {**first, **(inbound.dialogue or {})}
    inbound.dialogue_tries += 1
    # If this process dies now, the clock has the message received again.
    inbound.retry_at = turn.now + timedelta(seconds=30)
    metadata: dict[str, Any] = {"message_id": str(inbound.id), "language": person.language}
    if selfassess.is_turn(inbound):
        metadata["walk"] = selfassess.KIND
    if person.topic_at is not None and turn.now - person.topic_at < TOPIC_LASTS:
        metadata |= {"topic": person.topic, "card": person.topic_card}
    if inbound.dialogue_tries == 1:
        sender = people.dialogue_sender(person, turn.now)
    else:
        sender = f"p{person.id}-{person.dialogue_number}"
    assessed = danger.assess(question)
    if assessed.kind == "study" and assessed.emergency:
        metadata["study_of"] = assessed.emergency
    # A leading slash would be read as an intent, not as text.
    text = question[:LONGEST_QUESTION].lstrip("/ \n\t") or "?"
    return AskDialogue(person.id, inbound.id, sender, text, metadata)


# The usual case in one round trip: an action has spoken.
_SETTLED = text(
    "UPDATE inbound SET state = 'done', done_at = coalesce(done_at, :now), retry_at = NULL "
    "WHERE id = :id AND (state = 'done' OR dialogue ? 'actions') RETURNING id"
)


def settle(session: Session, inbound_id: int, said: list[dict[str, Any]], now: datetime) -> bool:
    """The dialogue has answered: queue its fixed responses and close the message.

    What the custom actions said is in the outbox already.

    Returns:
        ``False`` when nothing was said and no action arrived here: Rasa answers 200 even when it
        could not call its actions, and the person would be left without a word.
    """
    if not said:
        return session.execute(_SETTLED, {"id": inbound_id, "now": now}).first() is not None
    inbound = session.get_one(Inbound, inbound_id, with_for_update=True)
    if inbound.state == "done":
        return True
    assert inbound.person_id is not None
    person = session.get_one(Person, inbound.person_id)
    for number, response in enumerate(said):
        if response.get("text"):
            outbox.say(
                session,
                person,
                str(response["text"]),
                key=f"in:{inbound.id}:said:{number}",
                now=now,
                address_id=inbound.address_id,
                inbound_id=inbound.id,
                wake=False,
            )
    inbound.state, inbound.done_at, inbound.retry_at = "done", now, None
    return True


def postpone(session: Session, inbound_id: int, now: datetime, settings: Settings) -> None:
    """The dialogue is down: wait and try again, and after a limit ask a mentor.

    The person is told once that the question is not lost. A turn of the self-assessment does not
    wait: it is carried out without the form.
    """
    inbound = session.get_one(Inbound, inbound_id, with_for_update=True)
    if inbound.state == "done":
        return
    assert inbound.person_id is not None
    person = session.get_one(
        Person, inbound.person_id, with_for_update={"of": Person, "key_share": True}
    )
    if _has_spoken(inbound) or person.stopped_at is not None:
        inbound.state, inbound.done_at, inbound.retry_at = "done", now, None
        return
    turn = Turn.of(session, person, inbound, now, settings)
    if selfassess.is_turn(inbound):
        # The form would only have led what can go on without it.
        selfassess.step(turn)
        inbound.state, inbound.done_at, inbound.retry_at = "done", now, None
        return
    unread = bool((inbound.dialogue or {}).get("unread_answer"))
    if unread and danger.assess(turn.question_text).emergency is None:
        # Said once; should the library know the words after all, its answer still comes.
        turns.ask_again(turn)
    else:
        unread = False
    # From when it was asked first: it may have waited for consent before.
    since = datetime.fromisoformat((inbound.dialogue or {})["asked_at"])
    if (now - since).total_seconds() >= settings.question_patience:
        if not unread and not _LETTERS.search(turn.question_text):
            turn.reply("unclear")  # a stray number is nothing that a mentor could answer
        elif not unread:
            turn.open_case(turn.question_text, cause="dialogue_down")
        inbound.state, inbound.done_at, inbound.retry_at = "done", now, None
        return
    inbound.retry_at = now + timedelta(seconds=min(30, 2**inbound.dialogue_tries))
    if inbound.dialogue_tries >= 2 and not unread and not _said_later(turn):
        turn.reply("later")


def _said_later(turn: Turn) -> bool:
    """Whether somebody has just heard, of an earlier question, that it waits."""
    said = select(OutboxMessage.id).where(
        OutboxMessage.person_id == turn.person.id,
        OutboxMessage.dedupe_key.like("in:%:later"),
        OutboxMessage.created_at > turn.now - LATER_AGAIN,
    )
    return turn.session.scalar(said.limit(1)) is not None
