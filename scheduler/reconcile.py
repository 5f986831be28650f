"""Attempts that ended in doubt: asked about at the provider, never blindly repeated."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import structlog
import urllib3
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
    stuck = list(result.scalars())
    if stuck:
        session.execute(
            update(Attempt)
            .where(Attempt.outbox_id.in_(stuck), Attempt.outcome.is_(None))
            .values(outcome="doubt", finished_at=now, detail="the sender stopped")
        )
    return len(stuck)


def reconcile(
    sessions: sessionmaker[Session], provider: Twilio, now: Callable[[], datetime]
) -> int:
    """Ask the provider about every message in doubt; returns how many were settled.

    Found at the provider: it was sent. Nothing there after a while: it never arrived, and is
    queued again. A message that another row of ours already accounts for does not count as found.
    One that nobody accounts for, with other words, may be this one as the provider has changed it:
    the doubt stays, until the message has expired. A network error ends the round.
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
        except urllib3.exceptions.HTTPError as error:
            log.warning("cannot reconcile yet", outbox=outbox_id, error=type(error).__name__)
            break
        except (TwilioException, ValueError) as error:
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
        sids = [row.sid for row in listed]
        claimed = {
            *session.scalars(
                select(OutboxMessage.provider_sid).where(OutboxMessage.provider_sid.in_(sids))
            ),
            *session.scalars(select(Attempt.provider_sid).where(Attempt.provider_sid.in_(sids))),
        }
        unclaimed = [row for row in listed if row.sid not in claimed]
        words = body.split()
        found = next((row for row in unclaimed if row.body.split() == words), None)
        if found is not None:
            delivery.accepted(session, message, found.sid, now)
            delivery.apply_status(session, message, found.sid, found.status, found.error_code, now)
            return True
        assert message.attempted_at is not None
        if now - message.attempted_at < BELIEVE_ABSENCE_AFTER:
            return False
        if unclaimed:
            if message.expires_at is None or message.expires_at > now:
                return False
            message.state, message.reason = "failed", "in doubt until it expired"
            return True
        message.state, message.reason = "queued", "the provider never had it"
        message.next_attempt_at = now
        return True
