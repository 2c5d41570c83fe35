"""The operator's commands beside a server that runs, with people in its rooms."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest

from persistence.backup import back_up, restore
from persistence.database import Database
from persistence.embedded import EmbeddedPostgres
from persistence.settings import get_settings
from rayrooms import text
from rayrooms.client.room import RoomClient
from rayrooms.errors import NotFoundError, RayroomsError
from serve.operator import options
from serve.operator import tail as tail_command

from .party import PATIENCE, TIMING
from .people import until
from .server import kill

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Coroutine, Iterator
    from pathlib import Path

    from .people import Person
    from .server import Server

OPERATOR = "rayrooms-operator"


class Desk:
    """An operator beside the server. Commands run here as `scripts/rayrooms` runs them in a process of their own."""

    def __init__(self, server: Server, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
        self._where = ("--data-dir", str(server.data_dir), "--url", server.url)
        self._capsys = capsys
        environment = {name: value for name, value in os.environ.items() if not name.startswith("RAYROOMS_")}
        monkeypatch.setattr(os, "environ", environment)

    def command(self, *arguments: str | Path) -> Coroutine[None, None, int]:
        """A command, ready to run."""
        command, settings, chosen = options.read([*map(str, arguments), *self._where])
        return command.run(settings, chosen)

    async def run(self, *arguments: str | Path) -> str:
        """Run a command that must succeed and complain of nothing; returns what it said."""
        self._capsys.readouterr()
        code = await asyncio.wait_for(self.command(*arguments), PATIENCE)
        said = self._capsys.readouterr()
        assert (code, said.err) == (0, ""), said
        return said.out


@pytest.fixture
def desk(own_server: Server, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    yield Desk(own_server, capsys, monkeypatch)
    get_settings.cache_clear()


@asynccontextmanager
async def opened(room_id: str, *people: Person) -> AsyncIterator[list[RoomClient]]:
    async with AsyncExitStack() as stack:
        yield [
            await stack.enter_async_context(
                RoomClient.open(person.url, room_id, token=person.token, timing=TIMING, wait_on_close=False)
            )
            for person in people
        ]


class Tail:
    """What a running `tail --json` tells."""

    def __init__(self, task: asyncio.Task[int], lines: asyncio.Queue[str]) -> None:
        self.task = task
        self._lines = lines
        self.told: list[dict[str, Any]] = []

    @classmethod
    @asynccontextmanager
    async def of(cls, desk: Desk, room_id: str) -> AsyncIterator[Tail]:
        lines: asyncio.Queue[str] = asyncio.Queue()
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(tail_command, "say", lines.put_nowait)
            task = asyncio.create_task(desk.command("tail", room_id, "--json"))
            yield cls(task, lines)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def hear(self, kind: str, **fields: Any) -> dict[str, Any]:
        """Read on until something of this kind is told."""
        async with asyncio.timeout(PATIENCE):
            while True:
                told = json.loads(await self._lines.get())
                self.told.append(told)
                if told["kind"] == kind and fields.items() <= told.items():
                    return dict(told)


async def test_status(desk: Desk, ada: Person) -> None:
    """OPS-12: the two gateways, the machine and the database of a server that is well; for people and for programs."""
    room_id = await ada.make_room()
    async with ada.inside(room_id) as socket:
        version = await socket.edit(["x"])
        await socket.expect("durable", version=version)

        async def told() -> dict[str, Any]:
            await socket.edit(["x"])  # a room where nobody does falls asleep before the next gateway signs
            return dict(json.loads(await desk.run("status", "--json")))

        async def all_gateways_signed() -> bool:
            status = await told()
            return len(status["gateways"]) == 2 and status["sockets"] >= 1 and status["rooms_awake"] >= 1

        await until(all_gateways_signed, PATIENCE)
        status = await told()
        assert status["health"]["status"] == "ok"
        [node] = status["nodes"]
        assert node["rooms"] == status["rooms_awake"] <= status["rooms_stored"]
        assert node["writer"]["database_ok"]
        assert node["writer"]["committed_records"] >= 1
        shown = await desk.run("status")
    assert "database   ok, 0 records waiting" in shown
    assert node["address"] in shown


async def test_rooms(desk: Desk, ada: Person, bob: Person) -> None:
    """OPS-13: an awake room with its place and figures, a sleeping one with what is stored; no secret of either."""
    awake, asleep = await ada.make_room(name="Wide \x1b[1m awake", private=True), await ada.make_room()
    async with opened(awake, ada) as [room]:
        await bob.ask("GET", "/api/rooms")
        for number in range(5):
            room.insert(0, str(number))
        await room.wait_durable(PATIENCE)
        lines = [json.loads(line) for line in (await desk.run("rooms", "--json")).splitlines()]
        rooms = {line["room_id"]: line for line in lines}
        assert len(rooms) == len(lines)
        activity = rooms[awake]["activity"]
        assert rooms[awake]["state"] == "awake"
        assert (activity["users"], activity["version"], activity["durable_version"]) == (1, 5, 5)
        assert activity["edits"] == 5
        assert activity["edits_per_second"] > 0
        assert activity["memory_bytes"] > 1_000_000
        live = (await ada.room(awake))["live"]
        place = rooms[awake]["place"]
        assert (place["epoch"], place["pid"]) == (live["epoch"], live["pid"])
        assert (rooms[asleep]["state"], rooms[asleep]["activity"], rooms[asleep]["stored_version"]) == (
            "asleep",
            None,
            0,
        )
        assert "secret" not in json.dumps(lines)
        shown = await desk.run("rooms", "--awake")
        assert awake in shown
        assert asleep not in shown
        assert "Wide \\x1b[1m awake" in shown
    assert not (await ada.room(asleep))["awake"]


async def test_a_room_that_hangs(desk: Desk, ada: Person) -> None:
    """OPS-13: is shown as one that does not answer, and the others are shown all the same."""
    hanging, well = await ada.make_room(), await ada.make_room()
    async with opened(hanging, ada) as [one], opened(well, ada) as [other]:
        for room in (one, other):
            room.insert(0, "x")
            await room.wait_durable(PATIENCE)
        pid = (await ada.room(hanging))["live"]["pid"]
        os.kill(pid, signal.SIGSTOP)
        try:
            lines = (await desk.run("rooms", "--awake", "--json")).splitlines()
        finally:
            os.kill(pid, signal.SIGCONT)
        states = {room["room_id"]: room["state"] for room in map(json.loads, lines)}
        assert (states[hanging], states[well]) == ("no_answer", "awake")
        assert [json.loads(line)["place"]["pid"] for line in lines if hanging in line] == [pid]


@pytest.mark.parametrize("told", [True, False])
async def test_replaced_under_its_people(
    own_server: Server, desk: Desk, ada: Person, bob: Person, tmp_path: Path, *, told: bool
) -> None:
    """OPS-7, G1, G5: all come to the restored text and write on; one the server is not told of takes its next edit."""
    room_id = await ada.make_room()
    async with opened(room_id, ada, bob) as [one, other]:
        one.insert(0, "kept 🗝 ")
        await one.wait_durable(PATIENCE)
        file = tmp_path / f"{room_id}.jsonl.gz"
        await desk.run("backup", room_id, "--to", tmp_path)
        one.insert(0, "lost ")
        await one.wait_durable(PATIENCE)
        other.insert(0, "too ")
        await other.wait_durable(PATIENCE)
        await one.wait_text("too lost kept 🗝 ", PATIENCE)
        before = (await ada.room(room_id))["live"]
        if told:
            assert await desk.run("restore", file, "--replace") == f"{room_id}: replaced at version 1\n"
            await one.wait_text("kept 🗝 ", PATIENCE)
        else:
            await replace_untold(own_server, file)
            one.insert(0, "new ")
            await one.wait_text(lambda content: content.endswith("kept 🗝 ") and "lost" not in content, PATIENCE)
        await other.wait_text(lambda content: "lost" not in content, PATIENCE)
        one.insert(0, "both ")
        other.insert(0, "write ")
        for room in (one, other):
            await room.wait_durable(PATIENCE)
            await room.sync(PATIENCE)
        assert one.text == other.text == await ada.text(room_id)
        assert sorted(one.text.replace("new ", "")) == sorted("both write kept 🗝 ")
        after = (await ada.room(room_id))["live"]
        assert after["epoch"] > before["epoch"] + 1_000_000
        content = ""
        for entry in await one.history():
            content = text.apply(content, entry.op)
        assert content == one.text


async def replace_untold(server: Server, file: Path) -> None:
    """Restore as on another machine, from which the server is not reached."""
    database = Database(EmbeddedPostgres(server.data_dir).url)
    await restore(database, file, replace=True)
    await database.close()


async def test_backups_while_people_write(own_server: Server, desk: Desk, ada: Person, tmp_path: Path) -> None:
    """OPS-1: each is a beginning of the room's history as it then was."""
    room_id = await ada.make_room()
    database = Database(EmbeddedPostgres(own_server.data_dir).url)
    async with opened(room_id, ada) as [room]:
        for number in range(5):
            for letter in "abcde":
                room.insert(0, letter)
            await room.wait_acked(PATIENCE)
            await back_up(database, room_id, tmp_path / f"{number}")
        await room.wait_durable(PATIENCE)
        versions = []
        for number in range(5):
            restored = await restore(database, tmp_path / f"{number}", room_id=f"{room_id}-{number}")
            versions.append(restored.version)
            content = await desk.run("export", restored.room_id)
            assert content == await desk.run("export", room_id, "--version", str(restored.version))
        assert versions == sorted(versions)
    await database.close()


