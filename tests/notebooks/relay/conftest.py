"""A room server for the tests of the whole way."""

from tests.live.conftest import ada, http, server, sign_in

__all__ = ["ada", "http", "server", "sign_in"]
