"""What the configuration was before each change of the whole."""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_24_0440"
down_revision = "2026_11_24_0435"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "config_versions",
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.Text, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
    )


def downgrade() -> None:
    op.drop_table("config_versions")
