"""scripts/deploy on a cluster that runs: first, again, with changed settings while somebody types, and in vain."""

from __future__ import annotations

import json
import threading
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Self

import pytest

from rayrooms import BlockingRoom
from tests.deploy.cluster import RunningCluster
from tests.launcher.running import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.live


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningCluster]:
    """A cluster on which two have deployed at once."""
    with RunningCluster(tmp_path_factory.mktemp("cluster")) as running:
        with ThreadPoolExecutor(2) as both:
            first, second = both.submit(running.deploy), both.submit(running.deploy)
        for done in (first.result(), second.result()):
            assert done.returncode == 0, done.stdout + done.stderr
            assert done.stdout.endswith(f"rayrooms: well at {running.url}/\n")
            assert done.stderr == ""
        yield running


def _ask(cluster: RunningCluster, path: str, body: Any = None, token: str = "") -> Any:
    request = urllib.request.Request(cluster.url + path, headers={"Authorization": f"Bearer {token}"})
    if body is not None:
        request.add_header("Content-Type", "application/json")
        request.data = json.dumps(body).encode()
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)


class Typist:
    """Somebody who types one character after the other into a room until told to stop, in a thread of their own."""

    def __init__(self, room: BlockingRoom) -> None:
        self._room = room
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._type)
        self.typed = 0

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_raised: object) -> None:
        self._stop.set()
        self._thread.join()

    def _type(self) -> None:
        while not self._stop.is_set():
            self._room.insert(self.typed, "abcdefghij"[self.typed % 10])
            self.typed += 1
            time.sleep(0.02)


def _text(characters: int) -> str:
    return ("abcdefghij" * (characters // 10 + 1))[:characters]


def test_two_deploys_at_once_make_one_server(cluster: RunningCluster) -> None:
    """DEP-11: both migrate, both wait, and what runs is well through its ingress."""
    assert _ask(cluster, "/health")["status"] == "ok"
    assert len(cluster.gateways()) == 2


def test_deploying_the_same_changes_nothing(cluster: RunningCluster) -> None:
    """DEP-12: the same gateways run after it."""
    before = cluster.gateways()
    assert cluster.deploy().returncode == 0
    assert cluster.gateways() == before


def test_a_changed_setting_arrives_and_no_edit_is_lost(cluster: RunningCluster) -> None:
    """DEP-12, G3, G4: gateways are replaced while somebody types and somebody reads; both end with all of it."""
    token = _ask(cluster, "/api/auth/guest", {"name": "Ada"})["token"]
    room_id = _ask(cluster, "/api/rooms", {"name": "Notes"}, token)["room_id"]
    before = cluster.gateways()
    with (
        BlockingRoom(cluster.url, room_id, token=token) as author,
        BlockingRoom(cluster.url, room_id, name="Bob") as reader,
    ):
        with Typist(author) as typist:
            done = cluster.deploy(max_message="2048")
        assert done.returncode == 0, done.stdout + done.stderr
        assert typist.typed > 10
        author.wait_durable(PATIENCE)
        written = _text(typist.typed)
        assert reader.wait_text(written, PATIENCE) == written
        assert author.text == written
    assert _ask(cluster, f"/api/sync/{room_id}/snapshot", token=token)["content"] == written
    assert cluster.gateways().isdisjoint(before)
    with pytest.raises(OSError, match="413"):
        _ask(cluster, "/api/auth/guest", {"name": "Ada", "more": "x" * 2048})


def test_another_number_of_gateways_leaves_those_that_run(cluster: RunningCluster) -> None:
    """DEP-12: one more is started, and none is replaced."""
    before = cluster.gateways()
    assert cluster.deploy(gateways="3").returncode == 0
    assert len(cluster.gateways()) == 3
    assert cluster.gateways() >= before


def test_a_deploy_that_cannot_succeed_is_told(cluster: RunningCluster) -> None:
    """DEP-10: one sentence says why, and what ran goes on."""
    port = cluster.settings["RAYROOMS_PORT"]
    refused = cluster.deploy(port=str(int(port) + 1))
    cluster.settings["RAYROOMS_PORT"] = port
    assert refused.returncode == 1
    assert refused.stderr.count("\n") == 1
    assert f"Serve listens on 127.0.0.1:{port} and cannot change" in refused.stderr
    assert _ask(cluster, "/health")["status"] == "ok"
