"""Answer cards, their versions, and the questions that were asked."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, UniqueConstraint, func
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

    card: Mapped[Card] = relationship(back_populates="versions")


class Question(Base):
    """A question as asked, what the library made of it, and whether that helped.

    ``decision``: ``answer``, ``ask`` (did you mean), ``case``, ``emergency``.
    """

    __tablename__ = "question"

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
