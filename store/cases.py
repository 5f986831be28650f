"""Cases: periods of human interaction, with append-only events."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, func
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column

from store.base import Base


class Case(Base):
    """States: ``open`` (nobody has answered yet) → ``answered`` → ``closed``.

    A case that is not closed has at least one pending ``CaseDue``.
    """

    __tablename__ = "case"
    __table_args__ = (
        # A code is never reused while its case is open.
        Index(
            "uq_case_code_open",
            "code",
            unique=True,
            postgresql_where=sql("state <> 'closed'"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str]
    mentee_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    # Where the mentee asked; the answer goes back there.
    address_id: Mapped[int | None] = mapped_column(ForeignKey("address.id"))
    # Who holds it: one mentor at most, always.
    mentor_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"), index=True)
    topic: Mapped[str | None]
    # What made it a case: low_confidence, not_helpful, asked, danger, media, dialogue_down …
    cause: Mapped[str]
    urgent: Mapped[bool] = mapped_column(server_default=sql("false"))
    emergency: Mapped[str | None]
    state: Mapped[str] = mapped_column(server_default="open")
    opened_at: Mapped[datetime]
    # Since when somebody holds it.
    assigned_at: Mapped[datetime | None]
    # Since when the mentee waits: opened, or brought back after an answer.
    waiting_since: Mapped[datetime | None]
    # When an answer is expected, as the mentee was told.
    expected_by: Mapped[datetime | None]
    first_response_at: Mapped[datetime | None]
    answered_at: Mapped[datetime | None]
    # The moment of the answer that solved it, or of the word that it is solved.
    resolved_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    # Last time the mentee was told that a detail was passed on.
    acknowledged_at: Mapped[datetime | None]


class CaseEvent(Base):
    """What happened in a case, in the past tense: opened, assigned, asked, answered, passed …"""

    __tablename__ = "case_event"
    __table_args__ = (Index("ix_case_event_at", "at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("case.id"), index=True)
    at: Mapped[datetime] = mapped_column(server_default=func.now())
    kind: Mapped[str]
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    inbound_id: Mapped[int | None] = mapped_column(ForeignKey("inbound.id"))
    text: Mapped[str] = mapped_column(server_default="")
    data: Mapped[dict[str, Any]] = mapped_column(server_default=sql("'{}'"))


class CaseOffer(Base):
    """An urgent case put to a mentor: live until somebody takes the case, or the mentor passes."""

    __tablename__ = "case_offer"
    __table_args__ = (
        Index(
            "uq_case_offer_live",
            "case_id",
            "mentor_id",
            unique=True,
            postgresql_where=sql("ended_at IS NULL"),
        ),
        Index("ix_case_offer_mentor", "mentor_id", postgresql_where=sql("ended_at IS NULL")),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("case.id"))
    mentor_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    offered_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    # taken, passed, lost (somebody else took it), lapsed (the case ended), withdrawn (mentor left)
    outcome: Mapped[str | None]


class CaseDue(Base):
    """When a case must be looked at, and why; the clock turns due ones into effects.

    Kinds: ``remind``, ``pass_on``, ``alert``, ``apologise``, ``route``, ``follow_up``, ``close``.
    One of a kind is pending at most.
    """

    __tablename__ = "case_due"
    __table_args__ = (
        Index(
            "uq_case_due_pending",
            "case_id",
            "kind",
            unique=True,
            postgresql_where=sql("done_at IS NULL"),
        ),
        Index("ix_case_due_at", "due_at", postgresql_where=sql("done_at IS NULL")),
        Index("ix_case_due_case", "case_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("case.id"))
    kind: Mapped[str]
    due_at: Mapped[datetime]
    done_at: Mapped[datetime | None]
    # What came of it, in a word or two: reminded, passed on, nobody else, not needed …
    outcome: Mapped[str | None]


class MentorDue(Base):
    """What a mentor hears: of the ``week``, the ``month``, the ``cadence``, that a leave is over
    (``back``); and a leader, of the month of the ``facility``.
    """

    __tablename__ = "mentor_due"
    __table_args__ = (
        Index(
            "uq_mentor_due_pending",
            "person_id",
            "kind",
            unique=True,
            postgresql_where=sql("done_at IS NULL"),
        ),
        Index("ix_mentor_due_at", "due_at", postgresql_where=sql("done_at IS NULL")),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    kind: Mapped[str]
    due_at: Mapped[datetime]
    done_at: Mapped[datetime | None]
    outcome: Mapped[str | None]
