"""The console's log of messages by time, and how often each card was sent."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """What the log and the library are read by."""
    op.create_index("ix_outbox_created", "outbox", ["created_at", "id"])
    op.create_index("ix_inbound_received", "inbound", ["received_at", "id"])
    op.create_index(
        "ix_question_card",
        "question",
        ["card_id", "asked_at"],
        postgresql_where=sa.text("card_id IS NOT NULL"),
        postgresql_include=["helpful"],
    )


def downgrade() -> None:
    """Back to what was before."""
    op.drop_index("ix_question_card", table_name="question")
    op.drop_index("ix_inbound_received", table_name="inbound")
    op.drop_index("ix_outbox_created", table_name="outbox")
