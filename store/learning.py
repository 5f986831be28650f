"""What was found of people's knowledge and skills, where they worked, and DHIS2's hierarchy.

Whether somebody is validated is nowhere typed in: it follows from the rows of ``assessment``
(``bot.mentoring.validation``).
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, Numeric, func
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column

from store.base import Base


class Assessment(Base):
    """One test, self-assessment or observed skill of one person. Append-only: every attempt stays.

    The number of an attempt is its place in time among those of the same person, area, competency
    and kind; it is counted when it is shown, for older records may come in later.
    """

    __tablename__ = "assessment"
    __table_args__ = (
        CheckConstraint("kind IN ('pre', 'post', 'self', 'skill')", name="kind"),
        CheckConstraint(
            "kind = 'skill' OR (score IS NOT NULL AND out_of IS NOT NULL)", name="scored"
        ),
        CheckConstraint("out_of > 0 AND score >= 0 AND score <= out_of", name="score"),
        # The bot alone validates nobody: a skill has the mentor who signed it.
        CheckConstraint(
            "kind <> 'skill' OR (competency IS NOT NULL AND passed IS NOT NULL"
            " AND assessor_id IS NOT NULL)",
            name="signed",
        ),
        CheckConstraint("assessor_id <> person_id", name="not_oneself"),
        Index("ix_assessment_person", "person_id", "technical_area", "competency"),
        Index("ix_assessment_at", "at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    # Ids of the catalogue (bot.mentoring.competencies). Without a competency: the whole area.
    technical_area: Mapped[str]
    competency: Mapped[str | None]
    # pre, post, self, skill
    kind: Mapped[str]
    score: Mapped[Decimal | None] = mapped_column(Numeric)
    out_of: Mapped[Decimal | None] = mapped_column(Numeric)
    # Only of a skill; of a test it follows from the score.
    passed: Mapped[bool | None]
    at: Mapped[datetime]
    assessor_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"), index=True)
    # import, phone, console
    source: Mapped[str]
    # Once per key: the same file twice, or a job that runs twice, records a thing once.
    key: Mapped[str] = mapped_column(unique=True)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class AssessmentItem(Base):
    """One item of a test or self-assessment taken by phone, as it was asked and answered."""

    __tablename__ = "assessment_item"

    assessment_id: Mapped[int] = mapped_column(ForeignKey("assessment.id"), primary_key=True)
    # Place in the test, from 1.
    place: Mapped[int] = mapped_column(primary_key=True)
    item_id: Mapped[str] = mapped_column(ForeignKey("item.id"), index=True)
    item_version: Mapped[int]
    # The bank's own, as in ``answer``.
    competency: Mapped[str]
    # Place of the option that was chosen, from 0. Empty: left out, which is not right.
    option: Mapped[int | None]
    right: Mapped[bool]


class SkillObservation(Base):
    """The checklist behind an observed skill: what was done, as the mentor signed it."""

    __tablename__ = "skill_observation"
    __table_args__ = (
        # Nobody is observed with a patient who was not asked.
        CheckConstraint("patient_consent", name="consent"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    assessment_id: Mapped[int] = mapped_column(ForeignKey("assessment.id"), unique=True)
    competency: Mapped[str] = mapped_column(index=True)
    mentor_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    patient_consent: Mapped[bool]
    # [{id, critical, done}, …] as the checklist was on that day
    steps: Mapped[list[Any]]
    critical_failed: Mapped[list[str]] = mapped_column(server_default=sql("'{}'"))
    signed_at: Mapped[datetime]


class FacilityStay(Base):
    """Where somebody worked, from when until when. Empty ends are open.

    Who never moved may have none: then the present facility holds for all time.
    """

    __tablename__ = "facility_stay"
    __table_args__ = (
        Index("ix_facility_stay_person", "person_id", "since"),
        Index(
            "uq_facility_stay_present",
            "person_id",
            unique=True,
            postgresql_where=sql("until IS NULL"),
        ),
        CheckConstraint("since < until", name="order"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    facility_id: Mapped[int] = mapped_column(ForeignKey("facility.id"), index=True)
    since: Mapped[datetime | None]
    until: Mapped[datetime | None]


class OrgUnit(Base):
    """A node of DHIS2's hierarchy of organisation units, as it was imported."""

    __tablename__ = "org_unit"

    # DHIS2's own id, 11 letters and digits
    uid: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    # 1 is the country
    level: Mapped[int]
    parent: Mapped[str | None] = mapped_column(ForeignKey("org_unit.uid"), index=True)
