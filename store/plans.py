"""Goals, coaching plans and certificates: what a mentee wants to reach, and what was agreed on.

Whether something is reached is nowhere typed in where it can be computed: a goal about a competency
is reached when the mentee is validated in it (``bot.mentoring.validation``).
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column

from store.base import Base


class Goal(Base):
    """What a mentee works towards: a competency of the catalogue, or the mentee's own words.

    States: ``proposed`` → ``active`` → ``reached``; ``dropped`` from either, for it was declined,
    given up, or replaced by another. At most one is proposed and one is active.
    """

    __tablename__ = "goal"
    __table_args__ = (
        CheckConstraint("state IN ('proposed', 'active', 'reached', 'dropped')", name="state"),
        CheckConstraint("competency IS NOT NULL OR words <> ''", name="about"),
        CheckConstraint("(ended_at IS NULL) = (state IN ('proposed', 'active'))", name="ended"),
        Index(
            "uq_goal_live",
            "person_id",
            "state",
            unique=True,
            postgresql_where=sql("state IN ('proposed', 'active')"),
        ),
        Index("ix_goal_person", "person_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    competency: Mapped[str | None]
    # The mentee's own, without identifiers; empty where it is about a competency.
    words: Mapped[str] = mapped_column(server_default=sql("''"))
    state: Mapped[str] = mapped_column(server_default="proposed")
    # assess (a self-assessment proposed it), own (GOAL), mentor, console
    source: Mapped[str]
    key: Mapped[str] = mapped_column(unique=True)
    proposed_at: Mapped[datetime]
    begun_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    # Asked once it was reached: would you mentor others in it?
    mentors_others: Mapped[bool | None]


class PlanItem(Base):
    """One thing agreed in a mentee's coaching plan: what is missing, what is done about it, by
    whom, and by which day. States: ``open`` → ``done`` or ``dropped``.
    """

    __tablename__ = "plan_item"
    __table_args__ = (
        CheckConstraint("state IN ('open', 'done', 'dropped')", name="state"),
        CheckConstraint("(ended_at IS NULL) = (state = 'open')", name="ended"),
        Index("ix_plan_item_mentee", "mentee_id", "state"),
        UniqueConstraint("owner_id", "number"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    mentee_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    # Of the catalogue, where it is about one.
    competency: Mapped[str | None]
    # In the words that are shown to mentee and mentor, without identifiers.
    gap: Mapped[str]
    action: Mapped[str]
    # Whoever does it: the mentee, or a mentor.
    owner_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    # By which its owner names it; never used again.
    number: Mapped[int]
    # The last day, in the mentee's own time zone.
    due_on: Mapped[date]
    # assess, answers (wrong twice), questions (asked often), skill, debrief, mentor, console
    source: Mapped[str]
    # What names the gap at its source: each is written down once.
    key: Mapped[str] = mapped_column(unique=True)
    state: Mapped[str] = mapped_column(server_default="open")
    created_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    ended_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))


class PlanDue(Base):
    """When plans are looked at.

    Kinds: ``reminder`` (somebody's open items), ``record`` (whose record grew), ``gaps``
    (everybody's answers and questions; nobody's row). One of a kind is pending at most.
    """

    __tablename__ = "plan_due"
    __table_args__ = (
        CheckConstraint("(kind = 'gaps') = (person_id IS NULL)", name="whose"),
        Index(
            "uq_plan_due_pending",
            "person_id",
            "kind",
            unique=True,
            postgresql_where=sql("done_at IS NULL"),
        ),
        Index(
            "uq_plan_due_gaps",
            "kind",
            unique=True,
            postgresql_where=sql("done_at IS NULL AND person_id IS NULL"),
        ),
        Index("ix_plan_due_at", "due_at", postgresql_where=sql("done_at IS NULL")),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    kind: Mapped[str]
    due_at: Mapped[datetime]
    done_at: Mapped[datetime | None]
    # What came of it: told, nothing open, stopped, looked …
    outcome: Mapped[str | None]


class Certificate(Base):
    """Somebody was fully validated: what it says, as it was on that day. Never changed."""

    __tablename__ = "certificate"
    __table_args__ = (UniqueConstraint("person_id", "cadre"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    # Printed on it, to ask the programme whether it is genuine.
    number: Mapped[str] = mapped_column(unique=True)
    cadre: Mapped[str]
    # Name as printed on that day.
    name: Mapped[str]
    facility: Mapped[str] = mapped_column(server_default=sql("''"))
    # [{competency, title: {en, fr}, at (ISO 8601), mentor}, …]
    entries: Mapped[list[Any]]
    issued_at: Mapped[datetime]
