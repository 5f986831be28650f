"""What a status callback does to its message. It may come first, twice, or out of order."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from bot import delivery
from bot.status import RANK, TRANSLATION
from store.messages import OutboxMessage

# The usual case in one round trip: the callback is kept, and a message that is known by this sid
# moves forward. ``known`` is what the message was before.
_KEEP_AND_MOVE = text(
    """
    WITH kept AS (
        INSERT INTO status_callback (sid, status, error_code, form, received_at)
        VALUES (:sid, :status, :error_code, CAST(:form AS jsonb), :now)
        ON CONFLICT DO NOTHING
        RETURNING id
    ), moved AS (
        UPDATE outbox SET
            state = :target,
            reason = NULL,
            sent_at = coalesce(sent_at, :now),
            delivered_at = CASE WHEN :target IN ('delivered', 'read')
                THEN coalesce(delivered_at, :now) ELSE delivered_at END,
            read_at = CASE WHEN :target = 'read' THEN :now ELSE read_at END
        WHERE id = :outbox_id AND provider_sid = :sid AND state = ANY(:earlier)
            AND EXISTS (SELECT 1 FROM kept)
        RETURNING id
    )
    SELECT EXISTS (SELECT 1 FROM kept) AS is_new,
           EXISTS (SELECT 1 FROM moved)
           OR EXISTS (SELECT 1 FROM outbox WHERE id = :outbox_id AND provider_sid = :sid) AS settled
    """
)
# State → the states that it follows.
_EARLIER = {
    target: [state for state, rank in RANK.items() if rank < RANK[target]]
    for target in ("sent", "delivered", "read")
}


def store_status(
    session: Session,
    *,
    sid: str,
    status: str,
    error_code: int | None,
    outbox_id: int | None,
    form: list[Any],
    now: datetime,
) -> None:
    """Keep a callback and move its message forward.

    Args:
        outbox_id: our own id, which we put into the callback's address; it finds the message even
            when the callback is faster than our commit of the send.
        now: aware.
    """
    target = TRANSLATION.get(status, "")
    moves = target in _EARLIER
    row = session.execute(
        _KEEP_AND_MOVE,
        {
            "sid": sid,
            "status": status,
            "error_code": error_code,
            "form": json.dumps(form),
            "now": now,
            "target": target,
            "outbox_id": outbox_id if moves else None,
            "earlier": _EARLIER.get(target, []),
        },
    ).one()
    if not row.is_new or (moves and row.settled):
        return
    query = select(OutboxMessage).with_for_update()
    if outbox_id is not None:
        query = query.where(OutboxMessage.id == outbox_id)
    else:
        query = query.where(OutboxMessage.provider_sid == sid)
    message = session.scalar(query)
    if message is not None:
        delivery.apply_status(session, message, sid, status, error_code, now)
