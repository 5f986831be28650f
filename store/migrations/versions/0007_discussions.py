"""Group discussions, and the log of encounters."""

import sqlalchemy as sa
from alembic import op

import store.base

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add discussions, encounters, and which discussion a message belongs to."""
    op.create_table(
        "discussion",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("host_id", sa.BigInteger(), nullable=False),
        sa.Column("case_id", sa.BigInteger(), nullable=True),
        sa.Column("topic", sa.Text(), nullable=True),
        sa.Column("pose", sa.Text(), server_default="", nullable=False),
        sa.Column("mode", sa.Text(), server_default="open", nullable=False),
        sa.Column("state", sa.Text(), server_default="draft", nullable=False),
        sa.Column("created_at", store.base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("starts_at", store.base.UtcDateTime(timezone=True), nullable=True),
        sa.Column("started_at", store.base.UtcDateTime(timezone=True), nullable=True),
        sa.Column("ended_at", store.base.UtcDateTime(timezone=True), nullable=True),
        sa.Column("hour_over_at", store.base.UtcDateTime(timezone=True), nullable=True),
        sa.Column("due_at", store.base.UtcDateTime(timezone=True), nullable=True),
        sa.Column("summary", sa.Text(), server_default="", nullable=False),
        sa.Column("segments", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("budget_told_at", store.base.UtcDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["case.id"], name=op.f("fk_discussion_case_id_case")),
        sa.ForeignKeyConstraint(
            ["host_id"], ["person.id"], name=op.f("fk_discussion_host_id_person")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_discussion")),
    )
    op.create_index(op.f("ix_discussion_case_id"), "discussion", ["case_id"], unique=False)
    op.create_index(
        "ix_discussion_due",
        "discussion",
        ["due_at"],
        unique=False,
        postgresql_where=sa.text("state IN ('planned', 'live', 'paused')"),
    )
    op.create_index(op.f("ix_discussion_host_id"), "discussion", ["host_id"], unique=False)
    op.create_index(
        "uq_discussion_host_open",
        "discussion",
        ["host_id"],
        unique=True,
        postgresql_where=sa.text("state IN ('planned', 'live', 'paused')"),
    )
    op.create_table(
        "discussion_member",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("discussion_id", sa.BigInteger(), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("address_id", sa.BigInteger(), nullable=True),
        sa.Column("state", sa.Text(), server_default="invited", nullable=False),
        sa.Column("invited_at", store.base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("joined_at", store.base.UtcDateTime(timezone=True), nullable=True),
        sa.Column("left_at", store.base.UtcDateTime(timezone=True), nullable=True),
        sa.Column("nudged_at", store.base.UtcDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["address_id"], ["address.id"], name=op.f("fk_discussion_member_address_id_address")
        ),
        sa.ForeignKeyConstraint(
            ["discussion_id"],
            ["discussion.id"],
            name=op.f("fk_discussion_member_discussion_id_discussion"),
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_discussion_member_person_id_person")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_discussion_member")),
        sa.UniqueConstraint(
            "discussion_id", "person_id", name=op.f("uq_discussion_member_discussion_id_person_id")
        ),
    )
    op.create_index(
        op.f("ix_discussion_member_person_id"), "discussion_member", ["person_id"], unique=False
    )
    op.create_index(
        "uq_discussion_member_joined",
        "discussion_member",
        ["person_id"],
        unique=True,
        postgresql_where=sa.text("state = 'joined'"),
    )
    op.create_table(
        "discussion_post",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("discussion_id", sa.BigInteger(), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("inbound_id", sa.BigInteger(), nullable=False),
        sa.Column("at", store.base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("has_media", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("asked_at", store.base.UtcDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["discussion_id"],
            ["discussion.id"],
            name=op.f("fk_discussion_post_discussion_id_discussion"),
        ),
        sa.ForeignKeyConstraint(
            ["inbound_id"], ["inbound.id"], name=op.f("fk_discussion_post_inbound_id_inbound")
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_discussion_post_person_id_person")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_discussion_post")),
        sa.UniqueConstraint(
            "discussion_id", "inbound_id", name=op.f("uq_discussion_post_discussion_id_inbound_id")
        ),
    )
    op.create_index(
        op.f("ix_discussion_post_discussion_id"), "discussion_post", ["discussion_id"], unique=False
    )
    op.create_index(
        op.f("ix_discussion_post_inbound_id"), "discussion_post", ["inbound_id"], unique=False
    )
    op.create_index(
        op.f("ix_discussion_post_person_id"), "discussion_post", ["person_id"], unique=False
    )
    op.create_table(
        "encounter",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("form", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=True),
        sa.Column("topic", sa.Text(), nullable=True),
        sa.Column("mentor_id", sa.BigInteger(), nullable=False),
        sa.Column("began_at", store.base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("ended_at", store.base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("minutes", sa.BigInteger(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("case_id", sa.BigInteger(), nullable=True),
        sa.Column("discussion_id", sa.BigInteger(), nullable=True),
        sa.Column("key", sa.Text(), nullable=True),
        sa.Column("note", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("logged_at", store.base.UtcDateTime(timezone=True), nullable=False),
        sa.CheckConstraint("form IN ('individual', 'group')", name=op.f("ck_encounter_form")),
        sa.CheckConstraint("kind IN ('virtual', 'in_person')", name=op.f("ck_encounter_kind")),
        sa.CheckConstraint("minutes >= 0", name=op.f("ck_encounter_minutes")),
        sa.ForeignKeyConstraint(["case_id"], ["case.id"], name=op.f("fk_encounter_case_id_case")),
        sa.ForeignKeyConstraint(
            ["discussion_id"], ["discussion.id"], name=op.f("fk_encounter_discussion_id_discussion")
        ),
        sa.ForeignKeyConstraint(
            ["mentor_id"], ["person.id"], name=op.f("fk_encounter_mentor_id_person")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_encounter")),
        sa.UniqueConstraint("case_id", name=op.f("uq_encounter_case_id")),
        sa.UniqueConstraint("discussion_id", name=op.f("uq_encounter_discussion_id")),
        sa.UniqueConstraint("key", name=op.f("uq_encounter_key")),
    )
    op.create_index("ix_encounter_began_at", "encounter", ["began_at"], unique=False)
    op.create_index(op.f("ix_encounter_mentor_id"), "encounter", ["mentor_id"], unique=False)
    op.create_table(
        "encounter_mentee",
        sa.Column("encounter_id", sa.BigInteger(), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("spoke", sa.Boolean(), nullable=True),
        sa.ForeignKeyConstraint(
            ["encounter_id"],
            ["encounter.id"],
            name=op.f("fk_encounter_mentee_encounter_id_encounter"),
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_encounter_mentee_person_id_person")
        ),
        sa.PrimaryKeyConstraint("encounter_id", "person_id", name=op.f("pk_encounter_mentee")),
    )
    op.create_index(
        op.f("ix_encounter_mentee_person_id"), "encounter_mentee", ["person_id"], unique=False
    )
    op.create_table(
        "relay",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("discussion_id", sa.BigInteger(), nullable=False),
        sa.Column("post_id", sa.BigInteger(), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), server_default="waiting", nullable=False),
        sa.Column("created_at", store.base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("due_at", store.base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("said_at", store.base.UtcDateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["discussion_id"], ["discussion.id"], name=op.f("fk_relay_discussion_id_discussion")
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_relay_person_id_person")
        ),
        sa.ForeignKeyConstraint(
            ["post_id"], ["discussion_post.id"], name=op.f("fk_relay_post_id_discussion_post")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_relay")),
        sa.UniqueConstraint("post_id", "person_id", name=op.f("uq_relay_post_id_person_id")),
    )
    op.create_index(op.f("ix_relay_person_id"), "relay", ["person_id"], unique=False)
    op.create_index(
        "ix_relay_waiting",
        "relay",
        ["discussion_id"],
        unique=False,
        postgresql_where=sa.text("state = 'waiting'"),
    )
    op.add_column("outbox", sa.Column("discussion_id", sa.BigInteger(), nullable=True))
    op.create_index(
        "ix_outbox_discussion",
        "outbox",
        ["discussion_id"],
        unique=False,
        postgresql_where=sa.text("discussion_id IS NOT NULL"),
    )
    op.create_foreign_key(
        op.f("fk_outbox_discussion_id_discussion"),
        "outbox",
        "discussion",
        ["discussion_id"],
        ["id"],
    )


def downgrade() -> None:
    """Take them away."""
    op.drop_constraint(op.f("fk_outbox_discussion_id_discussion"), "outbox", type_="foreignkey")
    op.drop_index("ix_outbox_discussion", table_name="outbox")
    op.drop_column("outbox", "discussion_id")
    op.drop_index(
        "ix_relay_waiting", table_name="relay", postgresql_where=sa.text("state = 'waiting'")
    )
    op.drop_index(op.f("ix_relay_person_id"), table_name="relay")
    op.drop_table("relay")
    op.drop_index(op.f("ix_encounter_mentee_person_id"), table_name="encounter_mentee")
    op.drop_table("encounter_mentee")
    op.drop_index(op.f("ix_encounter_mentor_id"), table_name="encounter")
    op.drop_index("ix_encounter_began_at", table_name="encounter")
    op.drop_table("encounter")
    op.drop_index(op.f("ix_discussion_post_person_id"), table_name="discussion_post")
    op.drop_index(op.f("ix_discussion_post_inbound_id"), table_name="discussion_post")
    op.drop_index(op.f("ix_discussion_post_discussion_id"), table_name="discussion_post")
    op.drop_table("discussion_post")
    op.drop_index(
        "uq_discussion_member_joined",
        table_name="discussion_member",
        postgresql_where=sa.text("state = 'joined'"),
    )
    op.drop_index(op.f("ix_discussion_member_person_id"), table_name="discussion_member")
    op.drop_table("discussion_member")
    op.drop_index(
        "uq_discussion_host_open",
        table_name="discussion",
        postgresql_where=sa.text("state IN ('planned', 'live', 'paused')"),
    )
    op.drop_index(op.f("ix_discussion_host_id"), table_name="discussion")
    op.drop_index(
        "ix_discussion_due",
        table_name="discussion",
        postgresql_where=sa.text("state IN ('planned', 'live', 'paused')"),
    )
    op.drop_index(op.f("ix_discussion_case_id"), table_name="discussion")
    op.drop_table("discussion")
