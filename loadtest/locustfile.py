"""Locust users of a running server: classes and teams that edit together over WebSockets, and programs that use REST.

    .venv/bin/locust -f loadtest/locustfile.py --headless --host http://127.0.0.1:8000 -u 50 -r 10 -t 60s

Besides the requests by path, the statistics show `join` and `rejoin` (asked to joined), `edit:ack` (sent to
acknowledged), `edit:arrival` and `chat:arrival` (sent to seen by somebody in the same process). Distributed
(`--processes 2`, or `--master` and `--worker`) each process fills rooms of its own.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import gevent
from locust import between, constant, events, task

from loadtest.swarm.guest import Guest
from loadtest.swarm.person import Person
from loadtest.swarm.rooms import SharedRooms

if TYPE_CHECKING:
    from locust.argument_parser import LocustArgumentParser

    from loadtest.swarm.rooms import SharedRoom

_TEAM, _CLASS = 4, 30
_BURST = (5, 25)


@events.init_command_line_parser.add_listener
def _add_options(parser: LocustArgumentParser) -> None:
    parser.add_argument("--team-size", type=int, default=_TEAM, help="how many share a room to write in it together")
    parser.add_argument("--class-size", type=int, default=_CLASS, help="how many are in a class, with its teacher")


_teams, _programs, _classes = SharedRooms(), SharedRooms(), SharedRooms(taught=True)


class Teacher(Person):
    """Writes most of the time, in bursts as people type, and says something now and then."""

    weight = 1
    wait_time = between(1, 4)

    def share(self) -> tuple[SharedRoom, int]:
        size = self.option("class_size")
        return _classes.teach(size), size

    @task(10)
    def write(self) -> None:
        """A burst of keystrokes."""
        self.type_burst(random.randint(*_BURST))

    @task(3)
    def point(self) -> None:
        self.look_around()

    @task(1)
    def announce(self) -> None:
        self.say_something()


class Student(Person):
    """Reads along; moves the caret, types a little, asks and reacts, comes late, goes out, loses the connection."""

    weight = 29
    wait_time = between(2, 12)

    def share(self) -> tuple[SharedRoom, int]:
        size = self.option("class_size")
        return _classes.place(size), size

    @task(10)
    def read(self) -> None:
        self.look_around()

    @task(5)
    def try_it(self) -> None:
        """A few keystrokes."""
        self.type_burst(random.randint(1, 8))

    @task(1)
    def ask_something(self) -> None:
        self.say_something()

    @task(2)
    def react(self) -> None:
        self.like_something()

    @task(1)
    def go_out(self) -> None:
        self.step_out(random.uniform(1, 10))

    @task(1)
    def drop_out(self) -> None:
        self.lose_connection()


class TeamMate(Person):
    """Writes in a room with a few others who do the same."""

    weight = 16
    wait_time = between(0.1, 0.4)

    def share(self) -> tuple[SharedRoom, int]:
        size = self.option("team_size")
        return _teams.place(size), size

    @task(40)
    def write(self) -> None:
        self.type_a_bit()

    @task(4)
    def think(self) -> None:
        """As long as people do between two sentences."""
        gevent.sleep(random.uniform(2, 6))

    @task(1)
    def talk(self) -> None:
        self.say_something()


class Program(Guest):
    """Edits and reads over REST, in a room that it shares with others of its kind."""

    weight = 4
    wait_time = constant(1)

    def on_start(self) -> None:
        super().on_start()
        size = self.option("team_size")
        shared = _programs.place(size)
        self.enter(shared, size)
        self.room_id = shared.room_id
        self.edit()

    @task(5)
    def edit(self) -> None:
        edit = {"op_type": "insert", "position": 0, "content": "x"}
        self._sync("POST", "operations", json=edit)

    @task(3)
    def version(self) -> None:
        self._sync("GET", "version")

    @task(2)
    def snapshot(self) -> None:
        self._sync("GET", "snapshot")

    @task(2)
    def operations(self) -> None:
        self._sync("GET", "operations?from_version=0&limit=50")

    @task(1)
    def describe(self) -> None:
        self.ask("GET", f"/api/rooms/{self.room_id}", name="/api/rooms/{room_id}")

    @task(1)
    def history(self) -> None:
        self.ask("GET", f"/api/rooms/{self.room_id}/messages", name="/api/rooms/{room_id}/messages")

    def _sync(self, method: str, part: str, **request: Any) -> None:  # noqa: ANN401 - any JSON
        name = "/api/sync/{room_id}/" + part.partition("?")[0]
        self.ask(method, f"/api/sync/{self.room_id}/{part}", name=name, **request)
