"""Stays in a queue of those who were not on the line, but were to be called back."""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_24_0430"
down_revision = "2026_11_24_0130"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("queue_visits") as visits:
        # Code before this one writes stays without it.
        visits.add_column(
            sa.Column("is_kept", sa.Boolean, nullable=False, server_default=sa.text("false"))
        )


def downgrade() -> None:
    with op.batch_alter_table("queue_visits") as visits:
        visits.drop_column("is_kept")
