"""People, their addresses and the facilities they work at."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from sqlalchemy import ForeignKey, Index, UniqueConstraint, func
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column, relationship

from store.base import Base

Channel = Literal["sms", "whatsapp"]


class Facility(Base):
    """A place of work: hospital, health centre, health post, or a CHW's village."""

    __tablename__ = "facility"
    __table_args__ = (Index("uq_facility_name_district", "name", "district", unique=True),)

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    level: Mapped[str | None]
    district: Mapped[str] = mapped_column(server_default="")
    # DHIS2's id of its organisation unit.
    org_unit: Mapped[str | None] = mapped_column(ForeignKey("org_unit.uid"), unique=True)


class Person(Base):
    """A mentee, mentor, leader or coordinator, perhaps several of these, with many addresses."""

    __tablename__ = "person"
    __table_args__ = (Index("ix_person_roles", "roles", postgresql_using="gin"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    external_id: Mapped[str | None] = mapped_column(unique=True)
    name: Mapped[str] = mapped_column(server_default="")
    roles: Mapped[list[str]] = mapped_column(server_default=sql("'{mentee}'"))
    cadre: Mapped[str | None]
    facility_id: Mapped[int | None] = mapped_column(ForeignKey("facility.id"), index=True)
    association: Mapped[str | None]
    # Named by the programme, such as "cohort 3"; a campaign can be for one of them.
    groups: Mapped[list[str]] = mapped_column(server_default=sql("'{}'"))
    language: Mapped[str]
    timezone: Mapped[str]
    technical_areas: Mapped[list[str]] = mapped_column(server_default=sql("'{}'"))
    mentor_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"), index=True)
    backup_mentor_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"), index=True)
    # "unknown" (never asked), "asked", "yes", "no"
    consent: Mapped[str] = mapped_column(server_default="unknown")
    consent_at: Mapped[datetime | None]
    # STOP holds for the person on every address until START.
    stopped_at: Mapped[datetime | None]
    # A mentor's leave: until BACK, or until a moment that was said.
    away_since: Mapped[datetime | None]
    away_until: Mapped[datetime | None]
    # A mentor's week: {"mon": [["08:00", "17:00"]], …} in local time. Empty: the programme's hours.
    duty: Mapped[dict[str, Any]] = mapped_column(server_default=sql("'{}'"))
    # Most cases at once and most new ones in a day; ``None``: the programme's.
    case_cap: Mapped[int | None]
    daily_cap: Mapped[int | None]
    # Languages beside ``language`` in which a mentor answers.
    languages: Mapped[list[str]] = mapped_column(server_default=sql("'{}'"))
    # The question the product itself asked last (consent, which case, rate an answer);
    # Rasa keeps its own in slots.
    pending: Mapped[dict[str, Any] | None]
    # Last answered card: elliptical follow-ups keep the topic for a while.
    topic: Mapped[str | None]
    topic_card: Mapped[str | None]
    topic_at: Mapped[datetime | None]
    # The Rasa conversation: its number, turns so far, last turn.
    dialogue_number: Mapped[int] = mapped_column(server_default="1")
    dialogue_turns: Mapped[int] = mapped_column(server_default="0")
    dialogue_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())

    facility: Mapped[Facility | None] = relationship(lazy="joined")
    addresses: Mapped[list[Address]] = relationship(back_populates="person", order_by="Address.id")

    @property
    def is_mentor(self) -> bool:
        """Whether this person answers cases."""
        return "mentor" in self.roles


class Address(Base):
    """One way to reach a person: an SMS number, a WhatsApp number, or a WhatsApp user id."""

    __tablename__ = "address"
    __table_args__ = (UniqueConstraint("channel", "value"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    channel: Mapped[str]
    # E.164 (+2507…) or, on WhatsApp, a user id without a number (RW.1234…)
    value: Mapped[str]
    profile_name: Mapped[str | None]
    # Opens WhatsApp's 24 h window.
    last_inbound_at: Mapped[datetime | None]
    # The provider says that this address opted out (21610).
    stopped_at: Mapped[datetime | None]
    # The provider says that nobody can be reached there (21211, 63003 …).
    bad_at: Mapped[datetime | None]
    bad_code: Mapped[int | None]
    # Since when it is not certain that it is still this person's: nothing of what was is shown
    # there until they have said who they are. ``doubt``: silent (for long), new_id (another
    # WhatsApp account), not_confirmed (name and facility did not fit).
    doubted_at: Mapped[datetime | None]
    doubt: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())

    person: Mapped[Person] = relationship(back_populates="addresses")
