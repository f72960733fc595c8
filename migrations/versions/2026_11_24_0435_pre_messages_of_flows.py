"""Messages that a flow asked for: the queue that the caller waited in, and their language."""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_24_0435"
down_revision = "2026_11_24_0430"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("messages") as messages:
        messages.add_column(sa.Column("queue_id", sa.Text))
        # Code before this one adds messages without it.
        messages.add_column(sa.Column("language", sa.Text, nullable=False, server_default=""))


def downgrade() -> None:
    with op.batch_alter_table("messages") as messages:
        messages.drop_column("language")
        messages.drop_column("queue_id")
