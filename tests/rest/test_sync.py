"""Editing and catching up over REST."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    import httpx

    from .conftest import Guest


def refusal(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


async def text_of(guest: Guest, room_id: str) -> str:
    content = (await guest.get(f"/api/sync/{room_id}/snapshot")).json()["content"]
    assert isinstance(content, str)
    return content


async def test_edits_by_position_and_by_operation(ada: Guest) -> None:
    """SYNC-1: both forms of an edit commit one version each and answer {operation_id, version, timestamp}."""
    room_id = await ada.make_room()
    edits: list[dict[str, Any]] = [
        {"op_type": "insert", "position": 0, "content": "hello 😀 world"},
        {"op_type": "delete", "position": 7, "length": 6},
        {"op_type": "replace", "position": 0, "length": 5, "content": "bye"},
        {"op": [5, "!"], "version": 3},
    ]
    for version, edit in enumerate(edits, 1):
        accepted = await ada.post(f"/api/sync/{room_id}/operations", edit)
        assert accepted.status_code == 200
        answer = accepted.json()
        assert answer | {"timestamp": ""} == {
            "operation_id": f"{room_id}:{version}",
            "version": version,
            "timestamp": "",
        }
        assert abs(datetime.fromisoformat(answer["timestamp"]) - datetime.now(UTC)).total_seconds() < 60
    assert await text_of(ada, room_id) == "bye 😀!"


async def test_edit_at_an_older_version_is_transformed(ada: Guest, bob: Guest) -> None:
    """SYNC-2: an edit made at an older version commits as what it means now."""
    room_id = await ada.make_room()
    await ada.insert(room_id, 0, "world")
    await ada.insert(room_id, 0, "hello ")
    await bob.insert(room_id, 5, "!", version=1)
    assert await text_of(ada, room_id) == "hello world!"


async def test_numbered_edit_commits_once(ada: Guest) -> None:
    """SYNC-3 (G2): a repeat of (client_id, seq) is answered with its first result and changes nothing."""
    room_id = await ada.make_room()
    edit = {"op": ["once"], "version": 0, "client_id": "tool", "seq": 1}
    answers = [(await ada.post(f"/api/sync/{room_id}/operations", edit)).json() for _ in range(3)]
    assert {answer["version"] for answer in answers} == {1}
    assert await text_of(ada, room_id) == "once"


async def test_numbered_edits_commit_in_order(ada: Guest, bob: Guest) -> None:
    """SYNC-3 (G6): an edit whose predecessor is missing is 409 out_of_order; a client_id belongs to one user."""
    room_id = await ada.make_room()
    path = f"/api/sync/{room_id}/operations"
    assert refusal(await ada.post(path, {"op": ["b"], "client_id": "tool", "seq": 2})) == (409, "out_of_order")
    await ada.insert(room_id, 0, "a", client_id="tool", seq=1)
    assert refusal(await bob.post(path, {"op": ["x"], "client_id": "tool", "seq": 2})) == (403, "forbidden")
    assert await ada.insert(room_id, 1, "b", client_id="tool", seq=2) == 2
    assert await text_of(ada, room_id) == "ab"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"op": [4, "x"]}, "invalid_operation"),
        ({"op": [{"d": 4}]}, "invalid_operation"),
        ({"op": [{"d": "abd"}]}, "invalid_operation"),
        ({"op": ["a", "b"]}, "invalid_operation"),
        ({"op": ["a", 1]}, "invalid_operation"),
        ({"op": [0]}, "invalid_operation"),
        ({"op": [True, "x"]}, "invalid_operation"),
        ({"op": [1.5, "x"]}, "invalid_operation"),
        ({"op": [None]}, "invalid_operation"),
        ({"op": [{"d": 1, "x": 1}]}, "invalid_operation"),
        ({"op": [2**31]}, "invalid_operation"),
        ({"op": "x"}, "malformed"),
        ({"op": None}, "malformed"),
        ({"op": ["x"], "version": 2}, "future_version"),
        ({"op": ["x"], "version": -1}, "malformed"),
        ({"op": ["x"], "version": "1"}, "malformed"),
        ({"op": ["x"], "version": 2**60}, "malformed"),
        ({"op": ["x"], "seq": 1}, "malformed"),
        ({"op": ["x"], "client_id": "c"}, "malformed"),
        ({"op": ["x"], "client_id": "c" * 65, "seq": 1}, "malformed"),
        ({"op": ["x"], "client_id": "c", "seq": 0}, "malformed"),
        ({"op": ["x"], "position": 0}, "malformed"),
        ({"op_type": "insert", "position": 4, "content": "x"}, "invalid_operation"),
        ({"op_type": "delete", "position": 2, "length": 2}, "invalid_operation"),
        ({"op_type": "insert", "position": -1, "content": "x"}, "malformed"),
        ({"op_type": "insert", "position": 0}, "malformed"),
        ({"op_type": "delete", "position": 0}, "malformed"),
        ({"op_type": "move", "position": 0, "content": "x"}, "malformed"),
        ({"op_type": "insert", "content": "x"}, "malformed"),
        ({"op_type": "insert", "position": 0.5, "content": "x"}, "malformed"),
        ({}, "malformed"),
        ([], "malformed"),
        (None, "malformed"),
    ],
    ids=lambda value: repr(value)[:50],
)
async def test_refused_edits(ada: Guest, body: Any, code: str) -> None:
    """SYNC-4 (G8): a wrong edit is refused with 422 and a code, and the document stays as it was."""
    room_id = await ada.make_room()
    await ada.insert(room_id, 0, "abc")
    assert refusal(await ada.post(f"/api/sync/{room_id}/operations", body)) == (422, code)
    assert (await ada.get(f"/api/sync/{room_id}/version")).json()["current_version"] == 1
    assert await text_of(ada, room_id) == "abc"


async def test_viewers_do_not_edit(ada: Guest, bob: Guest) -> None:
    """SYNC-5: a viewer's edit or snapshot is 403 read_only."""
    room_id = await ada.make_room()
    await ada.post(f"/api/rooms/{room_id}/members", {"user_id": bob.user_id, "role": "viewer"})
    assert refusal(await bob.post(f"/api/sync/{room_id}/operations", {"op": ["x"]})) == (403, "read_only")
    assert refusal(await bob.post(f"/api/sync/{room_id}/snapshot")) == (403, "read_only")
    assert await text_of(bob, room_id) == ""


