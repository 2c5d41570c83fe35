"""The bridge: edits made ahead of acknowledgements land where their author meant them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from actors.core.bridge import Bridge, place_range
from actors.core.log import Commit
from rayrooms import text
from rayrooms.protocol import Operation, Range

from .rooms import ADA, BOB, NOW, edit, enter, room


def commit(version: int, op: Operation, client_id: str = "bob") -> Commit:
    return Commit(version, op, client_id, client_id, version, 1, NOW)


def test_what_the_author_has_seen_is_not_transformed_over() -> None:
    """ROOM-2."""
    bridge = Bridge(0)
    commits = [commit(1, ["a"]), commit(2, ["b"]), commit(3, ["c"])]
    assert [one.commit.version for one in bridge.advance(2, commits, "ada", 3)] == [3]
    assert bridge.advance(3, [], "ada", 3) == []


def test_own_commits_are_part_of_the_context_without_being_acknowledged() -> None:
    """ROOM-2: an edit's context is its version plus all own earlier edits."""
    bridge = Bridge(0)
    assert bridge.advance(0, [], "ada", 0) == []
    bridge.sent(["A"], 1)
    assert bridge.advance(0, [commit(1, ["A"], "ada")], "ada", 1) == []


def test_foreign_commit_is_carried_over_the_own_edit_before_it() -> None:
    """ROOM-2: on the author's line of history, the other's operation comes after the own edits."""
    bridge = Bridge(0)
    bridge.advance(0, [commit(1, [3, "B"])], "ada", 1)
    bridge.sent(["AA"], 2)
    foreign = bridge.advance(0, [], "ada", 2)
    assert [one.op for one in foreign] == [[5, "B"]]


def test_ranges_move_over_what_the_author_had_not_seen() -> None:
    bridge = Bridge(0)
    foreign = bridge.advance(0, [commit(1, ["12"])], "ada", 1)
    assert place_range(Range(3, 5), foreign) == Range(5, 7)
    assert place_range(Range(3, 5), []) == Range(3, 5)


class Author:
    """The mirror image of the room's rule: a client that types ahead and takes in the others' commits."""

    def __init__(self) -> None:
        self.text = ""
        self.version = 0
        self.pending: list[Operation] = []

    def type(self, position: int, content: str) -> Operation:
        at = position % (len(self.text) + 1)
        op = text.normalize([at, content] if at else [content])
        self.text = text.apply(self.text, op)
        self.pending.append(op)
        return op

    def receive(self, one: Commit, client_id: str) -> None:
        self.version = one.version
        if one.client_id == client_id:
            self.pending.pop(0)
            return
        op = one.op
        for index, own in enumerate(self.pending):
            self.pending[index] = text.transform(own, op, "left")
            op = text.transform(op, own, "right")
        self.text = text.apply(self.text, op)


@given(
    st.lists(
        st.tuples(st.sampled_from(["ada", "bob"]), st.integers(0, 30), st.sampled_from(["type", "send", "look"])),
        max_size=60,
    )
)
def test_clients_that_type_ahead_converge_with_the_room(steps: list[tuple[str, int, str]]) -> None:
    """G1, ROOM-1, ROOM-2: whatever is in flight, all replicas meet in the room's text once all was exchanged."""
    core = room()
    sids = {"ada": ADA, "bob": BOB}
    authors = {name: Author() for name in sids}
    queues: dict[str, list[tuple[Operation, int]]] = {name: [] for name in sids}
    for name, sid in sids.items():
        enter(core, sid, name)

    def send(name: str) -> None:
        op, version = queues[name].pop(0)
        edit(core, sids[name], op, version)

    def look(name: str) -> None:
        author = authors[name]
        for one in core.log.after(author.version):
            author.receive(one, f"{name}-client")

    for name, number, action in steps:
        if action == "type":
            queues[name].append((authors[name].type(number, f"{number:x}"), authors[name].version))
        elif action == "send" and queues[name]:
            send(name)
        elif action == "look":
            look(name)
    for name in sids:
        while queues[name]:
            send(name)
    for name in sids:
        look(name)
        assert authors[name].text == core.content
