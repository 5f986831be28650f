"""Encounters: every time that a mentor and mentees met, by text or in person."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column

from store.base import Base


class Encounter(Base):
    """``kind``: virtual or in_person; ``form``: individual or group.

    ``source``: case, discussion, visit, skill, command. What comes from a case or a discussion is
    logged once for each.
    """

    __tablename__ = "encounter"
    __table_args__ = (
        CheckConstraint("kind IN ('virtual', 'in_person')", name="kind"),
        CheckConstraint("form IN ('individual', 'group')", name="form"),
        CheckConstraint("minutes >= 0", name="minutes"),
        Index("ix_encounter_began_at", "began_at"),
        Index("ix_encounter_mentor_began", "mentor_id", "began_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str]
    form: Mapped[str]
    # sms, whatsapp, mixed; empty in person.
    channel: Mapped[str | None]
    topic: Mapped[str | None]
    mentor_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    began_at: Mapped[datetime]
    ended_at: Mapped[datetime]
    minutes: Mapped[int]
    source: Mapped[str]
    case_id: Mapped[int | None] = mapped_column(ForeignKey("case.id"), unique=True)
    discussion_id: Mapped[int | None] = mapped_column(ForeignKey("discussion.id"), unique=True)
    visit_id: Mapped[int | None] = mapped_column(ForeignKey("visit.id"), index=True)
    # What names it at its source (a visit, a row of an import), so that it is logged once.
    key: Mapped[str | None] = mapped_column(unique=True)
    note: Mapped[str] = mapped_column(server_default=sql("''"))
    logged_at: Mapped[datetime]


class EncounterMentee(Base):
    """One mentee of one encounter."""

    __tablename__ = "encounter_mentee"

    encounter_id: Mapped[int] = mapped_column(ForeignKey("encounter.id"), primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), primary_key=True, index=True)
    # Spoke, or only read, in a discussion.
    spoke: Mapped[bool | None]
