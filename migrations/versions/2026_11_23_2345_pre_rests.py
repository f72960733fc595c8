"""How long agents rest after an offer that came to nothing, by queue and reason."""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_23_2345"
down_revision = "2026_11_23_2330"
branch_labels = None
depends_on = None

_RESTS = {"no_answer": "5", "rejected": "10", "unreachable": "10"}


def upgrade() -> None:
    with op.batch_alter_table("queues") as queues:
        for name, seconds in _RESTS.items():
            # Code before this one adds queues without it.
            queues.add_column(
                sa.Column(
                    f"rest_{name}_seconds",
                    sa.Double,
                    nullable=False,
                    server_default=sa.text(seconds),
                )
            )


def downgrade() -> None:
    with op.batch_alter_table("queues") as queues:
        for name in _RESTS:
            queues.drop_column(f"rest_{name}_seconds")
