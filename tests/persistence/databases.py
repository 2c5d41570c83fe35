"""Further databases beside the one that most tests share, and how the log lies in them."""

from __future__ import annotations

import re

import psycopg
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine

from persistence.dsn import sqlalchemy_url
from persistence.migrate import upgrade
from persistence.partition import partition
from persistence.tables import schema

PARTITIONS = 4

_PARTITION = re.compile(r"_of\d+_p\d+")


def new_database(url: str, name: str, options: str = "") -> str:
    """The URL of an empty database beside that of `url`."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} {options}")
    return url.replace("/postgres?", f"/{name}?")


def migrated(url: str, name: str, layout: str) -> str:
    """The same, migrated, with the log in `layout`: "plain" or "partitioned"."""
    made = new_database(url, name)
    upgrade(made)
    if layout == "partitioned":
        assert partition(made, PARTITIONS)
    return made


def whole(name: str) -> str:
    """What a partition, or an index of it, is called in the table that it is part of."""
    return _PARTITION.sub("", name)


def differences(url: str) -> list[object]:
    """In what the database differs from the models, apart from being in partitions."""
    engine = create_engine(sqlalchemy_url(url))
    with engine.connect() as connection:
        context = MigrationContext.configure(
            connection,
            opts={
                "compare_type": True,
                "compare_server_default": True,
                "target_metadata": schema(),
                "include_name": lambda name, kind, _parents: kind != "table" or whole(name) == name,
            },
        )
        found = list(compare_metadata(context, schema()))
    engine.dispose()
    return found
