"""A mentee's side of a case: what waits for an answer, details, taking it back, CALL."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from bot import words
from bot.mentoring import cases, record, visit_telling
from bot.texts import text
from bot.turn import Turn
from store.cases import Case, CaseEvent
from store.knowledge import Question
from store.messages import OutboxMessage

RATINGS = frozenset({"rate_case", "follow_up"})
# What gives way to "did this help?" when a mentor's answer has come.
GIVES_WAY = frozenset({None, "follow_up", "happening_now"})
MOST_LISTED = 8
# After these we ask whether it helped, or how it went.
ASKS = ("answered", "followed_up")
# A mentee who quotes a closed case, or names its code, within this time goes on with it.
GOES_ON = timedelta(days=14)


def awaited(turn: Turn) -> dict[str, Any] | None:
    """What we asked this person and waits for an answer, as ``{"kind": …}`` and its details.

    That an answer waits to be rated is read from the messages and not written to the person: it
    is the mentor's job that brings the answer, and a job touches its own person's row only.
    """
    rating = pressed_rating(turn)
    if rating is not None:
        return rating
    pending = turn.person.pending
    if pending is not None and pending.get("kind") == "walk":
        since = datetime.fromisoformat(pending["said_at"])
        return _last_choice(turn, since) or dict(pending)
    if (pending or {}).get("kind") not in GIVES_WAY:
        return dict(pending or {})
    return _last_choice(turn) or (dict(pending) if pending else None)


def pressed_rating(turn: Turn) -> dict[str, Any] | None:
    """The rating whose button was pressed, under whatever message of ours it stands."""
    if not turn.pressed or turn.quoted_sid is None:
        return None
    found = turn.session.execute(
        select(OutboxMessage.menu, Case)
        .join(Case, OutboxMessage.case_id == Case.id)
        .where(
            OutboxMessage.provider_sid == turn.quoted_sid,
            OutboxMessage.person_id == turn.person.id,
            Case.mentee_id == turn.person.id,
        )
    ).first()
    if found is None or found[0] not in RATINGS or not _can_be_rated(turn, found[1]):
        return None
    return {"kind": found[0], "case": found[1].id}


def _last_choice(turn: Turn, since: datetime | None = None) -> dict[str, Any] | None:
    """What the last thing with a choice that this person got asks, where no row says so.

    Args:
        since: only what came after this moment counts; aware.
    """
    newest = _newest_choice(turn)
    if newest is None:
        return None
    if newest.case_id is not None:
        return _asked_to_rate(turn, newest, since)
    if (newest.menu or "").removeprefix("plain:") not in visit_telling.MENUS:
        return None
    if since is not None and (newest.attempted_at or since) <= since:
        return None
    visit_id = visit_telling.asked_about(turn.session, newest, turn.now)
    return None if visit_id is None else {"kind": "visit", "visit": visit_id}


def _newest_choice(turn: Turn) -> OutboxMessage | None:
    """The last message with a choice that this person got."""
    return turn.session.scalars(
        select(OutboxMessage)
        .where(
            OutboxMessage.person_id == turn.person.id,
            OutboxMessage.menu.is_not(None),
            OutboxMessage.attempted_at.is_not(None),
        )
        .order_by(OutboxMessage.id.desc())
        .limit(1)
    ).first()


def _asked_to_rate(
    turn: Turn, newest: OutboxMessage, since: datetime | None
) -> dict[str, Any] | None:
    """The case that a message with a choice wants to be rated."""
    if since is not None and newest.created_at <= since:
        return None
    if (newest.menu or "").removeprefix("plain:") != "rate_case":
        return None
    case = turn.session.get_one(Case, newest.case_id)
    if case.mentee_id != turn.person.id or not _can_be_rated(turn, case):
        return None
    asked_since = turn.session.scalar(
        select(Question.id)
        .where(Question.person_id == turn.person.id, Question.asked_at > newest.created_at)
        .limit(1)
    )
    return None if asked_since is not None else {"kind": "rate_case", "case": case.id}


def _can_be_rated(turn: Turn, case: Case) -> bool:
    """Whether a case has an answer that was not rated yet."""
    if case.state == "closed" or case.answered_at is None:
        return False
    newest = turn.session.scalar(
        select(CaseEvent.kind)
        .where(CaseEvent.case_id == case.id, CaseEvent.kind.in_((*ASKS, "rated")))
        .order_by(CaseEvent.id.desc())
        .limit(1)
    )
    return newest in ASKS


def addressed(turn: Turn) -> Case | None:
    """The case of one's own that was quoted, or whose code the text begins with.

    A closed one counts for some days: whoever writes into it is not done with it.
    """
    if turn.pressed:
        return None
    case = None
    if turn.quoted_sid is not None:
        case = record.by_quoted(turn.session, turn.person, turn.quoted_sid)
    asked = words.command(turn.text)
    if case is None and asked is not None and asked.name == "answer":
        case = record.by_code(turn.session, asked.argument)
    if case is None or case.mentee_id != turn.person.id:
        return None
    gone = case.closed_at is not None and case.closed_at < turn.now - GOES_ON
    return None if case.state == "closed" and gone else case


def _meant(turn: Turn) -> Case | None:
    return addressed(turn) or record.open_for_mentee(turn.session, turn.person, turn.now)


def add(turn: Turn) -> None:
    """A detail of a case: the one that was named, else the one that moved last."""
    case = _meant(turn)
    assert case is not None
    if addressed(turn) is None and _is_short(turn):
        going = record.going_on(turn.session, turn.person, turn.now)
        asked_last = _newest_choice(turn)
        if len(going) > 1 or (asked_last is not None and asked_last.case_id != case.id):
            # Any of them may have asked something, or it is for what has been rated already.
            turn.reply("case_short_which", said=turn.text, code=case.code)
            return
    turn.add_detail(case)


def _is_short(turn: Turn) -> bool:
    """Whether a text is a bare number, yes or no, which says nothing by itself."""
    if turn.has_media:
        return False
    return words.number(turn.text) is not None or words.affirmation(turn.text) is not None


def call(turn: Turn) -> None:
    """CALL: the mentor is asked to ring the facility; nobody sees anybody's number."""
    said = text("call_request", turn.person.language)
    case = _meant(turn)
    if case is not None:
        turn.add_detail(case, said)
        return
    turn.open_case(said, cause="call", asked=True, topic=turn.person.topic)


