"""Alembic's entry: runs the scripts on the connection that `persistence.migrate` hands over."""

from __future__ import annotations

from alembic import context

from persistence.tables import schema

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=schema(),
    transaction_per_migration=True,
)
with context.begin_transaction():
    context.run_migrations()
