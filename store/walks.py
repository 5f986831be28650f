"""Walks: questions of ours that belong together, asked one at a time."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.mutable import MutableDict
from sqlalchemy.orm import Mapped, mapped_column

from store.base import Base

_LIVING = "status IN ('open', 'aside')"


class Walk(Base):
    """One walk of one person: a self-assessment, a test, a checklist, a debrief.

    ``open`` (being asked) ⇄ ``aside`` (waits to be gone on with) → ``done`` or ``dropped`` (begun
    anew, or not wanted any more). What was answered is never taken away.
    """

    __tablename__ = "walk"
    __table_args__ = (
        CheckConstraint("status IN ('open', 'aside', 'done', 'dropped')", name="status"),
        Index("ix_walk_person", "person_id", "kind", "id"),
        # One question at a time, and one walk of a kind that is not over.
        Index("uq_walk_open", "person_id", unique=True, postgresql_where=sql("status = 'open'")),
        Index("uq_walk_living", "person_id", "kind", unique=True, postgresql_where=sql(_LIVING)),
        # What the clock looks for: nobody has moved it for a day.
        Index(
            "ix_walk_moved_at",
            "moved_at",
            postgresql_where=sql(f"{_LIVING} AND reminded_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    # bot.walks.Kind.name
    kind: Mapped[str]
    # What the kind was begun with and remembers.
    state: Mapped[dict[str, Any]] = mapped_column(
        MutableDict.as_mutable(JSONB), server_default=sql("'{}'")
    )
    # {step: what was answered}; null: left out.
    answers: Mapped[dict[str, Any]] = mapped_column(
        MutableDict.as_mutable(JSONB), server_default=sql("'{}'")
    )
    # The step that is being asked; empty before the first and after the last.
    step: Mapped[str | None]
    # When this step was asked first; an older text cannot be its answer.
    step_at: Mapped[datetime | None]
    # Texts in a row that could not be read as its answer.
    unread: Mapped[int] = mapped_column(server_default="0")
    status: Mapped[str] = mapped_column(server_default="open")
    begun_at: Mapped[datetime]
    moved_at: Mapped[datetime]
    reminded_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
