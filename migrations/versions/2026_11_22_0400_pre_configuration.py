"""The configuration: agents, queues, numbers, and who may sign in."""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_22_0400"
down_revision = None
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    _agents()
    _queues()
    _accounts()
    op.create_table(
        "numbers",
        sa.Column("did", sa.Text, nullable=False),
        sa.Column("flow_id", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("did", name="pk_numbers"),
    )


def _agents() -> None:
    op.create_table(
        "agents",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("name_en", sa.Text, nullable=False),
        sa.Column("name_zh", sa.Text, nullable=False),
        sa.Column("enabled", sa.Boolean, nullable=False),
        sa.Column("outside_number", sa.Text),
        sa.PrimaryKeyConstraint("id", name="pk_agents"),
    )
    op.create_table(
        "endpoints",
        sa.Column("agent_id", sa.Text, nullable=False),
        sa.Column("endpoint", sa.Text, nullable=False),
        sa.Column("password", sa.Text, nullable=False),
        sa.Column("browser", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("agent_id", name="pk_endpoints"),
        sa.ForeignKeyConstraint(
            ["agent_id"], ["agents.id"], "fk_endpoints_agent_id_agents", ondelete="CASCADE"
        ),
    )


def _queues() -> None:
    op.create_table(
        "queues",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("ring_for_seconds", sa.Double, nullable=False),
        sa.Column("wrap_up_seconds", sa.Double, nullable=False),
        sa.Column("misses_allowed", sa.Integer, nullable=False),
        sa.Column("announce_first_seconds", sa.Double, nullable=False),
        sa.Column("announce_every_seconds", sa.Double),
        sa.Column("quiet_for_seconds", sa.Double, nullable=False),
        sa.Column("music", sa.Text, nullable=False),
        sa.Column("service_level_within_seconds", sa.Double, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_queues"),
        sa.CheckConstraint("ring_for_seconds > 0", op.f("ck_queues_ring_for_seconds_above_zero")),
        sa.CheckConstraint("misses_allowed > 0", op.f("ck_queues_misses_allowed_above_zero")),
    )
    op.create_table(
        "queue_assignments",
        sa.Column("agent_id", sa.Text, nullable=False),
        sa.Column("queue_id", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("agent_id", "queue_id", name="pk_queue_assignments"),
        sa.ForeignKeyConstraint(
            ["agent_id"], ["agents.id"], "fk_queue_assignments_agent_id_agents", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["queue_id"], ["queues.id"], "fk_queue_assignments_queue_id_queues", ondelete="RESTRICT"
        ),
    )
    op.create_index("ix_queue_assignments_queue_id", "queue_assignments", ["queue_id"])


def _accounts() -> None:
    op.create_table(
        "users",
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("role", sa.Text, nullable=False),
        sa.Column("password_hash", sa.Text, nullable=False),
        sa.Column("agent_id", sa.Text),
        sa.Column("logins_valid_from", MOMENT, nullable=False),
        sa.Column("enabled", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_users"),
    )
    op.create_table(
        "api_keys",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("label", sa.Text, nullable=False),
        sa.Column("role", sa.Text, nullable=False),
        sa.Column("secret_hash", sa.Text, nullable=False),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_api_keys"),
    )
    op.create_table(
        "ended_logins",
        sa.Column("login_id", sa.Text, nullable=False),
        sa.Column("until", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("login_id", name="pk_ended_logins"),
    )
    op.create_index("ix_ended_logins_until", "ended_logins", ["until"])


def downgrade() -> None:
    for table in (
        "ended_logins",
        "api_keys",
        "users",
        "numbers",
        "queue_assignments",
        "queues",
        "endpoints",
        "agents",
    ):
        op.drop_table(table)
