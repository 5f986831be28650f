"""Answer cards, their versions, drafts of them, and the questions that were asked."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, UniqueConstraint, func
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column, relationship

from store.base import Base


class Card(Base):
    """An answer card. Its words are in its versions; ``live_version`` is what is sent."""

    __tablename__ = "card"

    id: Mapped[str] = mapped_column(primary_key=True)
    topic: Mapped[str] = mapped_column(index=True)
    live_version: Mapped[int | None]
    withdrawn_at: Mapped[datetime | None]
    # Who answers for it, the guideline it rests on, and the first day on which it is too old.
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    guideline: Mapped[str | None]
    expires_on: Mapped[date | None]
    # Set by the clock once it is too old; it is not sent from then on.
    expired_at: Mapped[datetime | None]

    versions: Mapped[list[CardVersion]] = relationship(
        back_populates="card", order_by="CardVersion.version"
    )


class CardVersion(Base):
    """One wording of a card. Never changed once written."""

    __tablename__ = "card_version"
    __table_args__ = (UniqueConstraint("card_id", "version"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    card_id: Mapped[str] = mapped_column(ForeignKey("card.id"))
    version: Mapped[int]
    # {language: text}
    title: Mapped[dict[str, Any]]
    topic_title: Mapped[dict[str, Any]]
    answer: Mapped[dict[str, Any]]
    # {language: [text, …]}
    examples: Mapped[dict[str, Any]]
    follow_ups: Mapped[dict[str, Any]] = mapped_column(server_default=sql("'{}'"))
    facts: Mapped[list[str]] = mapped_column(server_default=sql("'{}'"))
    cadres: Mapped[list[str]] = mapped_column(server_default=sql("'{}'"))
    source: Mapped[str]
    emergency: Mapped[str | None]
    review: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    # The draft that it was approved as; none for cards from a file.
    draft_id: Mapped[int | None] = mapped_column(ForeignKey("card_draft.id", use_alter=True))

    card: Mapped[Card] = relationship(back_populates="versions")


class CardDraft(Base):
    """A card, or a new version of one, on its way to the library.

    States: ``bot.knowledge.rules.MOVES``. ``card_id``: the card that it changes or becomes, once
    that is known.
    """

    __tablename__ = "card_draft"
    __table_args__ = (
        Index(
            "ix_card_draft_waiting",
            "state",
            postgresql_where=sql("state IN ('draft', 'in_review', 'approved')"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    state: Mapped[str] = mapped_column(server_default="draft")
    card_id: Mapped[str | None] = mapped_column(ForeignKey("card.id"), index=True)
    case_id: Mapped[int | None] = mapped_column(ForeignKey("case.id"), unique=True)
    proposer_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    proposed_by: Mapped[str]
    reviewer_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    reviewed_by: Mapped[str | None]
    # What a card file holds for one card, with topic, guideline, owner and expiry beside it.
    content: Mapped[dict[str, Any]]
    # Cards that it is close to, and that a reviewer has looked at.
    acknowledged: Mapped[list[str]] = mapped_column(server_default=sql("'{}'"))
    proposed_at: Mapped[datetime]
    approved_at: Mapped[datetime | None]
    # Why the model that was trained with it was not published; it waits for a person.
    held_back: Mapped[str | None]
    live_at: Mapped[datetime | None]
    # When whoever had asked was told.
    told_at: Mapped[datetime | None]


class CardEvent(Base):
    """What happened to a draft or a card, in the past tense. Never changed once written."""

    __tablename__ = "card_event"

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    kind: Mapped[str]
    card_id: Mapped[str | None] = mapped_column(ForeignKey("card.id"), index=True)
    draft_id: Mapped[int | None] = mapped_column(ForeignKey("card_draft.id"), index=True)
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    # Whoever it was, as named; empty for the product itself.
    by: Mapped[str] = mapped_column(server_default="")
    text: Mapped[str] = mapped_column(server_default="")
    data: Mapped[dict[str, Any]] = mapped_column(server_default=sql("'{}'"))


class ModelTraining(Base):
    """One training in the background and what came of it.

    ``outcome``: ``published``, ``kept_back`` (the gate), ``failed``; none while it goes on.
    """

    __tablename__ = "model_training"

    id: Mapped[int] = mapped_column(primary_key=True)
    started_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    outcome: Mapped[str | None]
    drafts: Mapped[list[Any]] = mapped_column(server_default=sql("'[]'"))
    findings: Mapped[list[Any]] = mapped_column(server_default=sql("'[]'"))
    # SHA-256 of the model, and when every dialogue server had it.
    model: Mapped[str | None] = mapped_column(index=True)
    loaded_at: Mapped[datetime | None]


class Question(Base):
    """A question as asked, what the library made of it, and whether that helped.

    ``decision``: ``answer``, ``ask`` (did you mean), ``case``, ``emergency``.
    """

    __tablename__ = "question"
    __table_args__ = (
        # How often a card was sent lately, and did not help.
        Index(
            "ix_question_card",
            "card_id",
            "asked_at",
            postgresql_where=sql("card_id IS NOT NULL"),
            postgresql_include=["helpful"],
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    inbound_id: Mapped[int] = mapped_column(ForeignKey("inbound.id"), unique=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    text: Mapped[str]
    language: Mapped[str]
    # [{card, confidence}, …], best first
    ranking: Mapped[list[Any]]
    decision: Mapped[str]
    # The choices offered in "did you mean", in order.
    offered: Mapped[list[str]] = mapped_column(server_default=sql("'{}'"))
    card_id: Mapped[str | None] = mapped_column(ForeignKey("card.id"))
    card_version: Mapped[int | None]
    case_id: Mapped[int | None] = mapped_column(ForeignKey("case.id"))
    helpful: Mapped[bool | None]
    asked_at: Mapped[datetime]
    answered_at: Mapped[datetime | None]
