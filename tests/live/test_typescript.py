"""The TypeScript client at a running server, together with the Python one: one document, each edit in it once."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from contextlib import AsyncExitStack, suppress
from typing import TYPE_CHECKING, Any

from rayrooms.client.room import RoomClient
from tests.browser.cable import plugged_in

from .node import node_program
from .party import PATIENCE, TIMING
from .people import until
from .server import kill

if TYPE_CHECKING:
    from .node import NodeProgram
    from .people import Person
    from .server import Server

FIRST_MARK = 0x20000
MARKS = 2048
"""Each writer has so many code points of its own; each of its inserts holds the next of them."""
_FILLINGS = ("", "b", "слово ", "👍🏽", "\r\n", "🇨🇭")


class Writer:
    """Writes and deletes at random through a Python client."""

    def __init__(self, room: RoomClient, number: int) -> None:
        self.room = room
        self.mark = FIRST_MARK + number * MARKS
        self.written = 0
        self.deleted: list[str] = []
        self._random = random.Random(number)
        self._task = asyncio.create_task(self._write())

    async def _write(self) -> None:
        while self.written < MARKS:
            self._edit()
            await asyncio.sleep(self._random.uniform(0, 0.015))  # the pace of a quick typist
            if self._random.random() < 0.1:
                await self.room.wait_acked(PATIENCE)

    def _edit(self) -> None:
        text = self.room.text
        at = self._random.randint(0, len(text))
        gone = text[at : at + self._random.randint(1, 5)]
        if len(text) > 50 and gone and self._random.random() < 0.3:
            self.room.delete(at, len(gone))
            self.deleted += [char for char in gone if ord(char) >= FIRST_MARK]
        else:
            self.room.insert(at, self._random.choice(_FILLINGS) + chr(self.mark + self.written))
            self.written += 1

    async def write_more(self, count: int) -> None:
        goal = self.written + count

        async def has_written() -> bool:
            if self._task.done():
                await self._task
            return self.written >= goal

        await until(has_written, PATIENCE)

    async def stop(self) -> None:
        self._task.cancel()
        with suppress(asyncio.CancelledError):
            await self._task


async def test_typescript_and_python_clients_write_in_one_room(own_server: Server, ada: Person, bob: Person) -> None:
    """G1, G2, G4, CL-20, CL-21, WEB-20: over every transport, through cut connections and killed rooms."""
    room_id = await ada.make_room()
    transports = ("json", "msgpack", "socketio")
    async with AsyncExitStack() as stack:
        cables = [await stack.enter_async_context(plugged_in(own_server.url)) for _ in transports]
        writers = [
            Writer(await stack.enter_async_context(RoomClient.open(url, room_id, token=bob.token, timing=TIMING)), i)
            for i, url in enumerate([own_server.url] * 2)
        ]
        clients = [
            {"url": cable.url, "transport": transport, "mark": FIRST_MARK + number * MARKS}
            for number, (cable, transport) in enumerate(zip(cables, transports, strict=True), len(writers))
        ]
        plan = {"roomId": room_id, "token": ada.token, "seed": 1, "clients": clients}
        program = await stack.enter_async_context(node_program("client/test/live/writers.ts", plan))
        await program.hear_of("ready", PATIENCE)
        for cable in cables:
            await _all_write_more(program, writers)
            await cable.cut()
            await _all_write_more(program, writers)
            await kill((await ada.room(room_id))["live"]["pid"])
            await cable.mend()
        await _all_write_more(program, writers)

        for writer in writers:
            await writer.stop()
        await program.tell("stop")
        await program.hear_of("saved", PATIENCE)
        for writer in writers:
            await writer.room.wait_durable(PATIENCE)
        await program.tell("finish")
        report = await program.hear_of("clients", PATIENCE)
        for writer in writers:
            await writer.room.sync(PATIENCE)
        own = [{"written": w.written, "deleted": w.deleted, "text": w.room.text, "mark": w.mark} for w in writers]
        theirs = [{**one, "mark": client["mark"]} for one, client in zip(report["clients"], clients, strict=True)]
        await _check(ada, room_id, writers[0].room, own + theirs)


async def _all_write_more(program: NodeProgram, writers: list[Writer]) -> None:
    """Wait until each of the writers in Python, and those in TypeScript together, have written a good deal more."""

    async def program_writes_more() -> None:
        for _ in range(9):
            await program.hear_of("edits", PATIENCE)

    await asyncio.gather(program_writes_more(), *(writer.write_more(25) for writer in writers))


async def _check(owner: Person, room_id: str, room: RoomClient, clients: list[dict[str, Any]]) -> None:
    """One text everywhere; each insert that nobody deleted stands in it once, and no edit is in the log twice."""
    text = await owner.text(room_id)
    assert {client["text"] for client in clients} == {text}
    typed = {chr(client["mark"] + number) for client in clients for number in range(client["written"])}
    deleted = {char for client in clients for char in client["deleted"]}
    counts = Counter(char for char in text if ord(char) >= FIRST_MARK)
    assert set(counts.values()) <= {1}, "an edit was made twice"
    assert typed - deleted <= set(counts), "an edit was lost"
    assert set(counts) <= typed
    entries = await room.history()
    assert [entry.version for entry in entries] == list(range(1, len(entries) + 1))
    seqs: dict[str, list[int]] = {}
    for entry in entries:
        seqs.setdefault(entry.client_id, []).append(entry.seq)
    assert all(numbers == list(range(1, len(numbers) + 1)) for numbers in seqs.values())
    assert len(seqs) == len(clients)
    inserted = Counter(char for entry in entries for part in entry.op if isinstance(part, str) for char in part)
    assert all(inserted[char] <= 1 for char in typed), "an edit is in the log twice"


async def test_closed_offline_and_opened_again(own_server: Server, ada: Person) -> None:
    """G2, WEB-12: what was typed without a connection survives the tab, and is delivered once by the next one."""
    room_id = await ada.make_room()
    async with plugged_in(own_server.url) as cable:
        plan = {"url": cable.url, "roomId": room_id, "userId": ada.user_id, "token": ada.token}
        async with node_program("client/test/live/tabs.ts", plan) as program:

            async def visit(types: str, *, waits: bool) -> dict[str, Any]:
                await program.tell({"waits_for_room": waits, "types": types, "waits_until_saved": waits})
                return await program.hear(PATIENCE)

            first = await visit("online ", waits=True)
            assert first["saved"] == {"kind": "saved", "unsent": 0}
            await cable.cut()
            second = await visit("off 😀", waits=False)
            assert second["saved"]["kind"] == "offline"
            third = await visit(" again", waits=False)
            assert (third["text"], third["client_id"]) == ("off 😀 again", second["client_id"])
            await kill((await ada.room(room_id))["live"]["pid"])
            await cable.mend()
            fourth = await visit("!", waits=True)
            assert fourth["client_id"] == second["client_id"]
            fifth = await visit("", waits=True)
            assert fifth["client_id"] not in {first["client_id"], second["client_id"]}
    text = await ada.text(room_id)
    assert Counter(text) == Counter("online off 😀 again!")
    assert fifth["text"] == text
