"""Ways out of a queue for whom nobody has served yet."""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_23_2330"
down_revision = "2026_11_23_2040"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("queues") as queues:
        # Code before this one adds queues without it.
        queues.add_column(
            sa.Column("ways_out", sa.Text, nullable=False, server_default=sa.text("'[]'"))
        )


def downgrade() -> None:
    with op.batch_alter_table("queues") as queues:
        queues.drop_column("ways_out")
