"""People who move, doubted numbers, stock-outs."""

from typing import Any

import sqlalchemy as sa
from alembic import op

import store.base

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def _at(name: str, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, store.base.UtcDateTime(timezone=True), nullable=nullable)


def upgrade() -> None:
    op.add_column("address", _at("doubted_at", nullable=True))
    op.add_column("address", sa.Column("doubt", sa.Text(), nullable=True))
    op.create_table(
        "former_person",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        _at("merged_at"),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_former_person_person_id_person")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_former_person")),
        sa.UniqueConstraint("external_id", name=op.f("uq_former_person_external_id")),
    )
    op.create_index(op.f("ix_former_person_person_id"), "former_person", ["person_id"])
    op.create_table(
        "former_number",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        _at("until"),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_former_number_person_id_person")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_former_number")),
    )
    op.create_index(op.f("ix_former_number_person_id"), "former_number", ["person_id"])
    op.create_table(
        "stock_report",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("item", sa.Text(), nullable=False),
        sa.Column("facility_id", sa.BigInteger(), nullable=False),
        sa.Column("urgency", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), server_default="open", nullable=False),
        _at("opened_at"),
        _at("moved_at"),
        _at("closed_at", nullable=True),
        sa.Column("closed_by", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "state IN ('open', 'sent', 'refused', 'arrived', 'closed')",
            name=op.f("ck_stock_report_state"),
        ),
        sa.CheckConstraint("urgency IN ('none', 'days')", name=op.f("ck_stock_report_urgency")),
        sa.CheckConstraint(
            "(state = 'closed') = (closed_at IS NOT NULL)", name=op.f("ck_stock_report_closed")
        ),
        sa.ForeignKeyConstraint(
            ["facility_id"], ["facility.id"], name=op.f("fk_stock_report_facility_id_facility")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stock_report")),
    )
    for name, columns in (
        ("uq_stock_report_open", ["item", "facility_id"]),
        ("uq_stock_report_code_open", ["code"]),
    ):
        op.create_index(
            name,
            "stock_report",
            columns,
            unique=True,
            postgresql_where=sa.text("state <> 'closed'"),
        )
    op.create_index("ix_stock_report_opened_at", "stock_report", ["opened_at"])
    op.create_index(op.f("ix_stock_report_facility_id"), "stock_report", ["facility_id"])
    op.create_table(
        "stock_reporter",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("report_id", sa.BigInteger(), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("address_id", sa.BigInteger(), nullable=True),
        _at("reported_at"),
        sa.ForeignKeyConstraint(
            ["report_id"],
            ["stock_report.id"],
            name=op.f("fk_stock_reporter_report_id_stock_report"),
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_stock_reporter_person_id_person")
        ),
        sa.ForeignKeyConstraint(
            ["address_id"], ["address.id"], name=op.f("fk_stock_reporter_address_id_address")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stock_reporter")),
        sa.UniqueConstraint(
            "report_id", "person_id", name=op.f("uq_stock_reporter_report_id_person_id")
        ),
    )
    op.create_index(op.f("ix_stock_reporter_person_id"), "stock_reporter", ["person_id"])
    op.create_table(
        "stock_event",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("report_id", sa.BigInteger(), nullable=False),
        _at("at"),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=True),
        sa.Column("inbound_id", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["report_id"], ["stock_report.id"], name=op.f("fk_stock_event_report_id_stock_report")
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_stock_event_person_id_person")
        ),
        sa.ForeignKeyConstraint(
            ["inbound_id"], ["inbound.id"], name=op.f("fk_stock_event_inbound_id_inbound")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stock_event")),
    )
    op.create_index(op.f("ix_stock_event_report_id"), "stock_event", ["report_id"])
    op.create_index(op.f("ix_stock_event_person_id"), "stock_event", ["person_id"])
    op.create_table(
        "stock_due",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("report_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        _at("due_at"),
        _at("done_at", nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["report_id"], ["stock_report.id"], name=op.f("fk_stock_due_report_id_stock_report")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stock_due")),
    )
    op.create_index(
        "uq_stock_due_pending",
        "stock_due",
        ["report_id", "kind"],
        unique=True,
        postgresql_where=sa.text("done_at IS NULL"),
    )
    op.create_index(
        "ix_stock_due_at", "stock_due", ["due_at"], postgresql_where=sa.text("done_at IS NULL")
    )


def downgrade() -> None:
    for table in (
        "stock_due", "stock_event", "stock_reporter", "stock_report", "former_number",
        "former_person",
    ):  # fmt: skip
        op.drop_table(table)
    op.drop_column("address", "doubt")
    op.drop_column("address", "doubted_at")
