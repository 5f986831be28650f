"""Who a person was known as before: other records of the same human, and former numbers."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from store.base import Base


class FormerPerson(Base):
    """A record that was merged into another; its external id still leads to the person."""

    __tablename__ = "former_person"

    # The number that the record had; there is no such person any more.
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    external_id: Mapped[str | None] = mapped_column(unique=True)
    name: Mapped[str]
    merged_at: Mapped[datetime]


class FormerNumber(Base):
    """A number that was somebody's until they got another, or until it changed hands."""

    __tablename__ = "former_number"

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    channel: Mapped[str]
    value: Mapped[str]
    until: Mapped[datetime]
    # changed: they have another; given_up: somebody else has it now.
    reason: Mapped[str]
