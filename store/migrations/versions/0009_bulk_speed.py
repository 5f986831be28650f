"""What makes bulk sending cheaper; why an item was withdrawn."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

COLUMNS = ("inbound_id", "case_id", "dose_id")


def upgrade() -> None:
    """What makes bulk sending cheaper."""
    _bulk_upgrade()
    _bank_upgrade()


def downgrade() -> None:
    """Back to what was before."""
    _bank_downgrade()
    _bulk_downgrade()


# Bulk: fewer index entries for each change of a message. Every change of its state writes one into
# each index that holds the row; few messages belong to an inbound message or a case, and the sid
# of a callback begins its unique index already.


def _bulk_upgrade() -> None:
    for column in COLUMNS:
        op.drop_index(f"ix_outbox_{column}", table_name="outbox")
        op.create_index(
            f"ix_outbox_{column}",
            "outbox",
            [column],
            postgresql_where=sa.text(f"{column} IS NOT NULL"),
        )
    op.drop_index("ix_status_callback_sid", table_name="status_callback")


def _bulk_downgrade() -> None:
    op.create_index("ix_status_callback_sid", "status_callback", ["sid"])
    for column in COLUMNS:
        op.drop_index(f"ix_outbox_{column}", table_name="outbox")
        op.create_index(f"ix_outbox_{column}", "outbox", [column])


# The bank: why an item was withdrawn.


def _bank_upgrade() -> None:
    op.add_column("item", sa.Column("withdrawn_reason", sa.Text(), nullable=True))


def _bank_downgrade() -> None:
    op.drop_column("item", "withdrawn_reason")
