"""Two versions of the server's code side by side: what its processes say to each other only grows."""

from __future__ import annotations

import pickle
from io import BytesIO
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import pytest

from actors.link.messages import Attach
from persistence.exchanged import Exchanged
from tests.architecture.exchanged import BY_POSITION, Shape, shapes

if TYPE_CHECKING:
    from collections.abc import Callable

RECORDED = sorted((Path(__file__).parent / "versions").glob("*.json"))
"""The shapes of each version that may still run beside this one."""


def _quarrels(before: dict[str, Shape], now: dict[str, Shape]) -> list[str]:
    """What processes of an earlier version and of this one would not understand."""
    found = [f"{name} is gone" for name in before.keys() - now.keys()]
    for name in before.keys() & now.keys():
        old, new = before[name], now[name]
        if list(islice(new.items(), len(old))) != list(old.items()):
            found.append(f"{name}: {new}, which was {old}")
        found += [
            f"{name}: {part} is new, and may not be left out"
            for part, kind in islice(new.items(), len(old), None)
            if not kind.endswith(" = ...")
        ]
    fixed = (f"{kind.__module__}.{kind.__qualname__}" for kind in BY_POSITION)
    return found + [f"{name} is pickled by position, and has grown" for name in fixed if before[name] != now[name]]


@pytest.mark.parametrize("recorded", RECORDED, ids=lambda path: path.stem)
def test_what_processes_say_to_each_other_only_grows(recorded: Path) -> None:
    """UPG-6: every message and call of an earlier version is there, with all its parts; new parts may be left out."""
    before = msgspec.json.decode(recorded.read_bytes(), type=dict[str, Shape])
    assert len(before) > 80
    assert _quarrels(before, shapes()) == []


def _drop_a_part(now: dict[str, Shape]) -> None:
    now["actors.link.messages.Edit"].popitem()


def _change_a_type(now: dict[str, Shape]) -> None:
    now["persistence.feed.Op"]["version"] = "str"


def _drop_a_call(now: dict[str, Shape]) -> None:
    del now["actors.directory.actor.DirectoryActor.locate"]


def _require_more(now: dict[str, Shape]) -> None:
    now["actors.directory.actor.DirectoryActor.locate"]["late"] = "int"


def _grow_by_position(now: dict[str, Shape]) -> None:
    now["persistence.loaded.LoggedOp"]["late"] = "int = ..."


@pytest.mark.parametrize(
    "change",
    [_drop_a_part, _change_a_type, _drop_a_call, _require_more, _grow_by_position],
    ids=lambda call: call.__name__,
)
def test_a_version_that_would_not_be_understood_is_seen(change: Callable[[dict[str, Shape]], None]) -> None:
    """UPG-6: the rule above is not blind."""
    now = shapes()
    change(now)
    assert len(_quarrels(shapes(), now)) == 1


class Early(Exchanged, frozen=True):
    """A value as an earlier version has it."""

    name: str


class Late(Exchanged, frozen=True):
    """The same one version later."""

    name: str
    size: int = 7


@pytest.mark.parametrize(
    ("sent", "kind", "received"),
    [(Late("a", 3), Early, Early("a")), (Early("a"), Late, Late("a"))],
    ids=["from the later version", "from the earlier version"],
)
def test_a_value_of_another_version_is_read(sent: Exchanged, kind: type[Exchanged], received: Exchanged) -> None:
    """UPG-6: fields that are not known are dropped, those that are missing have their defaults."""
    assert _Elsewhere(BytesIO(pickle.dumps(sent)), {type(sent).__name__: kind}).load() == received


class _Elsewhere(pickle.Unpickler):
    """A process that has other classes under these names."""

    def __init__(self, file: BytesIO, kinds: dict[str, type[Exchanged]]) -> None:
        super().__init__(file)
        self._kinds = kinds

    def find_class(self, module: str, name: str) -> object:
        return self._kinds.get(name) or super().find_class(module, name)


def test_a_frame_of_another_version_is_read() -> None:
    """UPG-6: on the link, parts that are not known are dropped, those that are missing have their defaults."""
    parts = ["Attach", 1, "user", "Ada", "#abc", "member", "client", None, None, None]
    early, late = msgspec.msgpack.encode(parts), msgspec.msgpack.encode([*parts, True, "of a later version"])
    assert msgspec.msgpack.decode(early, type=Attach).verified is False
    assert msgspec.msgpack.decode(late, type=Attach).verified is True