async def test_editing_a_public_room_makes_a_member(ada: Guest, bob: Guest) -> None:
    """SYNC-5: who edits a public room becomes its member by it; the edit is theirs."""
    room_id = await ada.make_room()
    await bob.insert(room_id, 0, "x")
    assert (await bob.get(f"/api/rooms/{room_id}")).json()["role"] == "member"
    logged = (await ada.get(f"/api/rooms/{room_id}/operations")).json()["items"]
    assert logged[0]["user_id"] == bob.user_id


async def test_nobody_edits_in_anothers_name(ada: Guest, eve: Guest) -> None:
    """SYNC-6: a user_id that differs from the token's is refused; one's own is fine."""
    room_id = await ada.make_room()
    path = f"/api/sync/{room_id}/operations"
    assert refusal(await eve.post(path, {"op": ["x"], "user_id": ada.user_id})) == (403, "forbidden")
    assert (await ada.post(path, {"op": ["x"], "user_id": ada.user_id})).status_code == 200


async def test_version(ada: Guest) -> None:
    """SYNC-7: the version is {current_version, last_update}; nothing was updated before the first commit."""
    room_id = await ada.make_room()
    path = f"/api/sync/{room_id}/version"
    assert (await ada.get(path)).json() == {"current_version": 0, "last_update": None}
    accepted = (await ada.post(f"/api/sync/{room_id}/operations", {"op": ["x"]})).json()
    assert (await ada.get(path)).json() == {"current_version": 1, "last_update": accepted["timestamp"]}


async def test_operations_range(ada: Guest) -> None:
    """SYNC-8: a range holds the versions in (from, to], ascending, and pages by `next`."""
    room_id = await ada.make_room()
    for number in range(5):
        await ada.insert(room_id, number, str(number))
    path = f"/api/sync/{room_id}/operations"

    async def versions(**params: Any) -> tuple[list[int], int, int | None]:
        page = (await ada.get(path, **params)).json()
        assert page["current_version"] == 5
        return [operation["version"] for operation in page["operations"]], page["to_version"], page["next"]

    assert await versions() == ([1, 2, 3, 4, 5], 5, None)
    assert await versions(from_version=2) == ([3, 4, 5], 5, None)
    assert await versions(from_version=1, to_version=3) == ([2, 3], 3, None)
    assert await versions(from_version=1, to_version=99) == ([2, 3, 4, 5], 5, None)
    assert await versions(from_version=5) == ([], 5, None)
    assert await versions(limit=2) == ([1, 2], 2, 2)
    assert await versions(from_version=2, limit=2, to_version=4) == ([3, 4], 4, None)
    assert refusal(await ada.get(path, from_version=6)) == (422, "future_version")
    assert refusal(await ada.get(path, from_version=3, to_version=2)) == (422, "malformed")
    for params in ({"from_version": -1}, {"to_version": "x"}, {"limit": 1001}, {"from_version": 2**60}):
        assert refusal(await ada.get(path, **params)) == (422, "malformed")


