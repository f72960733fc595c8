"""Numbers that must not be called."""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_24_0120"
down_revision = "2026_11_24_0110"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "do_not_call",
        sa.Column("number", sa.Text, primary_key=True),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("until", sa.DateTime(timezone=True)),
    )


def downgrade() -> None:
    op.drop_table("do_not_call")
