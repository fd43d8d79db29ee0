"""Alembic's door: it is handed an open connection by storage.migrate and needs no ini file."""

from alembic import context

from storage.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
    transaction_per_migration=True,
    transactional_ddl=True,  # of SQLite too, where it is not the library's default: an interrupted one leaves nothing
    compare_type=False,
)
with context.begin_transaction():
    context.run_migrations()
