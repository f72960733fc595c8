"""How agents' phones take calls."""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_24_0110"
down_revision = "2026_11_24_0100"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("agents") as agents:
        # Code before this one adds agents without it.
        agents.add_column(
            sa.Column("answering", sa.Text, nullable=False, server_default=sa.text("'by-hand'"))
        )


def downgrade() -> None:
    with op.batch_alter_table("agents") as agents:
        agents.drop_column("answering")
