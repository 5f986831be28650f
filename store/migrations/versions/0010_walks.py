"""Questions of ours that belong together, one at a time; the items of a test by phone."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

import store.base

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

LIVING = "status IN ('open', 'aside')"


def upgrade() -> None:
    """Add walks, and the items of a test."""
    _walks()
    op.create_table(
        "assessment_item",
        sa.Column("assessment_id", sa.BigInteger(), nullable=False),
        sa.Column("place", sa.BigInteger(), nullable=False),
        sa.Column("item_id", sa.Text(), nullable=False),
        sa.Column("item_version", sa.BigInteger(), nullable=False),
        sa.Column("competency", sa.Text(), nullable=False),
        sa.Column("option", sa.BigInteger(), nullable=True),
        sa.Column("right", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["assessment_id"],
            ["assessment.id"],
            name=op.f("fk_assessment_item_assessment_id_assessment"),
        ),
        sa.ForeignKeyConstraint(
            ["item_id"], ["item.id"], name=op.f("fk_assessment_item_item_id_item")
        ),
        sa.PrimaryKeyConstraint("assessment_id", "place", name=op.f("pk_assessment_item")),
    )
    op.create_index(op.f("ix_assessment_item_item_id"), "assessment_item", ["item_id"])


def _walks() -> None:
    op.create_table(
        "walk",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("state", postgresql.JSONB(), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("answers", postgresql.JSONB(), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("step", sa.Text(), nullable=True),
        sa.Column("step_at", store.base.UtcDateTime(timezone=True), nullable=True),
        sa.Column("unread", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("status", sa.Text(), server_default="open", nullable=False),
        sa.Column("begun_at", store.base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("moved_at", store.base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("reminded_at", store.base.UtcDateTime(timezone=True), nullable=True),
        sa.Column("closed_at", store.base.UtcDateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "status IN ('open', 'aside', 'done', 'dropped')", name=op.f("ck_walk_status")
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_walk_person_id_person")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_walk")),
    )
    op.create_index("ix_walk_person", "walk", ["person_id", "kind", "id"], unique=False)
    op.create_index(
        "uq_walk_open",
        "walk",
        ["person_id"],
        unique=True,
        postgresql_where=sa.text("status = 'open'"),
    )
    op.create_index(
        "uq_walk_living",
        "walk",
        ["person_id", "kind"],
        unique=True,
        postgresql_where=sa.text(LIVING),
    )
    op.create_index(
        "ix_walk_moved_at",
        "walk",
        ["moved_at"],
        unique=False,
        postgresql_where=sa.text(f"{LIVING} AND reminded_at IS NULL"),
    )


def downgrade() -> None:
    """Drop them."""
    op.drop_table("assessment_item")
    op.drop_table("walk")
