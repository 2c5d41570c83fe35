"""Whether the parts that the server stands on answer: each is asked, none is assumed."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import httpx

from rayrooms.errors import RayroomsError
from serve.schemas.health import Health, PartHealth, Parts

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from persistence.database import Database
    from persistence.settings import Settings
    from serve.services.live import LiveRooms

TIMEOUT_SECONDS = 2.0
_WILDCARDS = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}  # noqa: S104 - recognised here, not bound to


class HealthService:
    """Asks database, directory and ingress at the same time, each for at most two seconds."""

    def __init__(self, database: Database, live: LiveRooms, settings: Settings) -> None:
        self._database = database
        self._live = live
        host = _WILDCARDS.get(settings.host, f"[{settings.host}]" if ":" in settings.host else settings.host)
        self._ingress_url = f"http://{host}:{settings.port}/-/healthz"

    async def check(self) -> Health:
        """The report; never raises for a part that is down."""
        database, directory, ingress = await asyncio.gather(
            _part(self._database.ping()), _part(self._live.directory_ok()), _part(self._ask_ingress())
        )
        parts = Parts(database=database, directory=directory, ingress=ingress)
        well = all(part.status == "ok" for part in (database, directory, ingress))
        return Health(status="ok" if well else "degraded", parts=parts)

    async def _ask_ingress(self) -> None:
        """HAProxy answers this path itself; that a request reached this replica does not say that the next one will."""
        # without certificates: the probe is plain HTTP to this machine, and loading them costs 20 ms each time
        transport = httpx.AsyncHTTPTransport(verify=False, trust_env=False)
        async with httpx.AsyncClient(transport=transport, timeout=TIMEOUT_SECONDS) as client:
            (await client.get(self._ingress_url)).raise_for_status()


async def _part(probe: Awaitable[None]) -> PartHealth:
    try:
        async with asyncio.timeout(TIMEOUT_SECONDS):
            await probe
    except TimeoutError:
        return PartHealth(status="failed", detail=f"No answer within {TIMEOUT_SECONDS:g} s.")
    except RayroomsError as error:
        return PartHealth(status="failed", detail=error.message)
    except httpx.HTTPStatusError as error:
        return PartHealth(status="failed", detail=f"It answered {error.response.status_code}.")
    except httpx.HTTPError as error:
        return PartHealth(status="failed", detail=f"It does not answer ({type(error).__name__}).")
    return PartHealth(status="ok")
