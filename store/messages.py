"""What came in and what goes out, with everything that happened to it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, UniqueConstraint, func
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column

from store.base import Base


class Inbound(Base):
    """One message as the provider handed it over. Never changed, only its state moves.

    States: ``received`` → ``dialogue`` (Rasa has it, or is waited for) → ``done``.
    """

    __tablename__ = "inbound"
    __table_args__ = (
        UniqueConstraint("provider", "sid"),
        Index(
            "ix_inbound_waiting",
            "retry_at",
            postgresql_where=sql("state <> 'done'"),
        ),
        # The console's log.
        Index("ix_inbound_received", "received_at", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    provider: Mapped[str] = mapped_column(server_default="twilio")
    sid: Mapped[str]
    channel: Mapped[str]
    sender: Mapped[str]
    body: Mapped[str] = mapped_column(server_default="")
    # Every form field as received, in order: [[name, value], …]
    form: Mapped[list[Any]]
    received_at: Mapped[datetime]
    state: Mapped[str] = mapped_column(server_default="received")
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"), index=True)
    address_id: Mapped[int | None] = mapped_column(ForeignKey("address.id"))
    # How it was understood: consent, danger, case, command, dialogue …
    handled_as: Mapped[str | None]
    # Custom actions already carried out for this message: {action: events}
    dialogue: Mapped[dict[str, Any] | None]
    dialogue_tries: Mapped[int] = mapped_column(server_default="0")
    retry_at: Mapped[datetime | None]
    done_at: Mapped[datetime | None]


class OutboxMessage(Base):
    """One message to one person.

    States: ``queued`` → ``sending`` → ``sent`` → ``delivered`` → ``read``; or ``held`` (waits for
    the person to open WhatsApp's window), ``failed`` (the provider's word), ``dropped`` (we did
    not send it, ``reason`` says why), ``unknown`` (an attempt that ended in doubt).
    """

    __tablename__ = "outbox"
    __table_args__ = (
        Index(
            "ix_outbox_due",
            "next_attempt_at",
            postgresql_where=sql("state = 'queued' AND priority > 0"),
        ),
        # What campaigns have queued, in the order in which it leaves.
        Index(
            "ix_outbox_bulk",
            "next_attempt_at",
            "id",
            postgresql_where=sql("state = 'queued' AND priority = 0"),
        ),
        # Doses that never arrived.
        Index(
            "ix_outbox_gone",
            "created_at",
            postgresql_where=sql("state IN ('failed', 'dropped') AND dose_id IS NOT NULL"),
        ),
        # The console's log.
        Index("ix_outbox_created", "created_at", "id"),
        # What the provider refused lately, for the console.
        Index("ix_outbox_failed", "created_at", postgresql_where=sql("state = 'failed'")),
        # What a discussion has said; most messages belong to none.
        Index(
            "ix_outbox_discussion",
            "discussion_id",
            postgresql_where=sql("discussion_id IS NOT NULL"),
        ),
        # How much somebody got lately.
        Index("ix_outbox_person_attempted", "person_id", "attempted_at"),
        Index(
            "ix_outbox_person_open",
            "person_id",
            postgresql_where=sql("state IN ('queued', 'sending', 'held', 'unknown')"),
        ),
        # Most messages belong to one of these at most: an index of the others would cost a write
        # with each of a message's five changes.
        *(
            Index(f"ix_outbox_{column}", column, postgresql_where=sql(f"{column} IS NOT NULL"))
            for column in ("inbound_id", "case_id", "dose_id")
        ),
        Index(
            "ix_outbox_unsettled",
            "attempted_at",
            postgresql_where=sql("state IN ('sending', 'unknown')"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    # The address a reply must go to; empty: chosen at send time.
    address_id: Mapped[int | None] = mapped_column(ForeignKey("address.id"))
    inbound_id: Mapped[int | None] = mapped_column(ForeignKey("inbound.id"))
    case_id: Mapped[int | None] = mapped_column(ForeignKey("case.id"))
    dose_id: Mapped[int | None] = mapped_column(ForeignKey("dose.id"))
    # The discussion that it belongs to: quoting it replies to all.
    discussion_id: Mapped[int | None] = mapped_column(ForeignKey("discussion.id"))
    kind: Mapped[str]
    # Once per key, for ever: a job that runs twice says a thing once.
    dedupe_key: Mapped[str] = mapped_column(unique=True)
    language: Mapped[str]
    body: Mapped[str]
    # Name of a menu of channels/templates.yml: buttons on WhatsApp, a line of numbers on SMS.
    menu: Mapped[str | None]
    # Unused, and not read any more: the release after this one can drop it, because no process
    # that runs beside it then will ask for it.
    menu_variables: Mapped[dict[str, Any] | None] = mapped_column(deferred=True)
    media_url: Mapped[str | None]
    # What goes out instead when WhatsApp's window is closed.
    template: Mapped[str | None]
    template_variables: Mapped[dict[str, Any] | None]
    # The template says all that the body says; otherwise it knocks and the body is held.
    template_is_enough: Mapped[bool] = mapped_column(server_default=sql("false"))
    priority: Mapped[int]
    created_at: Mapped[datetime]
    next_attempt_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]
    state: Mapped[str] = mapped_column(server_default="queued")
    reason: Mapped[str | None]
    error_code: Mapped[int | None]
    attempts: Mapped[int] = mapped_column(server_default="0")
    attempted_at: Mapped[datetime | None]
    sent_at: Mapped[datetime | None]
    delivered_at: Mapped[datetime | None]
    read_at: Mapped[datetime | None]
    provider_sid: Mapped[str | None] = mapped_column(unique=True)
    sent_to: Mapped[str | None]
    channel: Mapped[str | None]
    sent_body: Mapped[str | None]
    # Campaigns: {quiet, weekends, timezone}, within which it may go; empty: the usual night.
    hours: Mapped[dict[str, Any] | None]
    # free, or template (what WhatsApp charges for)
    form: Mapped[str | None]
    segments: Mapped[int | None]


class Attempt(Base):
    """One call of the provider, committed before it is made."""

    __tablename__ = "attempt"

    id: Mapped[int] = mapped_column(primary_key=True)
    outbox_id: Mapped[int] = mapped_column(ForeignKey("outbox.id"), index=True)
    started_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    provider_sid: Mapped[str | None] = mapped_column(index=True)
    outcome: Mapped[str | None]
    error_code: Mapped[int | None]
    detail: Mapped[str | None]


class StatusCallback(Base):
    """A status callback as received; it may come before our own commit of the send."""

    __tablename__ = "status_callback"
    __table_args__ = (
        UniqueConstraint("sid", "status", "error_code", postgresql_nulls_not_distinct=True),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    sid: Mapped[str]
    status: Mapped[str]
    error_code: Mapped[int | None]
    form: Mapped[list[Any]]
    received_at: Mapped[datetime] = mapped_column(server_default=func.now())


class ContentTemplate(Base):
    """The provider's id of one of our templates in one language."""

    __tablename__ = "content_template"

    name: Mapped[str] = mapped_column(primary_key=True)
    language: Mapped[str] = mapped_column(primary_key=True)
    content_sid: Mapped[str]
    approval: Mapped[str] = mapped_column(server_default="unknown")
    seen_at: Mapped[datetime]


class Flag(Base):
    """A state of the whole house that every process must see (the sender is stopped, …)."""

    __tablename__ = "flag"

    name: Mapped[str] = mapped_column(primary_key=True)
    until: Mapped[datetime | None]
    reason: Mapped[str]
    set_at: Mapped[datetime]
