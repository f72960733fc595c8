"""Queues that greet callers with the agent's number, and brief agents."""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_24_0450"
down_revision = "2026_11_24_0440"
branch_labels = None
depends_on = None


_SWITCHES = ("greets_with_number", "briefs_agent")


def upgrade() -> None:
    with op.batch_alter_table("queues") as queues:
        for name in _SWITCHES:
            # Code before this one adds queues without it.
            queues.add_column(
                sa.Column(name, sa.Boolean, nullable=False, server_default=sa.text("false"))
            )


def downgrade() -> None:
    with op.batch_alter_table("queues") as queues:
        for name in _SWITCHES:
            queues.drop_column(name)
