"""Alembic's way in. The connection is given by `callcenter.adapters.db.migrations`."""

from alembic import context

from callcenter.adapters.db.tables import metadata

connection = context.config.attributes.get("connection")
if connection is None:
    raise SystemExit("use `callcenter db upgrade`: it knows which database is meant")

context.configure(
    connection=connection,
    target_metadata=metadata,
    transactional_ddl=True,
    transaction_per_migration=False,
    # SQLite cannot change a column in place: the table is built again.
    render_as_batch=connection.dialect.name == "sqlite",
)
with context.begin_transaction():
    context.run_migrations()
