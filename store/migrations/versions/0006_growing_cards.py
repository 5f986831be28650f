"""Draft cards, their review, expiry and owners; what a training run made."""

from datetime import datetime

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

import store.base

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

JSONB = postgresql.JSONB(astext_type=sa.Text())


def moment(name: str, nullable: bool = True) -> sa.Column[datetime]:
    return sa.Column(name, store.base.UtcDateTime(timezone=True), nullable=nullable)


def upgrade() -> None:
    """Tables of drafts, events and trainings; owner, guideline and expiry of cards."""
    op.add_column("card", sa.Column("owner_id", sa.BigInteger(), nullable=True))
    op.add_column("card", sa.Column("guideline", sa.Text(), nullable=True))
    op.add_column("card", sa.Column("expires_on", sa.Date(), nullable=True))
    op.add_column("card", moment("expired_at"))
    op.create_foreign_key(op.f("fk_card_owner_id_person"), "card", "person", ["owner_id"], ["id"])
    op.create_table(
        "card_draft",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), server_default="draft", nullable=False),
        sa.Column("card_id", sa.Text(), nullable=True),
        sa.Column("case_id", sa.BigInteger(), nullable=True),
        sa.Column("proposer_id", sa.BigInteger(), nullable=True),
        sa.Column("proposed_by", sa.Text(), nullable=False),
        sa.Column("reviewer_id", sa.BigInteger(), nullable=True),
        sa.Column("reviewed_by", sa.Text(), nullable=True),
        sa.Column("content", JSONB, nullable=False),
        sa.Column(
            "acknowledged",
            postgresql.ARRAY(sa.Text()),
            server_default=sa.text("'{}'"),
            nullable=False,
        ),
        moment("proposed_at", nullable=False),
        moment("approved_at"),
        sa.Column("held_back", sa.Text(), nullable=True),
        moment("live_at"),
        moment("told_at"),
        sa.ForeignKeyConstraint(["card_id"], ["card.id"], name=op.f("fk_card_draft_card_id_card")),
        sa.ForeignKeyConstraint(["case_id"], ["case.id"], name=op.f("fk_card_draft_case_id_case")),
        sa.ForeignKeyConstraint(
            ["proposer_id"], ["person.id"], name=op.f("fk_card_draft_proposer_id_person")
        ),
        sa.ForeignKeyConstraint(
            ["reviewer_id"], ["person.id"], name=op.f("fk_card_draft_reviewer_id_person")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_card_draft")),
        sa.UniqueConstraint("case_id", name=op.f("uq_card_draft_case_id")),
    )
    op.create_index(op.f("ix_card_draft_card_id"), "card_draft", ["card_id"])
    op.create_index(
        "ix_card_draft_waiting",
        "card_draft",
        ["state"],
        postgresql_where=sa.text("state IN ('draft', 'in_review', 'approved')"),
    )
    op.create_table(
        "card_event",
        sa.Column("id", sa.BigInteger(), nullable=False),
        moment("at", nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("card_id", sa.Text(), nullable=True),
        sa.Column("draft_id", sa.BigInteger(), nullable=True),
        sa.Column("person_id", sa.BigInteger(), nullable=True),
        sa.Column("by", sa.Text(), server_default="", nullable=False),
        sa.Column("text", sa.Text(), server_default="", nullable=False),
        sa.Column("data", JSONB, server_default=sa.text("'{}'"), nullable=False),
        sa.ForeignKeyConstraint(["card_id"], ["card.id"], name=op.f("fk_card_event_card_id_card")),
        sa.ForeignKeyConstraint(
            ["draft_id"], ["card_draft.id"], name=op.f("fk_card_event_draft_id_card_draft")
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_card_event_person_id_person")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_card_event")),
    )
    op.create_index(op.f("ix_card_event_card_id"), "card_event", ["card_id"])
    op.create_index(op.f("ix_card_event_draft_id"), "card_event", ["draft_id"])
    op.create_table(
        "model_training",
        sa.Column("id", sa.BigInteger(), nullable=False),
        moment("started_at", nullable=False),
        moment("finished_at"),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("drafts", JSONB, server_default=sa.text("'[]'"), nullable=False),
        sa.Column("findings", JSONB, server_default=sa.text("'[]'"), nullable=False),
        sa.Column("model", sa.Text(), nullable=True),
        moment("loaded_at"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_model_training")),
    )
    op.create_index(op.f("ix_model_training_model"), "model_training", ["model"])
    op.add_column("card_version", sa.Column("draft_id", sa.BigInteger(), nullable=True))
    op.create_foreign_key(
        op.f("fk_card_version_draft_id_card_draft"),
        "card_version",
        "card_draft",
        ["draft_id"],
        ["id"],
    )


def downgrade() -> None:
    """Drafts, events and trainings are lost."""
    op.drop_column("card_version", "draft_id")
    op.drop_table("model_training")
    op.drop_table("card_event")
    op.drop_table("card_draft")
    for name in ("expired_at", "expires_on", "guideline", "owner_id"):
        op.drop_column("card", name)
