"""How a queue chooses between free agents."""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_23_1640"
down_revision = "2026_11_23_0440"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("queues") as queues:
        # Code before this one adds queues without it.
        longest_idle = sa.text("'longest-idle'")
        queues.add_column(
            sa.Column("strategy", sa.Text, nullable=False, server_default=longest_idle)
        )


def downgrade() -> None:
    with op.batch_alter_table("queues") as queues:
        queues.drop_column("strategy")
