"""An attack on a running server over all its sockets at once, with witnesses in the rooms that are attacked."""

from __future__ import annotations

import asyncio
import random
import re
import time
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

import httpx
import jwt
import psutil

from serve.launcher.processes import is_alive
from tests.live.people import Person

from .attacker import Attacker
from .frames import TRANSPORTS, Known, Place
from .tally import Tally
from .witness import witnesses_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.live.server import Server

_ROOMS = 2
_ATTACKERS_EACH = 2
_TROUBLE = re.compile(r"Traceback \(most recent call last\)|^ERROR|Exception in ASGI|Fatal Python error", re.MULTILINE)


@dataclass(frozen=True)
class Storm:
    """What came of an attack."""

    tally: Tally
    seconds: float
    edits: int
    slowest: float

    def summary(self) -> str:
        """All figures, for people."""
        return (
            f"{self.tally.summary()}\n"
            f"{self.seconds:.1f} s, {self.tally.frames / self.seconds:.0f} frames/s; "
            f"the witnesses made {self.edits} edits, the slowest acknowledged after {1000 * self.slowest:.0f} ms"
        )


async def storm(url: str, *, frames: int, seed: int) -> Storm:
    """Attack the server with so many frames. Raises AssertionError when anybody but the attackers was harmed."""
    tally = Tally()
    async with AsyncExitStack() as stack:
        http = await stack.enter_async_context(httpx.AsyncClient(base_url=url, timeout=60))
        ada, bob, eve = [await _signed_in(url, http, name) for name in ("Ada", "Bob", "Eve")]
        pairs = [await stack.enter_async_context(witnesses_of(ada, bob)) for _ in range(_ROOMS)]
        secret = await eve.make_room(private=True)
        attackers = []
        for transport in TRANSPORTS:
            for number in range(_ATTACKERS_EACH):
                mallory = await _signed_in(url, http, f"Mallory {transport} {number}")
                known = Known(
                    user_id=mallory.user_id,
                    token=mallory.token,
                    client_id=f"mallory-{transport}-{number}",
                    places=[Place(pair.room_id) for pair in pairs],
                    foreign_rooms=[secret],
                    foreign_clients=[witness.room.client_id for pair in pairs for witness in pair.witnesses],
                    foreign_users=[ada.user_id, bob.user_id, eve.user_id],
                    foreign_token=_forged_token(ada),
                )
                rng = random.Random(f"{seed} {transport} {number}")
                attackers.append(Attacker(url, known, transport, rng, tally))
        began = time.monotonic()
        async with asyncio.TaskGroup() as group:
            for number, attacker in enumerate(attackers):
                group.create_task(attacker.attack((frames + number) // len(attackers)))
        seconds = time.monotonic() - began
        witnesses = [witness for pair in pairs for witness in pair.witnesses]
        for pair in pairs:
            await pair.testify()
        assert (await eve.room(secret))["room_id"] == secret
        assert [member["user_id"] for member in (await eve.api("GET", f"/api/rooms/{secret}/members"))["items"]] == [
            eve.user_id
        ], "somebody got into a private room"
        assert (await http.get("/health")).is_success
        edits, slowest = sum(witness.written for witness in witnesses), max(witness.slowest for witness in witnesses)
        return Storm(tally, seconds, edits, slowest)


async def _signed_in(url: str, http: httpx.AsyncClient, name: str) -> Person:
    answer = await http.post("/api/auth/guest", json={"name": name})
    assert answer.is_success, answer.text
    signed_in = answer.json()
    return Person(signed_in["user_id"], signed_in["name"], signed_in["token"], url, http)


def _forged_token(victim: Person) -> str:
    """The victim's claims under a secret of one's own."""
    claims = jwt.decode(victim.token, options={"verify_signature": False})
    return jwt.encode(claims, "a secret that the server does not have")


# ------------------------------------------------------------------ the server's side


def vital_processes(server: Server) -> dict[psutil.Process, str]:
    """The processes that must live through an attack, and what they are.

    All but workers that are idle or just starting, the database's connections, and rooms, which tell by their epoch.
    """
    vital = {}
    for process in server.processes():
        with suppress(psutil.Error):
            title = " ".join(process.cmdline())
            if (
                title
                and not title.startswith(("ray::IDLE", "ray::RoomActor", "postgres:"))
                and "default_worker.py" not in title
            ):
                vital[process] = title.partition(".")[0]  # an actor's title names what it is doing
    return vital


def dead(vital: Mapping[psutil.Process, str]) -> list[str]:
    """What of them lives no more."""
    return sorted(f"{title} ({process.pid})" for process, title in vital.items() if not is_alive(process))


def troubles(before: Mapping[str, str], after: Mapping[str, str]) -> list[str]:
    """Errors that nobody handled, in what was added to the logs."""
    assert any(name.startswith("worker") for name in after), "the logs of the processes are not there"
    added = {name: written[len(before.get(name, "")) :] for name, written in after.items()}
    return [
        f"{name}: {written[found.start() : found.start() + 2_000]}"
        for name, written in added.items()
        if (found := _TROUBLE.search(written)) is not None
    ]
