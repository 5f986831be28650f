"""What a status callback does to its message. It may come first, twice, or out of order."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from sqlalchemy import Engine, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from bot import delivery
from bot.status import RANK, TRANSLATION
from store.messages import OutboxMessage, StatusCallback

# The usual case: the message is known by this sid and moves forward. One round trip, and nothing
# is done where the message is not known yet. Moving forward twice is moving forward once.
_MOVE_AND_KEEP = text(
    """
    WITH known AS (
        SELECT id FROM outbox WHERE id = :outbox_id AND provider_sid = :sid
    ), moved AS (
        UPDATE outbox SET
            state = :target,
            reason = NULL,
            sent_at = coalesce(sent_at, :now),
            delivered_at = CASE WHEN :target IN ('delivered', 'read')
                THEN coalesce(delivered_at, :now) ELSE delivered_at END,
            read_at = CASE WHEN :target = 'read' THEN :now ELSE read_at END
        WHERE id IN (SELECT id FROM known) AND provider_sid = :sid AND state = ANY(:earlier)
    ), kept AS (
        INSERT INTO status_callback (sid, status, form, received_at)
        SELECT :sid, :status, CAST(:form AS jsonb), :now FROM known
        ON CONFLICT DO NOTHING
    )
    SELECT EXISTS (SELECT 1 FROM known)
    """
)
# State → the states that it follows. A failure decides more than a state.
_EARLIER = {
    target: [state for state, rank in RANK.items() if rank < RANK[target]]
    for target in ("sent", "delivered", "read")
}


def move_forward(
    engine: Engine, *, sid: str, status: str, outbox_id: int, form: list[Any], now: datetime
) -> bool:
    """Keep a callback and move its message forward, where no more than that is to be done.

    Returns:
        ``False`` when nothing was done: a failure, or a message that is not known by ``sid`` yet.
    """
    target = TRANSLATION.get(status, "")
    if target not in _EARLIER:
        return False
    values = {
        "sid": sid,
        "status": status,
        "form": json.dumps(form),
        "now": now,
        "target": target,
        "outbox_id": outbox_id,
        "earlier": _EARLIER[target],
    }
    # One statement is its own transaction.
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        return bool(connection.execute(_MOVE_AND_KEEP, values).scalar())


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
    """Keep a callback and do to its message whatever follows.

    Args:
        outbox_id: our own id, which we put into the callback's address; it finds the message even
            when the callback is faster than our commit of the send.
        now: aware.
    """
    new = session.execute(
        insert(StatusCallback)
        .values(sid=sid, status=status, error_code=error_code, form=form, received_at=now)
        .on_conflict_do_nothing()
        .returning(StatusCallback.id)
    ).scalar()
    if new is None:
        return
    query = select(OutboxMessage).with_for_update()
    if outbox_id is not None:
        query = query.where(OutboxMessage.id == outbox_id)
    else:
        query = query.where(OutboxMessage.provider_sid == sid)
    message = session.scalar(query)
    if message is not None:
        delivery.apply_status(session, message, sid, status, error_code, now)