async def test_logged_operations_read_well(ada: Guest) -> None:
    """SYNC-9: a logged operation shows its invertible form, a description for people, author and number."""
    room_id = await ada.make_room()
    await ada.insert(room_id, 0, "abc", client_id="tool", seq=1)
    await ada.post(f"/api/sync/{room_id}/operations", {"op_type": "delete", "position": 1, "length": 1})
    newest, oldest = (await ada.get(f"/api/rooms/{room_id}/operations")).json()["items"]
    assert (newest["op_type"], newest["position"], newest["content"]) == ("delete", 1, "b")
    assert newest["op"] == [1, {"d": "b"}]
    assert oldest["op"] == ["abc"]
    assert (oldest["client_id"], oldest["seq"], oldest["user_id"]) == ("tool", 1, ada.user_id)
    assert oldest["operation_id"] == f"{room_id}:1"


async def test_operations_backwards(ada: Guest) -> None:
    """REST-6: the log pages backwards, newest first, by `before`."""
    room_id = await ada.make_room()
    path = f"/api/rooms/{room_id}/operations"
    assert (await ada.get(path)).json() == {"items": [], "limit": 50, "next": None}
    for number in range(5):
        await ada.insert(room_id, number, str(number))
    seen: list[list[int]] = []
    params: dict[str, int] = {}
    while True:
        page = (await ada.get(path, limit=2, **params)).json()
        seen.append([operation["version"] for operation in page["items"]])
        if page["next"] is None:
            break
        params = {"before": page["next"]}
    assert seen == [[5, 4], [3, 2], [1]]
    assert (await ada.get(path, before=1)).json()["items"] == []
    assert len((await ada.get(path, before=99)).json()["items"]) == 5
    for bad in ({"limit": 201}, {"before": 0}, {"before": "x"}):
        assert refusal(await ada.get(path, **bad)) == (422, "malformed")


async def test_sync(ada: Guest) -> None:
    """SYNC-10: sync answers the operations since the client's version; a version not reached yet is refused."""
    room_id = await ada.make_room()
    for number in range(3):
        await ada.insert(room_id, number, str(number))
    synced = (await ada.post("/api/sync/sync", {"room_id": room_id, "client_version": 1})).json()
    assert (synced["room_id"], synced["server_version"], synced["client_version"]) == (room_id, 3, 1)
    assert synced["snapshot"] is None
    assert [operation["version"] for operation in synced["operations"]] == [2, 3]
    up_to_date = (await ada.post("/api/sync/sync", {"room_id": room_id, "client_version": 3})).json()
    assert (up_to_date["operations"], up_to_date["server_version"]) == ([], 3)
    refused = await ada.post("/api/sync/sync", {"room_id": room_id, "client_version": 4})
    assert refusal(refused) == (422, "future_version")
    for body in ({"room_id": room_id}, {"client_version": 0}, {"room_id": room_id, "client_version": -1}):
        assert refusal(await ada.post("/api/sync/sync", body)) == (422, "malformed")


async def test_snapshots(ada: Guest) -> None:
    """SYNC-11: a snapshot is {content, version, size_bytes, created_at}, of now or of any version before."""
    room_id = await ada.make_room()
    path = f"/api/sync/{room_id}/snapshot"
    empty = (await ada.get(path)).json()
    assert (empty["content"], empty["version"], empty["size_bytes"]) == ("", 0, 0)
    texts = [""]
    for letter in "aé😀":
        await ada.insert(room_id, 0, letter)
        texts.append(letter + texts[-1])
    for version, text in enumerate(texts):
        snapshot = (await ada.get(path, version=version)).json()
        assert (snapshot["content"], snapshot["version"]) == (text, version)
        assert snapshot["size_bytes"] == len(text.encode())
    assert (await ada.get(path)).json() == (await ada.get(path, version=3)).json()
    assert refusal(await ada.get(path, version=4)) == (422, "future_version")
    assert refusal(await ada.get(path, version=-1)) == (422, "malformed")


async def test_taking_a_snapshot(ada: Guest) -> None:
    """SYNC-12: a snapshot that was asked for is written at the newest version, and older texts are still to be had."""
    room_id = await ada.make_room()
    await ada.insert(room_id, 0, "one")
    await ada.insert(room_id, 3, " two")
    taken = await ada.post(f"/api/sync/{room_id}/snapshot")
    assert taken.status_code == 201
    assert (taken.json()["content"], taken.json()["version"]) == ("one two", 2)
    await ada.insert(room_id, 7, " three")
    path = f"/api/sync/{room_id}/snapshot"
    assert [(await ada.get(path, version=version)).json()["content"] for version in (1, 2, 3)] == [
        "one",
        "one two",
        "one two three",
    ]
