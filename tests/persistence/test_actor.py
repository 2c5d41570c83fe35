"""The persistence actor, without Ray around it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from persistence.actor import PersistenceActor, persistence_name
from persistence.feed import feed_path
from persistence.settings import get_settings
from rayrooms.errors import NotFoundError

from .senders import Sender, insertions, until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def runtime_dir(tmp_path: Path, url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setenv("RAYROOMS_DATABASE_URL", url)
    monkeypatch.setenv("RAYROOMS_RUNTIME_DIR", str(tmp_path / "run"))
    get_settings.cache_clear()
    yield str(tmp_path / "run")
    get_settings.cache_clear()


async def test_it_serves_without_being_called_and_stores_until_it_is_stopped(runtime_dir: str, room_id: str) -> None:
    """G4, WR-46: an actor that Ray has restarted takes feeds before anybody calls it."""
    actor = PersistenceActor()
    await until(feed_path(runtime_dir).exists)
    place = await actor.ready()
    assert place.feed_path == str(feed_path(runtime_dir))
    assert not place.retired
    sender = Sender(feed_path(runtime_dir), room_id)
    sender.feed.write(insertions(1, 20))
    await sender.until_durable(20)
    await sender.close()
    assert await actor.drain(room_id, 5)
    assert (await actor.stats()).committed_records == 20
    loaded = await actor.load(room_id)
    assert (loaded.version, len(loaded.log)) == (20, 20)
    assert await actor.client(room_id, "client") == (20, 20, "ada")
    assert await actor.client(room_id, "nobody") is None
    assert await actor.result_of(room_id, "client", 7) == 7
    assert await actor.message(room_id, "m") is None
    assert await actor.claim(room_id) == 2
    with pytest.raises(NotFoundError):
        await actor.load("no-such-room")
    assert await actor.stop()
    assert not feed_path(runtime_dir).exists()


def test_its_name_tells_its_node() -> None:
    """WR-46: one persistence actor per node."""
    assert persistence_name("n1") == "persistence-n1"
