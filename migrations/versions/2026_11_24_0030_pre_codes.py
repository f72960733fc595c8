"""Why agents pause, and what calls come to."""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_24_0030"
down_revision = "2026_11_24_0000"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "pause_reasons",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("name_en", sa.Text, nullable=False),
        sa.Column("name_zh", sa.Text, nullable=False),
        sa.Column("paid", sa.Boolean, nullable=False),
        sa.Column("longest_seconds", sa.Double),
    )
    op.create_table(
        "dispositions",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("name_en", sa.Text, nullable=False),
        sa.Column("name_zh", sa.Text, nullable=False),
        sa.Column("parent_id", sa.Text, sa.ForeignKey("dispositions.id", ondelete="RESTRICT")),
        sa.Column("flags", sa.Text, nullable=False),
    )
    op.create_index("ix_dispositions_parent_id", "dispositions", ["parent_id"])
    with op.batch_alter_table("calls") as calls:
        calls.add_column(sa.Column("disposition", sa.Text))


def downgrade() -> None:
    with op.batch_alter_table("calls") as calls:
        calls.drop_column("disposition")
    op.drop_table("dispositions")
    op.drop_table("pause_reasons")
