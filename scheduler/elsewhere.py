"""When WhatsApp's window is closed: knock with a template, or go another way without one."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from bot import sending
from store import queue
from store.messages import OutboxMessage

KNOCK_AGAIN_AFTER = timedelta(hours=24)
# WhatsApp answers a request for approval within a day or two; the clock looks every minute.
TEMPLATE_AGAIN_AFTER = timedelta(minutes=10)


def without_template(
    session: Session,
    message: OutboxMessage,
    addresses: Sequence[sending.Address],
    refused: sending.Address,
    now: datetime,
    reason: str,
) -> None:
    """Send a message whose template cannot be used to another address, or let it wait.

    A knock says nothing of its own, so what it knocks for goes there in its place.
    """
    other = sending.other_way(addresses, refused, now)
    message.state, message.reason = "queued", reason
    if other is None:
        message.next_attempt_at = now + TEMPLATE_AGAIN_AFTER
        return
    message.next_attempt_at = now
    if message.kind != "knock":
        message.address_id = other.id
        return
    message.state = "dropped"
    session.execute(
        update(OutboxMessage)
        .where(OutboxMessage.person_id == message.person_id, OutboxMessage.state == "held")
        .values(state="queued", reason=reason, next_attempt_at=now, address_id=other.id)
    )


def knock(session: Session, message: OutboxMessage, address_id: int, now: datetime) -> None:
    """One template a day tells the person that something waits; the next text brings it.

    What is urgent knocks whatever went out before, once for all parts of a long text.
    """
    base = re.sub(r"/\d+$", "", message.dedupe_key)
    already = select(OutboxMessage.id).where(
        OutboxMessage.person_id == message.person_id,
        OutboxMessage.kind == "knock",
        OutboxMessage.created_at > now - KNOCK_AGAIN_AFTER,
        OutboxMessage.state.not_in(("failed", "dropped")),
    )
    if message.priority >= queue.PRIORITY_URGENT:
        already = already.where(
            OutboxMessage.dedupe_key.startswith(f"knock:{base}:", autoescape=True)
        )
    if session.scalar(already.limit(1)) is not None:
        return
    session.execute(
        insert(OutboxMessage)
        .values(
            person_id=message.person_id,
            address_id=address_id,
            case_id=message.case_id,
            kind="knock",
            dedupe_key=f"knock:{base}:{message.attempts}:{int(now.timestamp())}",
            language=message.language,
            body="",
            template=message.template,
            template_variables=message.template_variables or {},
            template_is_enough=True,
            priority=message.priority,
            created_at=now,
            next_attempt_at=now,
            expires_at=message.expires_at,
        )
        .on_conflict_do_nothing()
    )
