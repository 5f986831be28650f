"""Stock-outs: what is missing where, who said so, and what became of it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column

from store.base import Base


class StockReport(Base):
    """One item that is missing at one facility, from the first report until it is there again.

    States: ``open`` → ``sent`` (on its way) or ``refused`` (cannot be supplied now) → ``arrived``
    (so the focal person says) → ``closed``. Whoever reports the same again joins the open one.
    """

    __tablename__ = "stock_report"
    __table_args__ = (
        CheckConstraint("state IN ('open', 'sent', 'refused', 'arrived', 'closed')", name="state"),
        CheckConstraint("urgency IN ('none', 'days')", name="urgency"),
        CheckConstraint("(state = 'closed') = (closed_at IS NOT NULL)", name="closed"),
        Index(
            "uq_stock_report_open",
            "item",
            "facility_id",
            unique=True,
            postgresql_where=sql("state <> 'closed'"),
        ),
        # A code is never reused while its report is open.
        Index(
            "uq_stock_report_code_open",
            "code",
            unique=True,
            postgresql_where=sql("state <> 'closed'"),
        ),
        Index("ix_stock_report_opened_at", "opened_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str]
    # An id of bot/mentoring/stock_items.yml.
    item: Mapped[str]
    facility_id: Mapped[int] = mapped_column(ForeignKey("facility.id"), index=True)
    # none: nothing is left; days: enough for a few days.
    urgency: Mapped[str]
    state: Mapped[str] = mapped_column(server_default="open")
    opened_at: Mapped[datetime]
    moved_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]
    # confirmed, office, silence: who or what closed it.
    closed_by: Mapped[str | None]


class StockReporter(Base):
    """Somebody who said that it is missing, and hears what becomes of it."""

    __tablename__ = "stock_reporter"
    __table_args__ = (UniqueConstraint("report_id", "person_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    report_id: Mapped[int] = mapped_column(ForeignKey("stock_report.id"))
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    # Where they said so; news goes back there.
    address_id: Mapped[int | None] = mapped_column(ForeignKey("address.id"))
    reported_at: Mapped[datetime]


class StockEvent(Base):
    """What happened with a report, in the past tense: reported, joined, told, sent, closed …"""

    __tablename__ = "stock_event"

    id: Mapped[int] = mapped_column(primary_key=True)
    report_id: Mapped[int] = mapped_column(ForeignKey("stock_report.id"), index=True)
    at: Mapped[datetime]
    kind: Mapped[str]
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"), index=True)
    inbound_id: Mapped[int | None] = mapped_column(ForeignKey("inbound.id"))


class StockDue(Base):
    """When a report must be looked at: ``remind``, ``alert``, ``ask``, ``close``."""

    __tablename__ = "stock_due"
    __table_args__ = (
        Index(
            "uq_stock_due_pending",
            "report_id",
            "kind",
            unique=True,
            postgresql_where=sql("done_at IS NULL"),
        ),
        Index("ix_stock_due_at", "due_at", postgresql_where=sql("done_at IS NULL")),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    report_id: Mapped[int] = mapped_column(ForeignKey("stock_report.id"))
    kind: Mapped[str]
    due_at: Mapped[datetime]
    done_at: Mapped[datetime | None]
    outcome: Mapped[str | None]
