"""Group discussions: who hosts and takes part, what was said, and who has been told what."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column

from store.base import Base


class Discussion(Base):
    """States: ``draft`` → ``planned`` (has an hour) → ``live`` ⇄ ``paused`` → ``ended``.

    ``cancelled``: it never began.
    """

    __tablename__ = "discussion"
    __table_args__ = (
        Index(
            "ix_discussion_due",
            "due_at",
            postgresql_where=sql("state IN ('planned', 'live', 'paused')"),
        ),
        # Whoever hosts one finishes it before the next.
        Index(
            "uq_discussion_host_open",
            "host_id",
            unique=True,
            postgresql_where=sql("state IN ('planned', 'live', 'paused')"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    host_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    # The case it was posed from; its words were confirmed by the host.
    case_id: Mapped[int | None] = mapped_column(ForeignKey("case.id"), index=True)
    topic: Mapped[str | None]
    # The posed case, without identifiers.
    pose: Mapped[str] = mapped_column(server_default="")
    # open: replies go to all at once; moderated: to the host first.
    mode: Mapped[str] = mapped_column(server_default="open")
    state: Mapped[str] = mapped_column(server_default="draft")
    created_at: Mapped[datetime]
    starts_at: Mapped[datetime | None]
    started_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    # When the host was told that the hour is over.
    hour_over_at: Mapped[datetime | None]
    # When the clock must look at it again.
    due_at: Mapped[datetime | None]
    summary: Mapped[str] = mapped_column(server_default="")
    # SMS segments that relaying has used.
    segments: Mapped[int] = mapped_column(server_default="0")
    budget_told_at: Mapped[datetime | None]


class DiscussionMember(Base):
    """One person in one discussion; the host is a member too.

    States: ``invited`` → ``joined`` → ``done`` (it ended); or ``declined``, ``left``, ``removed``,
    ``missed`` (it ended without an answer to the invitation).
    """

    __tablename__ = "discussion_member"
    __table_args__ = (
        UniqueConstraint("discussion_id", "person_id"),
        # Nobody takes part in two at once: a text could not be told apart.
        Index(
            "uq_discussion_member_joined",
            "person_id",
            unique=True,
            postgresql_where=sql("state = 'joined'"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    discussion_id: Mapped[int] = mapped_column(ForeignKey("discussion.id"))
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    # Where they joined from; replies go there.
    address_id: Mapped[int | None] = mapped_column(ForeignKey("address.id"))
    state: Mapped[str] = mapped_column(server_default="invited")
    invited_at: Mapped[datetime]
    joined_at: Mapped[datetime | None]
    left_at: Mapped[datetime | None]
    nudged_at: Mapped[datetime | None]


class DiscussionPost(Base):
    """What one member said. ``asked``: waits for the host; ``shown``; ``dropped`` by the host."""

    __tablename__ = "discussion_post"
    __table_args__ = (
        # A job that runs twice posts once.
        UniqueConstraint("discussion_id", "inbound_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    discussion_id: Mapped[int] = mapped_column(ForeignKey("discussion.id"), index=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    inbound_id: Mapped[int] = mapped_column(ForeignKey("inbound.id"), index=True)
    at: Mapped[datetime]
    # Without identifiers.
    text: Mapped[str]
    has_media: Mapped[bool] = mapped_column(server_default=sql("false"))
    state: Mapped[str]
    # When the host was asked about it.
    asked_at: Mapped[datetime | None]


class Relay(Base):
    """One post for one reader: ``waiting`` (``reason`` says why) → ``said`` or ``dropped``."""

    __tablename__ = "relay"
    __table_args__ = (
        UniqueConstraint("post_id", "person_id"),
        Index("ix_relay_waiting", "discussion_id", postgresql_where=sql("state = 'waiting'")),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    discussion_id: Mapped[int] = mapped_column(ForeignKey("discussion.id"))
    post_id: Mapped[int] = mapped_column(ForeignKey("discussion_post.id"))
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    state: Mapped[str] = mapped_column(server_default="waiting")
    created_at: Mapped[datetime]
    due_at: Mapped[datetime]
    said_at: Mapped[datetime | None]
    reason: Mapped[str | None]
