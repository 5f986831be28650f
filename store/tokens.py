"""Tokens by which programs read and write through ``/api/v1``."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column

from store.base import Base


class ApiToken(Base):
    """What a program may see and do. Only a hash of the token is kept."""

    __tablename__ = "api_token"
    __table_args__ = (
        CheckConstraint("role IN ('admin', 'coordinator', 'mentor', 'viewer')", name="role"),
        CheckConstraint("district IS NULL OR role = 'coordinator'", name="district"),
        CheckConstraint("role <> 'mentor' OR person_id IS NOT NULL", name="mentor"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    token_hash: Mapped[str] = mapped_column(unique=True)
    # How it begins, by which people tell one from another.
    begins: Mapped[str]
    # As of an account.
    role: Mapped[str]
    district: Mapped[str | None]
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"), index=True)
    may_write: Mapped[bool] = mapped_column(server_default=sql("false"))
    # Empty: the command line.
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    made_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
