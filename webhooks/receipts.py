"""What a status callback does to its message. It may come first, twice, or out of order."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from bot import delivery
from store.messages import OutboxMessage, StatusCallback


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