def withdraw(turn: Turn) -> None:
    """The mentee takes a case back; with several open ones, which is asked."""
    named = addressed(turn)
    going = record.going_on(turn.session, turn.person, turn.now)
    if named is not None or len(going) == 1:
        _take_back(turn, named or going[0])
        return
    _ask_which(turn, going[:MOST_LISTED])


def _ask_which(turn: Turn, going: list[Case]) -> None:
    language = turn.person.language
    lines = [text("withdraw_which", language)]
    for number, case in enumerate(going, 1):
        asked = record.shortened(record.asked_so_far(turn.session, case), 40)
        lines.append(f"{number} #{case.code} {asked}")
    lines.append(f"{len(lines)} {text('withdraw_none', language)}")
    turn.person.pending = {
        "kind": "withdraw",
        "cases": [case.id for case in going],
        "asked_in": turn.inbound.id,
    }
    turn.reply_text("\n".join(lines), label="withdraw", menu=f"pick{len(lines) - 1}")


def withdraw_chosen(turn: Turn, asked: dict[str, Any], number: int | None) -> None:
    """The mentee said which case to take back, or none."""
    offered = asked["cases"]
    if not turn.was_shown(asked, "withdraw"):
        _ask_which(turn, [turn.session.get_one(Case, case_id) for case_id in offered])
        return
    if number is None or not 1 <= number <= len(offered) + 1:
        turn.reply("choose_again")
        return
    turn.person.pending = None
    if number <= len(offered):
        _take_back(turn, turn.session.get_one(Case, offered[number - 1]))
    else:
        turn.reply("withdraw_kept")


def _take_back(turn: Turn, case: Case) -> None:
    cases.withdraw(turn.session, case, turn.person, now=turn.now, key=turn.key)
    turn.reply("case_withdrawn", code=case.code)
