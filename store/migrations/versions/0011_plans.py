"""Goals, coaching plans, certificates."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

import store.base

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "certificate",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("cadre", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("facility", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("entries", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("issued_at", store.base.UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_certificate_person_id_person")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_certificate")),
        sa.UniqueConstraint("number", name=op.f("uq_certificate_number")),
        sa.UniqueConstraint("person_id", "cadre", name=op.f("uq_certificate_person_id_cadre")),
    )
    op.create_table(
        "goal",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("competency", sa.Text(), nullable=True),
        sa.Column("words", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("state", sa.Text(), server_default="proposed", nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("proposed_at", store.base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("begun_at", store.base.UtcDateTime(timezone=True), nullable=True),
        sa.Column("ended_at", store.base.UtcDateTime(timezone=True), nullable=True),
        sa.Column("mentors_others", sa.Boolean(), nullable=True),
        sa.CheckConstraint(
            "(ended_at IS NULL) = (state IN ('proposed', 'active'))", name=op.f("ck_goal_ended")
        ),
        sa.CheckConstraint("competency IS NOT NULL OR words <> ''", name=op.f("ck_goal_about")),
        sa.CheckConstraint(
            "state IN ('proposed', 'active', 'reached', 'dropped')", name=op.f("ck_goal_state")
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_goal_person_id_person")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_goal")),
        sa.UniqueConstraint("key", name=op.f("uq_goal_key")),
    )
    op.create_index("ix_goal_person", "goal", ["person_id"], unique=False)
    op.create_index(
        "uq_goal_live",
        "goal",
        ["person_id", "state"],
        unique=True,
        postgresql_where=sa.text("state IN ('proposed', 'active')"),
    )
    op.create_table(
        "plan_due",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("due_at", store.base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("done_at", store.base.UtcDateTime(timezone=True), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.CheckConstraint("(kind = 'gaps') = (person_id IS NULL)", name=op.f("ck_plan_due_whose")),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_plan_due_person_id_person")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plan_due")),
    )
    op.create_index(
        "ix_plan_due_at",
        "plan_due",
        ["due_at"],
        unique=False,
        postgresql_where=sa.text("done_at IS NULL"),
    )
    op.create_index(
        "uq_plan_due_gaps",
        "plan_due",
        ["kind"],
        unique=True,
        postgresql_where=sa.text("done_at IS NULL AND person_id IS NULL"),
    )
    op.create_index(
        "uq_plan_due_pending",
        "plan_due",
        ["person_id", "kind"],
        unique=True,
        postgresql_where=sa.text("done_at IS NULL"),
    )
    op.create_table(
        "plan_item",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("mentee_id", sa.BigInteger(), nullable=False),
        sa.Column("competency", sa.Text(), nullable=True),
        sa.Column("gap", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("owner_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), server_default="open", nullable=False),
        sa.Column("created_at", store.base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("ended_at", store.base.UtcDateTime(timezone=True), nullable=True),
        sa.Column("ended_by_id", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(
            "(ended_at IS NULL) = (state = 'open')", name=op.f("ck_plan_item_ended")
        ),
        sa.CheckConstraint("state IN ('open', 'done', 'dropped')", name=op.f("ck_plan_item_state")),
        sa.ForeignKeyConstraint(
            ["ended_by_id"], ["person.id"], name=op.f("fk_plan_item_ended_by_id_person")
        ),
        sa.ForeignKeyConstraint(
            ["mentee_id"], ["person.id"], name=op.f("fk_plan_item_mentee_id_person")
        ),
        sa.ForeignKeyConstraint(
            ["owner_id"], ["person.id"], name=op.f("fk_plan_item_owner_id_person")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plan_item")),
        sa.UniqueConstraint("key", name=op.f("uq_plan_item_key")),
        sa.UniqueConstraint("owner_id", "number", name=op.f("uq_plan_item_owner_id_number")),
    )
    op.create_index("ix_plan_item_mentee", "plan_item", ["mentee_id", "state"], unique=False)


def downgrade() -> None:
    op.drop_table("plan_item")
    op.drop_table("plan_due")
    op.drop_table("goal")
    op.drop_table("certificate")
