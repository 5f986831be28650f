"""Attempts that ended in doubt: asked about at the provider, never blindly repeated."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import requests
import structlog
from sqlalchemy import select, update
from sqlalchemy.orm import Session, sessionmaker
from twilio.base.exceptions import TwilioException

from bot import delivery
from channels.twilio import Listed, Twilio
from store.messages import Attempt, OutboxMessage

log = structlog.get_logger(__name__)

# A call takes 10 s at most; after this an attempt without a result belongs to a dead process.
STUCK_AFTER = timedelta(seconds=20)
# The provider's list may lag behind its acceptance.
ASK_AFTER = timedelta(seconds=15)
BELIEVE_ABSENCE_AFTER = timedelta(seconds=45)


def mark_stuck(session: Session, now: datetime) -> int:
    """Messages whose sender died during the call become ``unknown``; returns how many."""
    result = session.execute(
        update(OutboxMessage)
        .where(OutboxMessage.state == "sending", OutboxMessage.attempted_at < now - STUCK_AFTER)
        .values(state="unknown", reason="in doubt: the sender stopped during the call")
        .returning(OutboxMessage.id)
    )
    return len(result.all())


def reconcile(
    sessions: sessionmaker[Session], provider: Twilio, now: Callable[[], datetime]
) -> int:
    """Ask the provider about every message in doubt; returns how many were settled.

    Found at the provider: it was sent. Not there after a while: it never arrived, and is queued
    again. A message that another row of ours already accounts for does not count as found.
    """
    with sessions() as session:
        doubtful = [
            (row.id, row.channel or "sms", row.sent_to or "", row.attempted_at, row.sent_body or "")
            for row in session.scalars(
                select(OutboxMessage)
                .where(
                    OutboxMessage.state == "unknown",
                    OutboxMessage.attempted_at < now() - ASK_AFTER,
                )
                .order_by(OutboxMessage.id)
                .limit(100)
            )
        ]
    settled = 0
    for outbox_id, channel, to, attempted_at, body in doubtful:
        assert attempted_at is not None
        try:
            listed = list(provider.sent_since(channel, to, attempted_at))
        except (TwilioException, requests.exceptions.RequestException, ValueError) as error:
            log.warning("cannot reconcile yet", outbox=outbox_id, error=type(error).__name__)
            continue
        settled += _settle(sessions, outbox_id, body, listed, now())
    return settled


def _settle(
    sessions: sessionmaker[Session],
    outbox_id: int,
    body: str,
    listed: list[Listed],
    now: datetime,
) -> bool:
    with sessions.begin() as session:
        message = session.get_one(OutboxMessage, outbox_id, with_for_update=True)
        if message.state != "unknown":
            return True  # a callback was faster
        candidates = [row for row in listed if " ".join(row.body.split()) == " ".join(body.split())]
        claimed = set(
            session.scalars(
                select(OutboxMessage.provider_sid).where(
                    OutboxMessage.provider_sid.in_([row.sid for row in candidates])
                )
            )
        ) | set(
            session.scalars(
                select(Attempt.provider_sid).where(
                    Attempt.provider_sid.in_([row.sid for row in candidates])
                )
            )
        )
        found = next((row for row in candidates if row.sid not in claimed), None)
        if found is not None:
            delivery.accepted(message, found.sid, now)
            delivery.apply_status(session, message, found.sid, found.status, found.error_code, now)
            return True
        assert message.attempted_at is not None
        if now - message.attempted_at < BELIEVE_ABSENCE_AFTER:
            return False
        message.state, message.reason = "queued", "the provider never had it"
        message.next_attempt_at = now
        return True
