"""People for the tests of the whole way."""

from tests.live.conftest import ada, http, sign_in

__all__ = ["ada", "http", "sign_in"]
