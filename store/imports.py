"""Files of people that were handed in by the console or the API, and what became of them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column

from store.base import Base


class FileImport(Base):
    """States: ``checking`` → ``refused`` or ``ready`` → ``importing`` → ``done`` or ``refused``.

    One that is ready may be ``dropped`` instead. The file itself is kept only while it is needed.
    """

    __tablename__ = "file_import"
    __table_args__ = (
        CheckConstraint(
            "state IN ('checking', 'ready', 'importing', 'done', 'refused', 'dropped')",
            name="state",
        ),
        Index(
            "ix_file_import_open",
            "moved_at",
            postgresql_where=sql("content IS NOT NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    # Whose it is; with a token beside it, it came by the API.
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"), index=True)
    token_id: Mapped[int | None] = mapped_column(ForeignKey("api_token.id"), index=True)
    # Rows of another district are refused; empty: everybody may be in it.
    district: Mapped[str | None]
    name: Mapped[str]
    content: Mapped[bytes | None] = mapped_column(deferred=True)
    state: Mapped[str] = mapped_column(server_default="checking")
    # How many rows there are, and with how many it is through.
    rows: Mapped[int] = mapped_column(server_default="0")
    at_row: Mapped[int] = mapped_column(server_default="0")
    # How many of the people are new.
    added: Mapped[int] = mapped_column(server_default="0")
    problems: Mapped[list[str]] = mapped_column(server_default=sql("'{}'"))
    notes: Mapped[list[str]] = mapped_column(server_default=sql("'{}'"))
    # The first rows as they were read, [{column: cell}, …]; gone with the file.
    sample: Mapped[list[Any]] = mapped_column(server_default=sql("'[]'"))
    made_at: Mapped[datetime]
    moved_at: Mapped[datetime]
