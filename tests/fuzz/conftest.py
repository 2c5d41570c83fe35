"""One embedded Postgres for all tests here, and the REST app in this process as tests/rest has it."""

from __future__ import annotations

from tests.rest.conftest import (  # noqa: F401 - fixtures are found by their names
    client,
    cluster,
    context,
    database,
    ingress,
    live,
    postgres,
    settings,
    sign_in,
    transport,
)
