"""Durability: tables, repositories, migrations, embedded Postgres and the write-behind actor."""
