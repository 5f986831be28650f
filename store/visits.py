"""Visits: a mentor goes to a facility on a day that was told beforehand."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column

from store.base import Base


class Visit(Base):
    """States: ``planned`` → ``held`` (its debrief is done), ``cancelled``, ``missed`` (its mentor
    says that it did not take place), ``unreported`` (nobody said). An unreported one may still
    become held or missed.
    """

    __tablename__ = "visit"
    __table_args__ = (
        CheckConstraint(
            "state IN ('planned', 'held', 'cancelled', 'missed', 'unreported')", name="state"
        ),
        CheckConstraint("days BETWEEN 1 AND 14", name="days"),
        Index("ix_visit_starts_at", "starts_at"),
        # Nobody is at one place twice at the same moment: a plan that is sent twice is one.
        Index(
            "uq_visit_planned",
            "mentor_id",
            "facility_id",
            "starts_at",
            unique=True,
            postgresql_where=sql("state = 'planned'"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    mentor_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    facility_id: Mapped[int] = mapped_column(ForeignKey("facility.id"), index=True)
    starts_at: Mapped[datetime]
    # It goes on for so many days, each at the same hour.
    days: Mapped[int] = mapped_column(server_default="1")
    topics: Mapped[list[str]] = mapped_column(server_default=sql("'{}'"))
    state: Mapped[str] = mapped_column(server_default="planned")
    # Counts what was told: the plan, and each change of it.
    revision: Mapped[int] = mapped_column(server_default="1")
    # whatsapp, command
    source: Mapped[str]
    created_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]
    # Why it was cancelled or did not take place, without identifiers.
    reason: Mapped[str] = mapped_column(server_default="")
    # What the mentor said afterwards: {topics, form, minutes, skills, gaps: [{person, gap}],
    # problems, stock}, without identifiers.
    debrief: Mapped[dict[str, Any]] = mapped_column(server_default=sql("'{}'"))


class VisitPerson(Base):
    """Somebody who was told of a visit; ``part``: mentee or leader.

    ``coming``: yes, no, or empty while not answered. ``seen``: what the debrief says.
    """

    __tablename__ = "visit_person"

    visit_id: Mapped[int] = mapped_column(ForeignKey("visit.id"), primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), primary_key=True, index=True)
    part: Mapped[str]
    coming: Mapped[bool | None]
    answered_at: Mapped[datetime | None]
    # The message that asked last; an answer to it is one about this visit.
    notice_key: Mapped[str | None] = mapped_column(unique=True)
    seen: Mapped[bool | None]


class VisitDue(Base):
    """When a visit must be looked at: ``remind``, ``debrief``, ``debrief_again``, ``close``."""

    __tablename__ = "visit_due"
    __table_args__ = (
        Index(
            "uq_visit_due_pending",
            "visit_id",
            "kind",
            unique=True,
            postgresql_where=sql("done_at IS NULL"),
        ),
        Index("ix_visit_due_at", "due_at", postgresql_where=sql("done_at IS NULL")),
        Index("ix_visit_due_visit", "visit_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    visit_id: Mapped[int] = mapped_column(ForeignKey("visit.id"))
    kind: Mapped[str]
    due_at: Mapped[datetime]
    done_at: Mapped[datetime | None]
    outcome: Mapped[str | None]
