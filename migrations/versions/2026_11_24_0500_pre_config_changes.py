"""Each change of the configuration, by whom. A row that is written stays as it is."""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_24_0500"
down_revision = "2026_11_24_0450"
branch_labels = None
depends_on = None

_SQLITE = """
CREATE TRIGGER config_changes_stay_{deed} BEFORE {deed} ON config_changes
BEGIN SELECT RAISE(ABORT, 'config_changes is only added to'); END
"""
_FUNCTION = """
CREATE FUNCTION config_changes_stay() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN
    RAISE EXCEPTION 'config_changes is only added to' USING ERRCODE = 'restrict_violation';
END $$
"""
_POSTGRES = """
CREATE TRIGGER config_changes_stay BEFORE UPDATE OR DELETE ON config_changes
FOR EACH ROW EXECUTE FUNCTION config_changes_stay();
CREATE TRIGGER config_changes_stay_whole BEFORE TRUNCATE ON config_changes
FOR EACH STATEMENT EXECUTE FUNCTION config_changes_stay()
"""


def upgrade() -> None:
    op.create_table(
        "config_changes",
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("section", sa.Text, nullable=False),
        sa.Column("entry", sa.Text, nullable=False),
        sa.Column("fields", sa.JSON, nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_config_changes"),
    )
    op.create_index("ix_config_changes_section_entry", "config_changes", ["section", "entry"])
    if op.get_bind().dialect.name == "sqlite":
        op.execute(_SQLITE.format(deed="UPDATE"))
        op.execute(_SQLITE.format(deed="DELETE"))
    else:
        op.execute(_FUNCTION)
        op.execute(_POSTGRES)


def downgrade() -> None:
    op.drop_table("config_changes")
    if op.get_bind().dialect.name != "sqlite":
        op.execute("DROP FUNCTION config_changes_stay()")
