"""The example notebooks: each runs against a real server, and what it says of rooms is what the server says."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import nbformat
import pytest

from rayrooms import RestClient
from tests.live.people import until
from tests.live.server import ROOT
from tests.notebooks.executed import environment, execute_and_ask

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from rayrooms.client.bodies import LoggedOperation
    from tests.live.server import Server

EXAMPLES = sorted((ROOT / "notebooks").glob("*.ipynb"))
MAX_STORED_BYTES = 150_000
_TOKEN = re.compile(r"eyJ[\w-]{8,}\.")
"""How each JSON Web Token begins."""


class Visitor:
    """Somebody who looks at a room over REST after the notebook has gone."""

    def __init__(self, rest: RestClient) -> None:
        self._rest = rest

    async def text(self, room_id: str) -> str:
        return (await self._rest.snapshot(room_id)).content

    async def history(self, room_id: str) -> list[LoggedOperation]:
        return await self._rest.history(room_id)

    async def authors(self, room_id: str) -> set[str]:
        """The names of all who edited the room."""
        names = {member.user_id: member.name for member in await self._rest.members(room_id)}
        return {names[one.user_id] for one in await self.history(room_id)}

    async def chat(self, room_id: str) -> list[tuple[str, str]]:
        return [(one.name, one.content) for one in await self._rest.messages(room_id)]

    async def finds_empty(self, room_id: str) -> None:
        """Wait until nobody is connected to the room any more."""

        async def is_empty() -> bool:
            return not any(member.active for member in await self._rest.members(room_id))

        await until(is_empty)


@pytest.fixture
async def visitor(server: Server) -> AsyncIterator[Visitor]:
    async with RestClient(server.url) as rest:
        await rest.sign_in_guest("Visitor")
        yield Visitor(rest)


async def _run(name: str, question: str, tmp_path: Path, server: Server) -> Any:
    notebook = nbformat.read(ROOT / "notebooks" / name, as_version=4)
    return await execute_and_ask(notebook, question, tmp_path, environment(tmp_path, server.url))


async def test_first_room(server: Server, visitor: Visitor, tmp_path: Path) -> None:
    """NB-90: the first room holds what the kernel and Bob wrote, was run, and heard of Bob's edit."""
    facts = await _run(
        "01-first-room.ipynb",
        "dict(room=ed.room, tag=TAG, changes=changes, present=present, ok=result.ok, value=result.value,"
        " greeting=greeting, listed=[room.name for room in _oh[max(_oh)]], status=ed.status)",
        tmp_path,
        server,
    )
    assert facts["changes"] == [([60, "Ada and Bob", {"d": "everybody"}], "somebody else's")]
    assert "Bob" in facts["present"]
    assert len(facts["present"]) == 2
    assert (facts["ok"], facts["value"]) == (True, "good morning, Ada and Bob")
    assert facts["greeting"] == "good morning, everybody who has this cell"
    assert facts["listed"] == [f"First room {facts['tag']}"]
    assert facts["status"] == "closed"

    expected = "def greet(name):\n    return f'good morning, {name}'\n\ngreet('Ada and Bob')\n"
    assert await visitor.text(facts["room"]) == expected
    assert await visitor.text(f"tour~cell-{facts['tag']}") == (
        'greeting = greet("everybody who has this cell")\nprint(greeting)'
    )
    assert [content for _, content in await visitor.chat(facts["room"])] == ["Does this run for you as well?"]
    await visitor.finds_empty(facts["room"])


async def test_classroom(server: Server, visitor: Visitor, tmp_path: Path) -> None:
    """NB-90: thirty pupils work out thirty sums and write thirty words in one place, and all have the same text."""
    facts = await _run(
        "02-classroom.ipynb",
        "dict(room=worksheet.room_id, sums=sums, right=len(right), words=words, texts=list(texts),"
        " version=stored.version)",
        tmp_path,
        server,
    )
    text = await visitor.text(facts["room"])
    assert facts["texts"] == [text]
    assert facts["right"] == len(facts["sums"]) == len(set(facts["words"])) == 30
    lines = text.splitlines()
    for name, (a, b) in facts["sums"].items():
        assert f"{name}: {a} x {b} = {a * b}" in lines
    *_, together = lines
    assert sorted(re.findall(r" [a-z ]+ \(\w+\)\.", together.removeprefix("What we liked:"))) == sorted(facts["words"])

    assert await visitor.authors(facts["room"]) == {"Ms Lovelace", *facts["sums"]}
    assert len(await visitor.history(facts["room"])) == facts["version"]
    await visitor.finds_empty(facts["room"])


