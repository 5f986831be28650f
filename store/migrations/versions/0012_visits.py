"""Visits and what mentors do on them."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

import store.base

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "visit",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("mentor_id", sa.BigInteger(), nullable=False),
        sa.Column("facility_id", sa.BigInteger(), nullable=False),
        sa.Column("starts_at", store.base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("days", sa.BigInteger(), server_default="1", nullable=False),
        sa.Column(
            "topics", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False
        ),
        sa.Column("state", sa.Text(), server_default="planned", nullable=False),
        sa.Column("revision", sa.BigInteger(), server_default="1", nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("created_at", store.base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("closed_at", store.base.UtcDateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("debrief", postgresql.JSONB(), server_default=sa.text("'{}'"), nullable=False),
        sa.CheckConstraint(
            "state IN ('planned', 'held', 'cancelled', 'missed', 'unreported')",
            name=op.f("ck_visit_state"),
        ),
        sa.CheckConstraint("days BETWEEN 1 AND 14", name=op.f("ck_visit_days")),
        sa.ForeignKeyConstraint(
            ["mentor_id"], ["person.id"], name=op.f("fk_visit_mentor_id_person")
        ),
        sa.ForeignKeyConstraint(
            ["facility_id"], ["facility.id"], name=op.f("fk_visit_facility_id_facility")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_visit")),
    )
    op.create_index(op.f("ix_visit_mentor_id"), "visit", ["mentor_id"])
    op.create_index(op.f("ix_visit_facility_id"), "visit", ["facility_id"])
    op.create_index("ix_visit_starts_at", "visit", ["starts_at"])
    op.create_index(
        "uq_visit_planned",
        "visit",
        ["mentor_id", "facility_id", "starts_at"],
        unique=True,
        postgresql_where=sa.text("state = 'planned'"),
    )
    op.create_table(
        "visit_person",
        sa.Column("visit_id", sa.BigInteger(), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("part", sa.Text(), nullable=False),
        sa.Column("coming", sa.Boolean(), nullable=True),
        sa.Column("answered_at", store.base.UtcDateTime(timezone=True), nullable=True),
        sa.Column("notice_key", sa.Text(), nullable=True),
        sa.Column("seen", sa.Boolean(), nullable=True),
        sa.ForeignKeyConstraint(
            ["visit_id"], ["visit.id"], name=op.f("fk_visit_person_visit_id_visit")
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_visit_person_person_id_person")
        ),
        sa.PrimaryKeyConstraint("visit_id", "person_id", name=op.f("pk_visit_person")),
        sa.UniqueConstraint("notice_key", name=op.f("uq_visit_person_notice_key")),
    )
    op.create_index(op.f("ix_visit_person_person_id"), "visit_person", ["person_id"])
    op.create_table(
        "visit_due",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("visit_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("due_at", store.base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("done_at", store.base.UtcDateTime(timezone=True), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["visit_id"], ["visit.id"], name=op.f("fk_visit_due_visit_id_visit")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_visit_due")),
    )
    op.create_index(
        "uq_visit_due_pending",
        "visit_due",
        ["visit_id", "kind"],
        unique=True,
        postgresql_where=sa.text("done_at IS NULL"),
    )
    op.create_index(
        "ix_visit_due_at", "visit_due", ["due_at"], postgresql_where=sa.text("done_at IS NULL")
    )
    op.create_index("ix_visit_due_visit", "visit_due", ["visit_id"])
    op.add_column("encounter", sa.Column("visit_id", sa.BigInteger(), nullable=True))
    op.create_foreign_key(
        op.f("fk_encounter_visit_id_visit"), "encounter", "visit", ["visit_id"], ["id"]
    )
    op.create_index(op.f("ix_encounter_visit_id"), "encounter", ["visit_id"])
    # What a mentor has done in a span of time.
    op.create_index("ix_encounter_mentor_began", "encounter", ["mentor_id", "began_at"])


def downgrade() -> None:
    op.drop_index("ix_encounter_mentor_began", "encounter")
    op.drop_index(op.f("ix_encounter_visit_id"), "encounter")
    op.drop_constraint(op.f("fk_encounter_visit_id_visit"), "encounter", type_="foreignkey")
    op.drop_column("encounter", "visit_id")
    for table in ("visit_due", "visit_person", "visit"):
        op.drop_table(table)
