"""Wrap-up until it is filed, and a head start for all of a queue's callers."""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_23_2040"
down_revision = "2026_11_23_1930"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("queues") as queues:
        queues.alter_column("wrap_up_seconds", existing_type=sa.Double, nullable=True)
        # Code before this one adds queues without it.
        queues.add_column(
            sa.Column("head_start_seconds", sa.Double, nullable=False, server_default=sa.text("0"))
        )


def downgrade() -> None:
    op.execute("UPDATE queues SET wrap_up_seconds = 3600 WHERE wrap_up_seconds IS NULL")
    with op.batch_alter_table("queues") as queues:
        queues.drop_column("head_start_seconds")
        queues.alter_column("wrap_up_seconds", existing_type=sa.Double, nullable=False)
