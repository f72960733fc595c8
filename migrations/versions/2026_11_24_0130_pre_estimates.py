"""Queues that tell callers how long they will still wait."""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_24_0130"
down_revision = "2026_11_24_0120"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("queues") as queues:
        # Code before this one adds queues without it.
        queues.add_column(
            sa.Column(
                "announce_estimate", sa.Boolean, nullable=False, server_default=sa.text("false")
            )
        )


def downgrade() -> None:
    with op.batch_alter_table("queues") as queues:
        queues.drop_column("announce_estimate")
