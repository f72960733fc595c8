"""The language a caller was spoken to in. Unknown of calls before."""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_22_0800"
down_revision = "2026_11_22_0410"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("calls", sa.Column("language", sa.Text))


def downgrade() -> None:
    op.drop_column("calls", "language")
