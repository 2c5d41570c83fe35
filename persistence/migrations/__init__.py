"""Alembic's scripts; `persistence.migrate` runs them."""
