"""Noting an event for every webhook that wants it, in the transaction of what happened."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import insert, literal, select
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Session

from store.base import UtcDateTime
from store.hooks import Hook, HookDelivery


def tell(session: Session, event: str, now: datetime, **data: Any) -> None:
    """Note an event; one statement, which writes nothing where nobody wants to hear of it.

    Args:
        event: of ``bot.hooks.events``.
        now: aware, when it happened.
        data: ids and codes; never names, numbers or what people wrote.
    """
    moment = literal(now, UtcDateTime())
    wanting = select(
        Hook.id, literal(event), literal(data, JSONB), moment, moment
    ).where(Hook.ended_at.is_(None), Hook.events.contains([event]))  # fmt: skip
    session.execute(
        insert(HookDelivery).from_select(
            ["hook_id", "event", "data", "happened_at", "due_at"], wanting
        )
    )
