"""What makes bulk sending cheaper; why an item was withdrawn."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """What makes bulk sending cheaper."""
    _bank_upgrade()


def downgrade() -> None:
    """Back to what was before."""
    _bank_downgrade()


# The bank: why an item was withdrawn.


def _bank_upgrade() -> None:
    op.add_column("item", sa.Column("withdrawn_reason", sa.String(), nullable=True))


def _bank_downgrade() -> None:
    op.drop_column("item", "withdrawn_reason")
