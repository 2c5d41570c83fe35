"""How `status` and `rooms` show what does not answer, and what has failed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from serve.operator.server import AdminClient
from serve.schemas.admin import AdminRoom, ClusterStatus

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    import pytest

    from .conftest import Done

SECRET = "s" * 32


def status_of(**changes: Any) -> ClusterStatus:
    example = ClusterStatus.model_config["json_schema_extra"]
    assert isinstance(example, dict)
    return ClusterStatus.model_validate({**example["example"], **changes})  # type: ignore[dict-item]


def show(patch: pytest.MonkeyPatch, status: ClusterStatus) -> None:
    async def told(_client: AdminClient) -> ClusterStatus:
        return status

    patch.setattr(AdminClient, "status", told)


def test_a_server_that_is_well(rayrooms: Callable[..., Done], monkeypatch: pytest.MonkeyPatch) -> None:
    """OPS-10, OPS-12: every part, with 0."""
    show(monkeypatch, status_of())
    done = rayrooms("status", RAYROOMS_JWT_SECRET=SECRET)
    assert (done.code, done.err) == (0, "")
    assert "rooms      2 awake of 40\nsockets    3\n" in done.out
    assert ClusterStatus.model_validate_json(rayrooms("status", "--json", RAYROOMS_JWT_SECRET=SECRET).out)


def test_a_server_that_is_not(rayrooms: Callable[..., Done], monkeypatch: pytest.MonkeyPatch) -> None:
    """OPS-10, OPS-12: what has failed and what does not answer is shown as such, with 1."""
    health = status_of().health.model_dump()
    health["status"] = "degraded"
    health["parts"]["database"] = {"status": "failed", "detail": "It is \x1b[31maway."}
    parts = dict.fromkeys(("nodes", "gateways", "rooms_awake", "rooms_stored", "sockets"))
    show(monkeypatch, status_of(health=health, **parts))
    done = rayrooms("status", RAYROOMS_JWT_SECRET=SECRET)
    assert (done.code, done.err) == (1, "")
    assert "database   failed: It is \\x1b[31maway., 0 records waiting" in done.out
    assert done.out.count("no answer") == 5
    nodes = status_of().model_dump()["nodes"]
    show(monkeypatch, status_of(nodes=[{**nodes[0], "writer": None}]))
    assert "no answer" in rayrooms("status", RAYROOMS_JWT_SECRET=SECRET).out


def test_a_room_that_hangs(rayrooms: Callable[..., Done], monkeypatch: pytest.MonkeyPatch) -> None:
    """OPS-13: where it should be, and nothing of what it does."""
    room = AdminRoom.model_validate(
        {
            "room_id": "stuck",
            "name": "Stuck",
            "owner_id": "ada",
            "private": False,
            "created_at": "2026-01-05T09:30:00Z",
            "stored_version": 9,
            "edited_at": None,
            "state": "no_answer",
            "place": {"node_id": "n", "address": "127.0.0.1:4000", "epoch": 7, "pid": 1},
            "activity": None,
        }
    )

    async def rooms(_client: AdminClient, *, awake: bool) -> AsyncIterator[AdminRoom]:
        assert awake
        yield room

    monkeypatch.setattr(AdminClient, "rooms", rooms)
    done = rayrooms("rooms", "--awake", RAYROOMS_JWT_SECRET=SECRET)
    assert done.code == 0
    _, line = done.out.splitlines()
    assert line.split() == ["stuck", "no", "answer", "-", "9", "-", "-", "-", "-", "7", "127.0.0.1:4000", "Stuck"]
