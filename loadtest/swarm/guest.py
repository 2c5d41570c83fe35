"""A Locust user who has signed in with a name of their own."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

from locust import FastHttpUser
from locust.exception import StopUser

if TYPE_CHECKING:
    from argparse import Namespace

    from loadtest.swarm.rooms import SharedRoom


class Guest(FastHttpUser):
    """Somebody with a token, who can call REST."""

    abstract = True
    token: str

    def on_start(self) -> None:
        answer = self.ask("POST", "/api/auth/guest", json={"name": f"Guest {random.randrange(10**6)}"})
        self.token = answer["token"]

    def option(self, name: str) -> int:
        """An option of the command line."""
        options: Namespace | None = self.environment.parsed_options
        assert options is not None
        return int(getattr(options, name))

    def enter(self, room: SharedRoom, size: int) -> None:
        """Make the room if nobody has; wait until it is there."""
        if room.found():
            body = {"name": "Load", "room_id": room.room_id, "max_users": max(2, size)}
            self.ask("POST", "/api/rooms", json=body)
            room.made.set()
        room.made.wait()

    def ask(self, method: str, path: str, *, name: str | None = None, **request: Any) -> Any:  # noqa: ANN401 - any JSON
        """Call REST; a user who is refused ends."""
        headers = {"Authorization": f"Bearer {self.token}"} if hasattr(self, "token") else {}
        with self.rest(method, path, name=name or path, headers=headers, **request) as answer:
            if answer.js is None:
                raise StopUser
            return answer.js
