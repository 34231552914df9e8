"""Alembic's way in: it runs on the connection that `store/migrate.py` opened, in that transaction."""

from alembic import context

from syndicate.store.tables import metadata

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=metadata, transaction_per_migration=False)
with context.begin_transaction():
    context.run_migrations()
