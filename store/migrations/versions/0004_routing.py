"""Who a case can go to and when: duty hours, backup, caps, offers, service levels."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from store.base import UtcDateTime

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Due rows and offers; what was due before becomes rows."""
    op.add_column("person", sa.Column("backup_mentor_id", sa.BigInteger()))
    op.create_foreign_key(
        "fk_person_backup_mentor_id_person", "person", "person", ["backup_mentor_id"], ["id"]
    )
    op.create_index("ix_person_backup_mentor_id", "person", ["backup_mentor_id"])
    op.add_column("person", sa.Column("away_until", UtcDateTime(timezone=True)))
    op.add_column(
        "person", sa.Column("duty", postgresql.JSONB(), server_default="{}", nullable=False)
    )
    op.add_column("person", sa.Column("case_cap", sa.BigInteger()))
    op.add_column("person", sa.Column("daily_cap", sa.BigInteger()))
    op.add_column(
        "person",
        sa.Column("languages", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False),
    )
    for name in ("waiting_since", "expected_by", "first_response_at", "resolved_at"):
        op.add_column("case", sa.Column(name, UtcDateTime(timezone=True)))
    op.create_table(
        "case_offer",
        sa.Column("id", sa.BigInteger(), primary_key=True),
        sa.Column("case_id", sa.BigInteger(), sa.ForeignKey("case.id"), nullable=False),
        sa.Column("mentor_id", sa.BigInteger(), sa.ForeignKey("person.id"), nullable=False),
        sa.Column("offered_at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("ended_at", UtcDateTime(timezone=True)),
        sa.Column("outcome", sa.Text()),
    )
    live = sa.text("ended_at IS NULL")
    op.create_index(
        "uq_case_offer_live",
        "case_offer",
        ["case_id", "mentor_id"],
        unique=True,
        postgresql_where=live,
    )
    op.create_index("ix_case_offer_mentor", "case_offer", ["mentor_id"], postgresql_where=live)
    op.create_index("ix_case_event_at", "case_event", ["at"])
    _due("case_due", "case_id", "case.id")
    op.create_index("ix_case_due_case", "case_due", ["case_id"])
    _due("mentor_due", "person_id", "person.id")
    op.execute(
        "INSERT INTO case_due (case_id, kind, due_at)"
        " SELECT id, CASE WHEN state = 'answered' THEN 'close'"
        " WHEN mentor_id IS NULL THEN 'route' ELSE 'remind' END, coalesce(due_at, now())"
        " FROM \"case\" WHERE state <> 'closed'"
    )
    op.execute(
        "UPDATE \"case\" SET waiting_since = CASE WHEN state = 'open' THEN opened_at END,"
        " resolved_at = CASE WHEN state = 'closed' THEN coalesce(answered_at, closed_at) END,"
        " first_response_at = (SELECT min(at) FROM case_event"
        " WHERE case_event.case_id = \"case\".id AND kind = 'answered')"
    )
    op.drop_index("ix_case_due", table_name="case")
    op.drop_column("case", "due_at")


def _due(table: str, owner: str, references: str) -> None:
    op.create_table(
        table,
        sa.Column("id", sa.BigInteger(), primary_key=True),
        sa.Column(owner, sa.BigInteger(), sa.ForeignKey(references), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("due_at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("done_at", UtcDateTime(timezone=True)),
        sa.Column("outcome", sa.Text()),
    )
    pending = sa.text("done_at IS NULL")
    op.create_index(
        f"uq_{table}_pending", table, [owner, "kind"], unique=True, postgresql_where=pending
    )
    op.create_index(f"ix_{table}_at", table, ["due_at"], postgresql_where=pending)


def downgrade() -> None:
    """Back to one due moment per case."""
    op.add_column("case", sa.Column("due_at", UtcDateTime(timezone=True)))
    op.execute(
        'UPDATE "case" SET due_at = (SELECT min(due_at) FROM case_due'
        ' WHERE case_id = "case".id AND done_at IS NULL)'
    )
    op.create_index(
        "ix_case_due", "case", ["due_at"], postgresql_where=sa.text("state <> 'closed'")
    )
    op.drop_index("ix_case_event_at", table_name="case_event")
    op.drop_table("mentor_due")
    op.drop_table("case_due")
    op.drop_table("case_offer")
    for name in ("waiting_since", "expected_by", "first_response_at", "resolved_at"):
        op.drop_column("case", name)
    for name in ("backup_mentor_id", "away_until", "duty", "case_cap", "daily_cap", "languages"):
        op.drop_column("person", name)