async def test_programs_that_join_in(server: Server, visitor: Visitor, tmp_path: Path) -> None:
    """NB-90: one program answers in the text, the other points at a mistake and says so, while somebody types."""
    facts = await _run(
        "03-a-program-that-joins-in.ipynb",
        "dict(room=ROOM, pointed=ada.text[pointed.anchor:pointed.head], area=names['area'](6, 7),"
        " ended=[program.cancelled() for program in programs])",
        tmp_path,
        server,
    )
    assert await visitor.text(facts["room"]) == (
        '"""\n6 * 7 = 42\n(3 + 4) * 1.5 = 10.5\n1 / 0 = ?\n"""\ndef area(width, height):\n    return width * height\n'
    )
    # The selection was taken before Ada put the bracket in: it still spans the line.
    assert facts["pointed"] in {"def area(width, height:", "def area(width, height)"}
    assert facts["area"] == 42
    assert facts["ended"] == [True, True]
    assert await visitor.authors(facts["room"]) == {"Ada", "Abacus"}
    assert await visitor.chat(facts["room"]) == [
        ("Proofreader", "line 6: '(' was never closed"),
        ("Proofreader", "This is valid Python again."),
    ]
    await visitor.finds_empty(facts["room"])


async def test_history_and_conflicts(server: Server, visitor: Visitor, tmp_path: Path) -> None:
    """NB-90: the frames count every edit and every character, the plot is drawn, and the conflicts are those made."""
    facts = await _run(
        "04-history-and-conflicts.ipynb",
        "dict(room=ROOM, edits=len(frame), typed=standing['typed'].to_dict(),"
        " standing=standing['still there'].to_dict(),"
        " plotted=int(busy.to_numpy().sum()), touched=int(frame[['inserted', 'deleted']].to_numpy().sum()),"
        " met=conflicts[['author', 'met', 'kind']].to_numpy().tolist())",
        tmp_path,
        server,
    )
    text = await visitor.text(facts["room"])
    history = await visitor.history(facts["room"])
    title, _, *parts = text.splitlines()
    assert sorted(re.findall("Zwiebelsuppe|Soupe à l'oignon|French |Onion ", title)) == sorted(
        ["French ", "Onion ", "Soupe à l'oignon", "Zwiebelsuppe"]
    )
    assert len(title) == len("French Onion Soupe à l'oignonZwiebelsuppe")
    assert [len(part) > len("1. ") for part in parts] == [True] * 4

    authors = {"Ada", "Bob", "Cem", "Dot"}
    assert await visitor.authors(facts["room"]) == authors
    assert facts["edits"] == len(history) > 200
    assert set(facts["standing"]) == authors
    assert sum(facts["standing"].values()) == len(text)
    assert sum(facts["typed"].values()) == len(text) + len("Soup")
    assert facts["plotted"] == facts["touched"] == len(text) + 2 * len("Soup")
    assert {(frozenset(pair), kind) for *pair, kind in facts["met"]} == {
        (frozenset({"Ada", "Bob"}), "insert-insert"),
        (frozenset({"Cem", "Dot"}), "delete-delete"),
    }
    await visitor.finds_empty(facts["room"])


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_what_readers_find(path: Path) -> None:
    """NB-91: a stored example was executed from top to bottom, and holds no token, no path of a machine, no widget."""
    stored = path.read_text()
    notebook = nbformat.reads(stored, as_version=4)
    nbformat.validate(notebook)
    assert len(stored.encode()) < MAX_STORED_BYTES
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1))
    outputs = [output for cell in code for output in cell.outputs]
    assert {output.output_type for output in outputs} <= {"stream", "display_data", "execute_result"}
    assert {output.name for output in outputs if output.output_type == "stream"} == {"stdout"}
    assert set(notebook.metadata) == {"kernelspec", "language_info"}
    assert "application/vnd.jupyter" not in stored
    assert _TOKEN.search(stored) is None
    assert [part for part in (str(ROOT), str(Path.home()), os.sep + "tmp" + os.sep) if part in stored] == []


def test_there_are_four_examples() -> None:
    """NB-91: the examples are those that the README and docs/notebooks.md name."""
    names = [path.name for path in EXAMPLES]
    assert names == [
        "01-first-room.ipynb",
        "02-classroom.ipynb",
        "03-a-program-that-joins-in.ipynb",
        "04-history-and-conflicts.ipynb",
    ]
    for page in ("README.md", "docs/notebooks.md"):
        assert [name for name in names if name not in (ROOT / page).read_text()] == []