async def test_tail(desk: Desk, ada: Person, bob: Person) -> None:
    """OPS-14: edits with their authors, chat and people, as they come; seen by all, and no member."""
    room_id = await ada.make_room(private=True)
    await ada.api("POST", f"/api/rooms/{room_id}/members", {"user_id": bob.user_id})
    async with opened(room_id, ada) as [room]:
        room.insert(0, "before")
        await room.wait_durable(PATIENCE)
        async with Tail.of(desk, room_id) as tail:
            assert (await tail.hear("connection"))["version"] == 1
            await tail.hear("person", user_id=ada.user_id, role="owner")
            await room.wait_for(lambda: any(one.user_id == OPERATOR for one in room.users), PATIENCE)
            [seen] = [one for one in room.users if one.user_id == OPERATOR]
            assert (seen.role, seen.name, seen.verified) == ("viewer", "Operator", True)
            room.insert(6, " and after")
            edit = await tail.hear("edit")
            assert (edit["version"], edit["user_id"], edit["name"]) == (2, ada.user_id, "Ada")
            assert edit["op"] == [6, " and after"]
            room.send_chat("hello")
            chat = await tail.hear("chat")
            assert (chat["change"], chat["name"], chat["content"]) == ("posted", "Ada", "hello")
            room.react(chat["message_id"], "👍")
            assert (await tail.hear("chat", change="reacted"))["reactions"] == {"👍": [ada.user_id]}
            async with bob.inside(room_id):
                await tail.hear("person", change="came", user_id=bob.user_id)
            await tail.hear("person", change="left", user_id=bob.user_id)
        await room.wait_for(lambda: all(one.user_id != OPERATOR for one in room.users), PATIENCE)
    members = (await ada.api("GET", f"/api/rooms/{room_id}/members"))["items"]
    assert {member["user_id"] for member in members} == {ada.user_id, bob.user_id}


