"""The number that a caller dialled first, where the call was diverted to us."""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_22_2200"
down_revision = "2026_11_22_0800"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("calls", sa.Column("first_dialled", sa.Text, nullable=False, server_default=""))


def downgrade() -> None:
    op.drop_column("calls", "first_dialled")
