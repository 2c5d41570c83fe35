"""Tests of tables, repositories, loading, the durable feed and the writer, on a real Postgres."""