async def test_tail_comes_back(own_server: Server, desk: Desk, ada: Person) -> None:
    """OPS-14: after its gateway and its room die no edit is missing and none is told twice; it ends with the room."""
    room_id = await ada.make_room(private=True)
    async with opened(room_id, ada) as [room], Tail.of(desk, room_id) as tail:
        await tail.hear("connection", status="online")
        room.insert(0, "0")
        await tail.hear("edit", version=1)
        for gateway in own_server.titled("ray::ServeReplica:rayrooms:gateway"):
            await kill(gateway)
        room.insert(0, "1")
        await room.wait_durable(PATIENCE)
        await tail.hear("edit", version=2)
        room.insert(0, "2")  # it may have fallen asleep until the tail was back
        await room.wait_durable(PATIENCE)
        await kill((await ada.room(room_id))["live"]["pid"])
        room.insert(0, "3")
        await tail.hear("edit", version=4)
        versions = [one["version"] for one in tail.told if one["kind"] == "edit"]
        assert versions == [1, 2, 3, 4]
        assert (await ada.ask("DELETE", f"/api/rooms/{room_id}")).status_code == 204
        with pytest.raises(RayroomsError):
            await asyncio.wait_for(asyncio.shield(tail.task), PATIENCE)
    with pytest.raises(NotFoundError, match=f"There is no room {room_id}"):
        await desk.run("tail", room_id)
