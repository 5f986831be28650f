"""The quiz bank, campaigns, doses and answers, and what is remembered of a mentee and an item."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, UniqueConstraint, func
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column, relationship

from store.base import Base


class Topic(Base):
    """What items, cards and mentors are grouped by."""

    __tablename__ = "topic"

    id: Mapped[str] = mapped_column(primary_key=True)
    # {language: text}
    title: Mapped[dict[str, Any]]


class Competency(Base):
    """What a mentee can do."""

    __tablename__ = "competency"

    id: Mapped[str] = mapped_column(primary_key=True)
    topic: Mapped[str] = mapped_column(ForeignKey("topic.id"), index=True)
    title: Mapped[dict[str, Any]]


class Item(Base):
    """A quiz question. Its words are in its versions; ``live_version`` is what is asked."""

    __tablename__ = "item"

    id: Mapped[str] = mapped_column(primary_key=True)
    topic: Mapped[str] = mapped_column(ForeignKey("topic.id"), index=True)
    # The bank's order, by which new items are asked.
    position: Mapped[int]
    live_version: Mapped[int | None]
    withdrawn_at: Mapped[datetime | None]
    withdrawn_reason: Mapped[str | None]

    versions: Mapped[list[ItemVersion]] = relationship(
        back_populates="item", order_by="ItemVersion.version"
    )


class ItemVersion(Base):
    """One wording of an item. Never changed once written: answers point to it."""

    __tablename__ = "item_version"
    __table_args__ = (UniqueConstraint("item_id", "version"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    item_id: Mapped[str] = mapped_column(ForeignKey("item.id"))
    version: Mapped[int]
    competency: Mapped[str] = mapped_column(ForeignKey("competency.id"), index=True)
    # {language: text}, {language: [text, …]}, {language: text}
    stem: Mapped[dict[str, Any]]
    options: Mapped[dict[str, Any]]
    why: Mapped[dict[str, Any]]
    # Place of the right option, from 0.
    answer: Mapped[int]
    source: Mapped[str]
    cadres: Mapped[list[str]] = mapped_column(server_default=sql("'{}'"))
    facts: Mapped[list[str]] = mapped_column(server_default=sql("'{}'"))
    # An answer card's id; the card may have been withdrawn since.
    card: Mapped[str | None]
    critical: Mapped[bool] = mapped_column(server_default=sql("false"))
    form: Mapped[str | None]
    twin: Mapped[str | None]
    review: Mapped[str] = mapped_column(server_default="")
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())

    item: Mapped[Item] = relationship(back_populates="versions")


class Campaign(Base):
    """Questions or tips planned for a cohort. What is planned is in its versions.

    States: ``draft`` → ``running`` ⇄ ``paused`` → ``ended``.
    """

    __tablename__ = "campaign"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    state: Mapped[str] = mapped_column(server_default="draft")
    # Why it is in this state, where it is not by a coordinator's word (the budget is used up).
    reason: Mapped[str | None]
    version: Mapped[int] = mapped_column(server_default="1")
    # SMS segments and WhatsApp messages that have gone out for it, as far as counted.
    messages: Mapped[int] = mapped_column(server_default="0")
    segments: Mapped[int] = mapped_column(server_default="0")
    cost: Mapped[float] = mapped_column(server_default="0")
    created_at: Mapped[datetime]
    launched_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]


class CampaignVersion(Base):
    """What a campaign was from one change to the next; a dose points to the one it was made by."""

    __tablename__ = "campaign_version"
    __table_args__ = (UniqueConstraint("campaign_id", "version"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaign.id"))
    version: Mapped[int]
    # bot.quizzes.plan.Plan as JSON
    plan: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]


class Enrolment(Base):
    """One mentee in one campaign. ``left_at``: no further doses, ``reason`` says why."""

    __tablename__ = "enrolment"
    __table_args__ = (
        UniqueConstraint("campaign_id", "person_id"),
        Index(
            "ix_enrolment_planned_to",
            "planned_to",
            postgresql_where=sql("left_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaign.id"))
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    joined_at: Mapped[datetime]
    # Doses are planned up to here; the clock goes on from it a week at a time.
    planned_to: Mapped[datetime]
    left_at: Mapped[datetime | None]
    reason: Mapped[str | None]


class Dose(Base):
    """One question, tip or weekly summary for one mentee.

    States: ``planned`` → ``open`` (a question that waits for its answer) → ``answered`` or
    ``expired``; a tip or summary goes to ``given``. ``unsent``: it never reached the phone.
    ``lapsed``: its time passed before it could be given. ``void``: the plan changed. ``reason``
    says why for the last three, and for a planned one why it waits.
    """

    __tablename__ = "dose"
    __table_args__ = (
        Index("ix_dose_due", "due_at", postgresql_where=sql("state = 'planned'")),
        Index("ix_dose_look", "look_at", postgresql_where=sql("state = 'open'")),
        # Never two open at once.
        Index("uq_dose_open", "person_id", unique=True, postgresql_where=sql("state = 'open'")),
        # However often a day is planned, it has one dose.
        Index(
            "uq_dose_slot",
            "campaign_id",
            "person_id",
            "slot",
            unique=True,
            postgresql_where=sql("state NOT IN ('void', 'unsent')"),
        ),
        Index("ix_dose_person", "person_id", "id"),
        Index(
            "ix_dose_person_sent",
            "person_id",
            "sent_at",
            postgresql_where=sql("sent_at IS NOT NULL"),
        ),
        Index("ix_dose_campaign_sent", "campaign_id", "sent_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    # Empty: the mentee asked for it (QUIZ) outside any campaign.
    campaign_id: Mapped[int | None] = mapped_column(ForeignKey("campaign.id"))
    campaign_version: Mapped[int | None]
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    # question, tip, summary
    kind: Mapped[str]
    # What it is within campaign and person: the local day, "quiz:<inbound>", "week:<Monday>".
    slot: Mapped[str]
    state: Mapped[str] = mapped_column(server_default="planned")
    # As planned, and when it will be tried next.
    planned_at: Mapped[datetime]
    due_at: Mapped[datetime]
    # Why it is not given yet, or was not given, or not answered in time.
    reason: Mapped[str | None]
    item_id: Mapped[str | None] = mapped_column(ForeignKey("item.id"))
    item_version: Mapped[int | None]
    # Why this item (bot.quizzes.selection.Reason).
    chosen: Mapped[str | None]
    language: Mapped[str | None]
    # When the question was handed to the sender; its messages name the dose (``outbox.dose_id``).
    sent_at: Mapped[datetime | None]
    # When we asked last: with the question, the reminder, or "please choose one letter".
    asked_at: Mapped[datetime | None]
    remind_at: Mapped[datetime | None]
    expires_at: Mapped[datetime | None]
    # When the clock must look at it again: the reminder or the expiry.
    look_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    # The first answer, as read; all that was typed is in ``answer``.
    option: Mapped[int | None]
    right: Mapped[bool | None]
    # Texts that could not be read as an answer.
    unreadable: Mapped[int] = mapped_column(server_default="0")


class Answer(Base):
    """One answer to one question. Append-only; keeps what is needed to compare spacing rules."""

    __tablename__ = "answer"
    __table_args__ = (
        Index("ix_answer_person", "person_id", "id"),
        Index("ix_answer_campaign_at", "campaign_id", "answered_at"),
        Index("ix_answer_item", "item_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    dose_id: Mapped[int] = mapped_column(ForeignKey("dose.id"), unique=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    campaign_id: Mapped[int | None] = mapped_column(ForeignKey("campaign.id"))
    inbound_id: Mapped[int | None] = mapped_column(ForeignKey("inbound.id"))
    item_id: Mapped[str] = mapped_column(ForeignKey("item.id"))
    item_version: Mapped[int]
    competency: Mapped[str]
    option: Mapped[int]
    right: Mapped[bool]
    # The first answer ever of this person to this item.
    first: Mapped[bool]
    # After the question had expired.
    late: Mapped[bool] = mapped_column(server_default=sql("false"))
    answered_at: Mapped[datetime]
    # Seconds from the question's leaving to the answer's arrival.
    latency: Mapped[float]
    text: Mapped[str]
    channel: Mapped[str]
    rule: Mapped[str]
    # Recall that the rule predicted before the answer, 0 to 1.
    recall: Mapped[float]
    # bot.quizzes.spacing.State before and after, as JSON.
    before: Mapped[dict[str, Any]]
    after: Mapped[dict[str, Any]]


class LearnerItem(Base):
    """What is remembered of one mentee and one item (``bot.quizzes.spacing.State``)."""

    __tablename__ = "learner_item"

    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), primary_key=True)
    item_id: Mapped[str] = mapped_column(ForeignKey("item.id"), primary_key=True)
    rule: Mapped[str]
    due: Mapped[datetime | None]
    last: Mapped[datetime | None]
    answers: Mapped[int] = mapped_column(server_default="0")
    streak: Mapped[int] = mapped_column(server_default="0")
    missed: Mapped[int] = mapped_column(server_default="0")
    retired: Mapped[datetime | None]
    stability: Mapped[float | None]
    difficulty: Mapped[float | None]
    # When it was asked last, whatever came of it.
    asked_at: Mapped[datetime]


class Preference(Base):
    """What a mentee has chosen for their questions; empty: as the campaign has it."""

    __tablename__ = "preference"

    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), primary_key=True)
    # 0 to 23, local
    hour: Mapped[int | None]
    per_week: Mapped[int | None]
    weekends: Mapped[bool | None]
    paused_until: Mapped[datetime | None]
    changed_at: Mapped[datetime]
