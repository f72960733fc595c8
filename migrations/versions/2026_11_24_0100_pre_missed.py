"""Missed callers who have been seen to."""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_24_0100"
down_revision = "2026_11_24_0030"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "called_back",
        sa.Column("number", sa.Text, primary_key=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.Text, nullable=False),
    )


def downgrade() -> None:
    op.drop_table("called_back")
