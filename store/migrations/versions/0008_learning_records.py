"""Competencies, assessments, signed skills."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

import store.base

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "assessment",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("technical_area", sa.Text(), nullable=False),
        sa.Column("competency", sa.Text(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("score", sa.Numeric(), nullable=True),
        sa.Column("out_of", sa.Numeric(), nullable=True),
        sa.Column("passed", sa.Boolean(), nullable=True),
        sa.Column("at", store.base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("assessor_id", sa.BigInteger(), nullable=True),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column(
            "created_at",
            store.base.UtcDateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "kind IN ('pre', 'post', 'self', 'skill')", name=op.f("ck_assessment_kind")
        ),
        sa.CheckConstraint(
            "kind = 'skill' OR (score IS NOT NULL AND out_of IS NOT NULL)",
            name=op.f("ck_assessment_scored"),
        ),
        sa.CheckConstraint(
            "out_of > 0 AND score >= 0 AND score <= out_of", name=op.f("ck_assessment_score")
        ),
        sa.CheckConstraint(
            "kind <> 'skill' OR (competency IS NOT NULL AND passed IS NOT NULL"
            " AND assessor_id IS NOT NULL)",
            name=op.f("ck_assessment_signed"),
        ),
        sa.CheckConstraint("assessor_id <> person_id", name=op.f("ck_assessment_not_oneself")),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_assessment_person_id_person")
        ),
        sa.ForeignKeyConstraint(
            ["assessor_id"], ["person.id"], name=op.f("fk_assessment_assessor_id_person")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_assessment")),
        sa.UniqueConstraint("key", name=op.f("uq_assessment_key")),
    )
    op.create_index(
        "ix_assessment_person", "assessment", ["person_id", "technical_area", "competency"]
    )
    op.create_index("ix_assessment_at", "assessment", ["at"])
    op.create_index(op.f("ix_assessment_assessor_id"), "assessment", ["assessor_id"])
    op.create_table(
        "skill_observation",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("assessment_id", sa.BigInteger(), nullable=False),
        sa.Column("competency", sa.Text(), nullable=False),
        sa.Column("mentor_id", sa.BigInteger(), nullable=False),
        sa.Column("patient_consent", sa.Boolean(), nullable=False),
        sa.Column("steps", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column(
            "critical_failed",
            postgresql.ARRAY(sa.Text()),
            server_default=sa.text("'{}'"),
            nullable=False,
        ),
        sa.Column("signed_at", store.base.UtcDateTime(timezone=True), nullable=False),
        sa.CheckConstraint("patient_consent", name=op.f("ck_skill_observation_consent")),
        sa.ForeignKeyConstraint(
            ["assessment_id"],
            ["assessment.id"],
            name=op.f("fk_skill_observation_assessment_id_assessment"),
        ),
        sa.ForeignKeyConstraint(
            ["mentor_id"], ["person.id"], name=op.f("fk_skill_observation_mentor_id_person")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_skill_observation")),
        sa.UniqueConstraint("assessment_id", name=op.f("uq_skill_observation_assessment_id")),
    )
    op.create_index(op.f("ix_skill_observation_competency"), "skill_observation", ["competency"])
    op.create_index(op.f("ix_skill_observation_mentor_id"), "skill_observation", ["mentor_id"])
    op.create_table(
        "facility_stay",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("facility_id", sa.BigInteger(), nullable=False),
        sa.Column("since", store.base.UtcDateTime(timezone=True), nullable=True),
        sa.Column("until", store.base.UtcDateTime(timezone=True), nullable=True),
        sa.CheckConstraint("since < until", name=op.f("ck_facility_stay_order")),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_facility_stay_person_id_person")
        ),
        sa.ForeignKeyConstraint(
            ["facility_id"], ["facility.id"], name=op.f("fk_facility_stay_facility_id_facility")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_facility_stay")),
    )
    op.create_index("ix_facility_stay_person", "facility_stay", ["person_id", "since"])
    op.create_index(
        "uq_facility_stay_present",
        "facility_stay",
        ["person_id"],
        unique=True,
        postgresql_where=sa.text("until IS NULL"),
    )
    op.create_index(op.f("ix_facility_stay_facility_id"), "facility_stay", ["facility_id"])
    op.create_table(
        "org_unit",
        sa.Column("uid", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("level", sa.BigInteger(), nullable=False),
        sa.Column("parent", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["parent"], ["org_unit.uid"], name=op.f("fk_org_unit_parent_org_unit")
        ),
        sa.PrimaryKeyConstraint("uid", name=op.f("pk_org_unit")),
    )
    op.create_index(op.f("ix_org_unit_parent"), "org_unit", ["parent"])
    op.add_column("facility", sa.Column("org_unit", sa.Text(), nullable=True))
    op.create_foreign_key(
        op.f("fk_facility_org_unit_org_unit"), "facility", "org_unit", ["org_unit"], ["uid"]
    )
    op.create_unique_constraint(op.f("uq_facility_org_unit"), "facility", ["org_unit"])


def downgrade() -> None:
    op.drop_column("facility", "org_unit")
    op.drop_table("org_unit")
    op.drop_table("facility_stay")
    op.drop_table("skill_observation")
    op.drop_table("assessment")
