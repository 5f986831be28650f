"""Cases: periods of human interaction, with append-only events."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, func
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column

from store.base import Base


class Case(Base):
    """States: ``open`` (nobody has answered yet) → ``answered`` → ``closed``."""

    __tablename__ = "case"
    __table_args__ = (
        # A code is never reused while its case is open.
        Index(
            "uq_case_code_open",
            "code",
            unique=True,
            postgresql_where=sql("state <> 'closed'"),
        ),
        Index(
            "ix_case_due",
            "due_at",
            postgresql_where=sql("state <> 'closed'"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str]
    mentee_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    # Where the mentee asked; the answer goes back there.
    address_id: Mapped[int | None] = mapped_column(ForeignKey("address.id"))
    mentor_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"), index=True)
    topic: Mapped[str | None]
    # What made it a case: low_confidence, not_helpful, asked, danger, media, dialogue_down …
    cause: Mapped[str]
    urgent: Mapped[bool] = mapped_column(server_default=sql("false"))
    emergency: Mapped[str | None]
    state: Mapped[str] = mapped_column(server_default="open")
    opened_at: Mapped[datetime]
    assigned_at: Mapped[datetime | None]
    answered_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    # When the clock must look at it again.
    due_at: Mapped[datetime | None]
    # Last time the mentee was told that a detail was passed on.
    acknowledged_at: Mapped[datetime | None]


class CaseEvent(Base):
    """What happened in a case, in the past tense: opened, assigned, asked, answered, passed …"""

    __tablename__ = "case_event"

    id: Mapped[int] = mapped_column(primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("case.id"), index=True)
    at: Mapped[datetime] = mapped_column(server_default=func.now())
    kind: Mapped[str]
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    inbound_id: Mapped[int | None] = mapped_column(ForeignKey("inbound.id"))
    text: Mapped[str] = mapped_column(server_default="")
    data: Mapped[dict[str, Any]] = mapped_column(server_default=sql("'{}'"))
