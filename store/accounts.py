"""Accounts of the console, their links and sign-ins, and the audit."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column

from store.base import Base


class Account(Base):
    """Who may sign in to the console, as what, and for whom."""

    __tablename__ = "account"
    __table_args__ = (
        CheckConstraint("email = lower(email)", name="email"),
        CheckConstraint("role IN ('admin', 'coordinator', 'mentor', 'viewer')", name="role"),
        CheckConstraint("district IS NULL OR role = 'coordinator'", name="district"),
        CheckConstraint("role <> 'mentor' OR person_id IS NOT NULL", name="mentor"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    # admin, coordinator, mentor, viewer
    role: Mapped[str]
    # A coordinator who sees this district only; empty: all of them.
    district: Mapped[str | None]
    # Who a mentor is in the programme.
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"), index=True)
    language: Mapped[str]
    # Argon2's own form, with its parameters; empty until a link was used.
    password: Mapped[str | None]
    # Wrong passwords and codes since the last right one, and what came of them.
    failures: Mapped[int] = mapped_column(server_default="0")
    locked_until: Mapped[datetime | None]
    # Of the app that makes one-time codes; it counts once a first code was right.
    totp_secret: Mapped[str | None]
    totp_since: Mapped[datetime | None]
    # The last half minute whose code was used: a code works once.
    totp_step: Mapped[int | None]
    disabled_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    signed_in_at: Mapped[datetime | None]


class AccountLink(Base):
    """A link that sets a password, once. Only a hash of what is in it is kept."""

    __tablename__ = "account_link"

    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), index=True)
    token_hash: Mapped[str] = mapped_column(unique=True)
    made_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    # Used, or replaced by a newer one.
    used_at: Mapped[datetime | None]


class SignIn(Base):
    """One browser that signed in, from then until it left. The cookie holds the token.

    ``complete``: password and, where it is asked for, the code were right.
    """

    __tablename__ = "sign_in"
    __table_args__ = (
        Index("ix_sign_in_open", "account_id", postgresql_where=sql("ended_at IS NULL")),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    token_hash: Mapped[str] = mapped_column(unique=True)
    complete: Mapped[bool]
    begun_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class AuditEntry(Base):
    """Who saw or changed what, and of whom. Never changed, and outlives what it is about."""

    __tablename__ = "audit_entry"
    __table_args__ = (
        Index("ix_audit_entry_account", "account_id", "id"),
        Index("ix_audit_entry_person", "person_id", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    # Empty: the command line.
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    # In the past tense: signed_in, person_seen, case_answered …
    what: Mapped[str]
    # Numbers of records, without a constraint: they may be merged or deleted later.
    person_id: Mapped[int | None]
    case_id: Mapped[int | None]
    of_account_id: Mapped[int | None]
    # Codes, names of reports and the like; never what people wrote.
    data: Mapped[dict[str, Any]] = mapped_column(server_default=sql("'{}'"))
