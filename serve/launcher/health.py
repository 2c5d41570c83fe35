"""Waiting until the server answers `/health` through its real ingress with all parts well."""

from __future__ import annotations

import http.client
import time
from typing import TYPE_CHECKING, Final

from serve.launcher.errors import LaunchError

if TYPE_CHECKING:
    from collections.abc import Callable

_POLL: Final = 0.05
_EVERY_DEPLOYMENT_CHECK: Final = 10
_ANY_ADDRESS: Final = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - the reverse of binding to it


def reachable_host(host: str) -> str:
    """The address under which a server bound to `host` is reached from its own machine."""
    return _ANY_ADDRESS.get(host, host)


def base_url(host: str, port: int) -> str:
    """The URL of a server bound to `host`, for use on its own machine."""
    reached = reachable_host(host)
    return f"http://[{reached}]:{port}" if ":" in reached else f"http://{reached}:{port}"


def wait_until_well(host: str, port: int, *, failure: Callable[[], str | None], timeout: float) -> None:
    """Return once `/health` answers 200. `failure` says why that will never be, when it knows.

    Raises LaunchError with that reason, or with the last answer after `timeout` seconds.
    """
    deadline = time.monotonic() + timeout
    last = "it did not answer"
    polls = 0
    while True:
        status, body = _ask(reachable_host(host), port)
        if status == http.HTTPStatus.OK:
            return
        if status is not None:
            last = f"it answered {status} {body}".rstrip()
        polls += 1
        if polls % _EVERY_DEPLOYMENT_CHECK == 0 and (reason := failure()) is not None:
            raise LaunchError(f"The server could not be deployed: {reason}")
        if time.monotonic() > deadline:
            raise LaunchError(f"The server did not become well within {timeout:.0f} s: {last}.")
        time.sleep(_POLL)


def _ask(host: str, port: int) -> tuple[int | None, str]:
    connection = http.client.HTTPConnection(host, port, timeout=5)
    try:
        connection.request("GET", "/health")
        answer = connection.getresponse()
        return answer.status, answer.read(2000).decode(errors="replace").strip()
    except (OSError, http.client.HTTPException):
        return None, ""
    finally:
        connection.close()
