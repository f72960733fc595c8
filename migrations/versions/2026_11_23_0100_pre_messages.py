"""Messages that callers left."""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_23_0100"
down_revision = "2026_11_22_2200"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "messages",
        sa.Column("call_id", sa.Text, nullable=False),
        sa.Column("ani", sa.Text, nullable=False),
        sa.Column("dnis", sa.Text, nullable=False),
        sa.Column("arrived_at", MOMENT, nullable=False),
        sa.Column("received_at", MOMENT, nullable=False),
        sa.Column("duration_seconds", sa.Double, nullable=False),
        sa.Column("sha256", sa.Text, nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("path", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("call_id", name="pk_messages"),
    )
    op.create_index("ix_messages_arrived_at", "messages", ["arrived_at"])


def downgrade() -> None:
    op.drop_table("messages")
