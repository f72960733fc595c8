"""Customers with their numbers, listed numbers, and waiting for the agent whom a caller knows."""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_24_0000"
down_revision = "2026_11_23_2345"
branch_labels = None
depends_on = None

_RULES = {"known_for": "0", "known_within": "2592000", "resume_within": "60"}


def upgrade() -> None:
    op.create_table(
        "customers",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("owner_id", sa.Text, sa.ForeignKey("agents.id", ondelete="SET NULL")),
        sa.Column("tier", sa.Text, nullable=False),
        sa.Column("requires", sa.Text, nullable=False),
        sa.Column("prefers", sa.Text, nullable=False),
        sa.Column("head_start_seconds", sa.Double, nullable=False),
    )
    op.create_index("ix_customers_owner_id", "customers", ["owner_id"])
    op.create_table(
        "customer_numbers",
        sa.Column("number", sa.Text, primary_key=True),
        sa.Column(
            "customer_id",
            sa.Text,
            sa.ForeignKey("customers.id", ondelete="CASCADE"),
            nullable=False,
        ),
    )
    op.create_index("ix_customer_numbers_customer_id", "customer_numbers", ["customer_id"])
    op.create_table(
        "listed_numbers",
        sa.Column("number", sa.Text, primary_key=True),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("until", sa.DateTime(timezone=True)),
        sa.Column("per_hour", sa.Integer, nullable=False),
        sa.Column("head_start_seconds", sa.Double, nullable=False),
        sa.CheckConstraint("kind IN ('block', 'grey', 'vip')", name="kind_known"),
    )
    # The last call of a number is looked for before each call is answered.
    op.create_index("ix_calls_ani_arrived_at", "calls", ["ani", "arrived_at"])
    op.drop_index("ix_calls_ani", "calls")
    with op.batch_alter_table("queues") as queues:
        for name, seconds in _RULES.items():
            # Code before this one adds queues without it.
            queues.add_column(
                sa.Column(
                    f"{name}_seconds", sa.Double, nullable=False, server_default=sa.text(seconds)
                )
            )


def downgrade() -> None:
    with op.batch_alter_table("queues") as queues:
        for name in _RULES:
            queues.drop_column(f"{name}_seconds")
    op.create_index("ix_calls_ani", "calls", ["ani"])
    op.drop_index("ix_calls_ani_arrived_at", "calls")
    op.drop_table("listed_numbers")
    op.drop_table("customer_numbers")
    op.drop_table("customers")
