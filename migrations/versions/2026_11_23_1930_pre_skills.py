"""Skills, who has them, tiers and weights of assignments, and how wants are eased while callers wait."""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_23_1930"
down_revision = "2026_11_23_1640"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "skills",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("name_en", sa.Text, nullable=False),
        sa.Column("name_zh", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_skills"),
    )
    op.create_table(
        "agent_skills",
        sa.Column("agent_id", sa.Text, nullable=False),
        sa.Column("skill_id", sa.Text, nullable=False),
        sa.Column("level", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("agent_id", "skill_id", name="pk_agent_skills"),
        sa.ForeignKeyConstraint(
            ["agent_id"], ["agents.id"], ondelete="CASCADE", name="fk_agent_skills_agent_id_agents"
        ),
        sa.ForeignKeyConstraint(
            ["skill_id"], ["skills.id"], ondelete="RESTRICT", name="fk_agent_skills_skill_id_skills"
        ),
        sa.CheckConstraint("level BETWEEN 1 AND 100", name="level_in_range"),
    )
    op.create_index("ix_agent_skills_skill_id", "agent_skills", ["skill_id"])
    # Code before this one writes rows without the new columns.
    one = sa.text("1")
    with op.batch_alter_table("queue_assignments") as assignments:
        assignments.add_column(sa.Column("tier", sa.Integer, nullable=False, server_default=one))
        assignments.add_column(sa.Column("weight", sa.Integer, nullable=False, server_default=one))
    with op.batch_alter_table("queues") as queues:
        nothing, quarter = sa.text("'[]'"), sa.text("15")
        queues.add_column(sa.Column("easing", sa.Text, nullable=False, server_default=nothing))
        queues.add_column(
            sa.Column("tier_for_seconds", sa.Double, nullable=False, server_default=quarter)
        )
    with op.batch_alter_table("numbers") as numbers:
        empty = sa.text("''")
        numbers.add_column(sa.Column("requires", sa.Text, nullable=False, server_default=empty))
        numbers.add_column(sa.Column("prefers", sa.Text, nullable=False, server_default=empty))


def downgrade() -> None:
    for table, columns in {
        "numbers": ("requires", "prefers"),
        "queues": ("easing", "tier_for_seconds"),
        "queue_assignments": ("tier", "weight"),
    }.items():
        with op.batch_alter_table(table) as changed:
            for column in columns:
                changed.drop_column(column)
    op.drop_table("agent_skills")
    op.drop_table("skills")
