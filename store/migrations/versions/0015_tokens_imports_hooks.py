"""Tokens of the API, files of people that are being imported, outgoing webhooks."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

import store.base

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def moment(name: str, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, store.base.UtcDateTime(timezone=True), nullable=nullable)


def upgrade() -> None:
    op.create_table(
        "api_token",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("token_hash", sa.Text(), nullable=False),
        sa.Column("begins", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("district", sa.Text(), nullable=True),
        sa.Column("person_id", sa.BigInteger(), nullable=True),
        sa.Column("may_write", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=True),
        moment("made_at"),
        moment("expires_at"),
        moment("used_at", nullable=True),
        moment("revoked_at", nullable=True),
        sa.CheckConstraint(
            "role IN ('admin', 'coordinator', 'mentor', 'viewer')", name=op.f("ck_api_token_role")
        ),
        sa.CheckConstraint(
            "district IS NULL OR role = 'coordinator'", name=op.f("ck_api_token_district")
        ),
        sa.CheckConstraint(
            "role <> 'mentor' OR person_id IS NOT NULL", name=op.f("ck_api_token_mentor")
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_api_token_person_id_person")
        ),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_api_token_account_id_account")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_token")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_api_token_token_hash")),
    )
    op.create_index(op.f("ix_api_token_person_id"), "api_token", ["person_id"], unique=False)
    op.create_table(
        "file_import",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=True),
        sa.Column("token_id", sa.BigInteger(), nullable=True),
        sa.Column("district", sa.Text(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=True),
        sa.Column("state", sa.Text(), server_default="checking", nullable=False),
        sa.Column("rows", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("at_row", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("added", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column(
            "problems", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False
        ),
        sa.Column(
            "notes", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False
        ),
        sa.Column(
            "sample",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'[]'"),
            nullable=False,
        ),
        moment("made_at"),
        moment("moved_at"),
        sa.CheckConstraint(
            "state IN ('checking', 'ready', 'importing', 'done', 'refused', 'dropped')",
            name=op.f("ck_file_import_state"),
        ),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_file_import_account_id_account")
        ),
        sa.ForeignKeyConstraint(
            ["token_id"], ["api_token.id"], name=op.f("fk_file_import_token_id_api_token")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_file_import")),
    )
    op.create_index(op.f("ix_file_import_account_id"), "file_import", ["account_id"], unique=False)
    op.create_index(op.f("ix_file_import_token_id"), "file_import", ["token_id"], unique=False)
    op.create_index(
        "ix_file_import_open",
        "file_import",
        ["moved_at"],
        unique=False,
        postgresql_where=sa.text("content IS NOT NULL"),
    )
    op.create_table(
        "hook",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("events", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("secret", sa.Text(), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=True),
        moment("made_at"),
        moment("ended_at", nullable=True),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_hook_account_id_account")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hook")),
    )
    op.create_table(
        "hook_delivery",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("hook_id", sa.BigInteger(), nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("data", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        moment("happened_at"),
        sa.Column("state", sa.Text(), server_default="waiting", nullable=False),
        moment("due_at"),
        sa.Column("attempts", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("status", sa.BigInteger(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        moment("ended_at", nullable=True),
        sa.CheckConstraint(
            "state IN ('waiting', 'sent', 'dead', 'dropped')", name=op.f("ck_hook_delivery_state")
        ),
        sa.ForeignKeyConstraint(
            ["hook_id"], ["hook.id"], name=op.f("fk_hook_delivery_hook_id_hook")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hook_delivery")),
    )
    op.create_index(
        "ix_hook_delivery_due",
        "hook_delivery",
        ["due_at"],
        unique=False,
        postgresql_where=sa.text("state = 'waiting'"),
    )
    op.create_index("ix_hook_delivery_hook", "hook_delivery", ["hook_id", "id"], unique=False)


def downgrade() -> None:
    for table in ("hook_delivery", "hook", "file_import", "api_token"):
        op.drop_table(table)
