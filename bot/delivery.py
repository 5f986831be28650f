"""What a provider's word does to a message: results of a call, and status callbacks."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import datetime, timedelta

import structlog
from sqlalchemy import delete, select, text, update
from sqlalchemy.orm import Session

from bot.status import advance
from channels import templates
from channels.errors import Next, delay, what_next
from store.messages import Attempt, ContentTemplate, Flag, OutboxMessage
from store.people import Address

SENDER_STOPPED = "sender_stopped"
SENDER_REST = timedelta(minutes=5)
MOST_ATTEMPTS = 10

log = structlog.get_logger(__name__)


def apply_status(
    session: Session,
    message: OutboxMessage,
    sid: str,
    status: str,
    error_code: int | None,
    now: datetime,
) -> None:
    """Move a message forward after a callback; a callback of an earlier attempt is only history."""
    if message.provider_sid is None:
        if session.scalar(select(Attempt.id).where(Attempt.provider_sid == sid).limit(1)):
            return  # an earlier attempt, while the present one is under way
        attempt = _attempt_without_sid(session, message)
        doubted = attempt is not None and attempt.outcome == "doubt"
        in_flight = message.state in ("sending", "unknown")
        if not in_flight and not (message.state == "queued" and doubted):
            return  # an earlier attempt that has been given up
        message.provider_sid = sid
        if attempt is not None:
            attempt.provider_sid = sid
    elif message.provider_sid != sid:
        return
    before = message.state
    message.state = advance(before, status)
    if message.state == before:
        return
    message.sent_at = message.sent_at or now
    message.reason = None
    if message.state == "delivered":
        message.delivered_at = now
    elif message.state == "read":
        message.delivered_at = message.delivered_at or now
        message.read_at = now
    elif message.state == "failed":
        failed(session, message, error_code, None, f"provider says {status}", now)


def _attempt_without_sid(session: Session, message: OutboxMessage) -> Attempt | None:
    """The attempt that a new sid must belong to: one in doubt, else the one under way."""
    return session.scalar(
        select(Attempt)
        .where(
            Attempt.outbox_id == message.id,
            Attempt.provider_sid.is_(None),
            Attempt.outcome.is_(None) | (Attempt.outcome == "doubt"),
        )
        .order_by(Attempt.outcome.is_(None), Attempt.id)
        .limit(1)
    )


def failed(
    session: Session,
    message: OutboxMessage,
    code: int | None,
    http_status: int | None,
    detail: str,
    now: datetime,
) -> None:
    """An attempt failed: try again, another way, or not, by the error catalogue."""
    action = what_next(code, http_status)
    again, message.error_code = message.error_code, code
    message.state, message.reason = "failed", detail
    match action:
        case Next.STOP_ADDRESS:
            _mark_address(session, message, stopped_at=now)
            message.reason = "stopped: the provider says this address opted out"
        case Next.BAD_ADDRESS:
            _mark_address(session, message, bad_at=now, bad_code=code)
            _again(message, now, "address not reachable, trying another")
        case Next.TEMPLATE if again == code:
            # It was sent as a template already, and that one is not approved.
            if message.template is not None:
                _forget_template(session, message)
                _again(message, now, "template not approved", patient=True)
        case Next.TEMPLATE:
            # Our idea of the window was wrong; decide again without it.
            _mark_address(session, message, last_inbound_at=None)
            _again(message, now, "window closed at the provider")
        case Next.PLAIN:
            if message.menu is not None and not message.menu.startswith("plain:"):
                message.menu = None if message.menu.startswith("pick") else f"plain:{message.menu}"
                _again(message, now, "buttons refused, sent as plain text")
        case Next.STOP_SENDER:
            _stop_sender(session, detail, now)
            message.state, message.next_attempt_at = "queued", now + SENDER_REST
            message.provider_sid = None
            message.attempts -= 1  # nothing is wrong with the message: its retries stay whole
        case Next.RETRY | Next.BACK_OFF:
            seconds = delay(action, message.attempts, random.random())  # noqa: S311
            if seconds is not None:
                patient = action is Next.BACK_OFF
                _again(message, now + timedelta(seconds=seconds), detail, patient=patient)
        case Next.FAIL:
            pass


def _again(message: OutboxMessage, when: datetime, reason: str, *, patient: bool = False) -> None:
    """Queue it again; ``patient``: as often as it takes, if it expires one day."""
    patient = patient and message.expires_at is not None
    if message.attempts >= MOST_ATTEMPTS and not patient:
        return
    message.state, message.reason = "queued", reason
    # Looked at when it expires at the latest, so that what waits for it hears of it.
    message.next_attempt_at = min(when, message.expires_at or when)
    message.provider_sid = None


def _mark_address(session: Session, message: OutboxMessage, **values: object) -> None:
    session.execute(
        update(Address)
        .where(
            Address.person_id == message.person_id,
            Address.channel == message.channel,
            Address.value == message.sent_to,
        )
        .values(**values)
    )


def _forget_template(session: Session, message: OutboxMessage) -> None:
    """Nobody uses it until the clock has found it approved."""
    assert message.template is not None
    refused = templates.template(message.template, message.language)
    session.execute(
        delete(ContentTemplate).where(
            ContentTemplate.name == refused.name, ContentTemplate.language == refused.language
        )
    )


def _stop_sender(session: Session, reason: str, now: datetime) -> None:
    flag = session.get(Flag, SENDER_STOPPED, with_for_update=True)
    # Every five minutes one message tries again: that goes on with the same stop.
    if flag is None or flag.until is None or flag.until < now - SENDER_REST:
        log.error("sender stopped", reason=reason)
    session.merge(Flag(name=SENDER_STOPPED, until=now + SENDER_REST, reason=reason, set_at=now))


def finish_attempt(
    attempt: Attempt, now: datetime, outcome: str, sid: str | None, code: int | None, detail: str
) -> None:
    """Close the record of one call."""
    attempt.finished_at, attempt.outcome = now, outcome
    # A callback may have told the id before an answer did that never came.
    attempt.provider_sid = sid or attempt.provider_sid
    attempt.error_code, attempt.detail = code, detail[:500]


def record_accepted(
    session: Session, outbox_id: int, attempt_id: int, sid: str, now: datetime
) -> None:
    """The provider has the message; a callback may have said so already, and more.

    A callback may even have failed this attempt and queued the next one, which gets its own sid.
    """
    record_accepted_many(session, [(outbox_id, attempt_id, sid)], now)


def record_accepted_many(
    session: Session, accepted: Sequence[tuple[int, int, str]], now: datetime
) -> None:
    """``record_accepted`` for many: (outbox id, attempt id, the provider's sid) each."""
    rows = {
        "messages": [outbox_id for outbox_id, _, _ in accepted],
        "attempts": [attempt_id for _, attempt_id, _ in accepted],
        "sids": [sid for _, _, sid in accepted],
        "now": now,
    }
    session.execute(_ACCEPTED, rows)
    # After the messages, in the order in which a callback locks them.
    session.execute(_ATTEMPTS_ACCEPTED, rows)


_ACCEPTED = text(
    """
    UPDATE outbox SET
        provider_sid = CASE WHEN state IN ('sending', 'unknown')
            THEN coalesce(provider_sid, made.sid) ELSE provider_sid END,
        sent_at = coalesce(sent_at, :now),
        reason = CASE WHEN state IN ('sending', 'unknown') THEN NULL ELSE reason END,
        state = CASE WHEN state IN ('sending', 'unknown') THEN 'sent' ELSE state END
    FROM unnest(CAST(:messages AS bigint[]), CAST(:sids AS text[])) AS made (id, sid)
    WHERE outbox.id = made.id
    """
)
_ATTEMPTS_ACCEPTED = text(
    """
    UPDATE attempt SET finished_at = :now, outcome = 'accepted', provider_sid = made.sid
    FROM unnest(CAST(:attempts AS bigint[]), CAST(:sids AS text[])) AS made (id, sid)
    WHERE attempt.id = made.id
    """
)


def accepted(session: Session, message: OutboxMessage, sid: str, now: datetime) -> None:
    """The provider has the message after all (reconciled); see ``record_accepted``."""
    attempt = _attempt_without_sid(session, message)
    if attempt is not None:
        attempt.provider_sid = sid
    if message.state in ("sending", "unknown"):
        message.provider_sid = message.provider_sid or sid
        message.state = "sent"
        message.reason = None
    message.sent_at = message.sent_at or now
