"""Outgoing webhooks: who is told of events, and what is still to be delivered."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column

from store.base import Base


class Hook(Base):
    """An address of another system that is told of some events."""

    __tablename__ = "hook"

    id: Mapped[int] = mapped_column(primary_key=True)
    url: Mapped[str]
    # Names of ``bot.hooks.events``.
    events: Mapped[list[str]]
    # Signs what is sent; the other side has it too.
    secret: Mapped[str]
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    made_at: Mapped[datetime]
    # Nothing is noted for it any more.
    ended_at: Mapped[datetime | None]


class HookDelivery(Base):
    """One event for one address. States: ``waiting`` → ``sent``, ``dead`` or ``dropped``.

    ``dead``: tried as often as it is tried; ``dropped``: the webhook was removed before.
    """

    __tablename__ = "hook_delivery"
    __table_args__ = (
        CheckConstraint("state IN ('waiting', 'sent', 'dead', 'dropped')", name="state"),
        Index("ix_hook_delivery_due", "due_at", postgresql_where=sql("state = 'waiting'")),
        Index("ix_hook_delivery_hook", "hook_id", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    hook_id: Mapped[int] = mapped_column(ForeignKey("hook.id"))
    event: Mapped[str]
    # Ids and codes; never what people wrote, never a number.
    data: Mapped[dict[str, Any]]
    happened_at: Mapped[datetime]
    state: Mapped[str] = mapped_column(server_default="waiting")
    due_at: Mapped[datetime]
    attempts: Mapped[int] = mapped_column(server_default="0")
    # Of the last attempt: the answer's status; and what was wrong: not taken, too slow, not
    # reached, unknown name, not allowed (the settings keep it out of our own network).
    status: Mapped[int | None]
    reason: Mapped[str | None]
    ended_at: Mapped[datetime | None]
