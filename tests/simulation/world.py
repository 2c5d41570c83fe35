"""Runs a plan: clients, network and room together, and checks what must hold."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from actors.core.sessions import User
from actors.core.state import RoomLimits
from rayrooms import text
from rayrooms.client.events import EditRefused, TextChanged
from rayrooms.client.replica import Replica
from rayrooms.client.state import ClientState
from rayrooms.errors import RayroomsError
from rayrooms.protocol import CodeChange, CodeChangeData, Range
from tests.simulation.host import NOW, RoomHost
from tests.simulation.network import Wire

if TYPE_CHECKING:
    from collections import Counter

    from rayrooms.protocol import Operation
    from tests.simulation.plan import Plan, Step

FILLER = ("e\u0301", "👩‍👩‍👧", "🎉", " ", "\n", "日本", "\u0300", "ab")
"""Inserted without being counted: combining marks, joined emoji, what may be found twice."""


class WatchedReplica(Replica):
    """Notes which own characters a rebase can no longer place.

    That happens when the room's text is so different that the comparison gives up and replaces a whole passage. Such
    characters stand in the text; but if the room then loses a commit that had been acknowledged and was not durable
    when this client fell out of the room's log, nobody could put them back. It is the one limit of resending.
    """

    def __init__(self, unplaced: set[str]) -> None:
        super().__init__()
        self._unplaced = unplaced

    def rebase(self, content: str, version: int, last_seq: int, durable: int) -> Operation:
        ops = [seen.op for seen in self._seen if 0 < seen.seq <= last_seq and seen.version > durable]
        ops += [edit.op for edit in self.sent if edit.seq <= last_seq]
        change = super().rebase(content, version, last_seq, durable)
        self._unplaced |= _inserted(ops) - _inserted([seen.op for seen in self._seen])
        return change


def _inserted(ops: list[Operation]) -> set[str]:
    return {char for op in ops for component in op if isinstance(component, str) for char in component}


class Writer:
    """One client with its connection, an editor that follows its events, and what it was told."""

    def __init__(self, number: int, window: int) -> None:
        self.number = number
        self._ids = 0
        self.state = ClientState("room", new_client_id=self._next_id, window=window)
        self.unplaced: set[str] = set()
        self.state.replica = WatchedReplica(self.unplaced)
        self.wire: Wire | None = None
        self.old_wires: list[Wire] = []
        self.editor = ""
        self.refused: list[Operation] = []

    def _next_id(self) -> str:
        self._ids += 1
        return f"client-{self.number}-{self._ids}"

    def drain(self) -> None:
        """Write out what the state machine wants sent, and follow what it tells."""
        outbox = self.state.take_outbox()
        if self.wire is not None:
            self.wire.put(outbox)
        for event in self.state.take_events():
            if isinstance(event, TextChanged):
                self.editor = text.apply(self.editor, event.op)
            elif isinstance(event, EditRefused):
                self.refused.append(event.op)
        assert self.editor == self.state.text, "an editor that follows the events shows another text"


class World:
    """All that a plan acts on. Raises AssertionError as soon as something does not hold."""

    def __init__(self, plan: Plan) -> None:
        limits = RoomLimits(log_window=plan.log_window, max_document=plan.max_document)
        self.plan = plan
        self.host = RoomHost("room", limits)
        self.counters: Counter[str] = self.host.counters
        self.users = [
            User(f"user-{n}", f"User {n}", "#000000", "viewer" if n in plan.viewers else "member")
            for n in range(plan.clients)
        ]
        self.writers = [Writer(number, plan.window) for number in range(plan.clients)]
        self._connections = 0
        self._tokens = 0
        self.author: dict[str, int] = {}
        """Each token character that was ever inserted, and by which client."""
        self.deleted: set[str] = set()
        """All characters that some edit deleted."""

    def run(self) -> None:
        for step in self.plan.steps:
            self._step(step)
        self._heal()
        self._check()

    # -------------------------------------------------------------- steps

    def _step(self, step: Step) -> None:  # noqa: C901, PLR0912 - one case an action
        writer = self.writers[step.client]
        dice = random.Random(step.dice)
        match step.action:
            case "edit":
                self._edit(writer, dice)
            case "burst":
                for _ in range(dice.randint(3, 20)):
                    self._edit(writer, dice)
            case "up":
                if writer.wire is not None:
                    writer.wire.carry_up(self.host, dice.randint(1, 8))
            case "down":
                if writer.wire is not None:
                    writer.wire.carry_down(writer.state, dice.randint(1, 8))
            case "flush":
                self.host.flush()
            case "connect":
                self._connect(writer)
            case "cursor":
                size = len(writer.state.text)
                writer.state.set_cursor([Range(dice.randint(0, size), dice.randint(0, size))])
            case "persist":
                self.host.persist(dice.randint(0, self.host.core.version))
            case "cut":
                if writer.wire is not None:
                    writer.wire.cut(dice.random(), dice.random())
            case "notice":
                if writer.wire is not None and writer.wire.is_cut:
                    self._disconnect(writer)
            case "straggle":
                self._straggle(writer, dice)
            case "drop":
                self._disconnect(writer)
            case "chat":
                if writer.state.phase == "joined":
                    writer.state.send_chat("hello")
            case "bad":
                self._send_bad(writer, dice)
            case "restart":
                if self.host.is_up:
                    self.host.stop(hold=dice.random() < 0.5)
            case "up again":
                if not self.host.is_up:
                    self._start(lose_tail=dice.random() < 0.5, reattach=dice.random() < 0.7)
            case "sleep":
                if self.host.is_up:
                    self.host.persist(self.host.core.version)
                    self.host.stop(hold=True)
                    self._start(lose_tail=False, reattach=True)
                    self.counters["sleeps"] += 1
            case "backlog":
                self.host.is_full = not self.host.is_full
            case "demote":
                self._demote(step.client, dice)
            case "check":
                self._check_settled()
        writer.drain()

    def _edit(self, writer: Writer, dice: random.Random) -> None:
        if writer.state.role == "viewer":
            with_error = False
            try:
                writer.state.edit(["x"])
            except RayroomsError as error:
                with_error = error.code == "read_only"
            assert with_error, "a viewer could edit"
            return
        op, deleted = self._make_edit(writer, dice)
        self.deleted.update(deleted)
        writer.state.edit(op)
        self.counters["edits"] += 1
        writer.drain()

    def _make_edit(self, writer: Writer, dice: random.Random) -> tuple[Operation, str]:
        """An operation of one to three changes at random places, and the text that it deletes."""
        content = writer.state.text
        op: Operation = []
        deleted = ""
        at = 0
        for _ in range(dice.choice([1, 1, 1, 2, 3])):
            skip = dice.randint(0, len(content) - at)
            op.append(skip)
            at += skip
            kind = dice.random()
            if kind < 0.75 or not content:
                op.append(self._token(writer.number, dice))
            if kind > 0.6 and at < len(content):
                gone = content[at : at + dice.choice([1, 1, 2, 5])]
                op.append({"d": gone if dice.random() < 0.5 else len(gone)})
                deleted += gone
                at += len(gone)
        return text.normalize(op), deleted

    def _token(self, author: int, dice: random.Random) -> str:
        """Characters that are nowhere else, from inside and outside the basic plane, and sometimes some that are."""
        count = dice.randint(1, 3)
        token = ""
        for _ in range(count):
            self._tokens += 1
            token += chr((0x4E00 if self._tokens % 2 else 0x20000) + self._tokens)
        self.author.update(dict.fromkeys(token, author))
        return token + dice.choice(FILLER) if dice.random() < 0.3 else token

    def _connect(self, writer: Writer) -> None:
        """What the client's shell does: connect, and join whenever that is due."""
        state = writer.state
        if state.phase == "offline":
            self._connections += 1
            writer.wire = Wire(self.host.connect(self.users[writer.number]), self._connections)
            state.connected()
        elif state.phase == "astray":
            state.join()
        writer.drain()

    def _disconnect(self, writer: Writer) -> None:
        if writer.wire is not None:
            writer.old_wires.append(writer.wire)
            writer.wire = None
            writer.state.disconnected()

    def _straggle(self, writer: Writer, dice: random.Random) -> None:
        """What an old connection still had under way arrives, some of it twice; perhaps the host then notices."""
        if writer.old_wires:
            wire = dice.choice(writer.old_wires)
            wire.repeat(self.host, dice.randint(1, 6))
            self.counters["stragglers"] += wire.carry_up(self.host, dice.randint(1, 6))
            if dice.random() < 0.5:
                self.host.disconnect(wire.connection)
                writer.old_wires.remove(wire)

    def _start(self, *, lose_tail: bool, reattach: bool) -> None:
        before = set(self.host.connections)
        self.host.start(lose_tail=lose_tail, reattach=reattach)
        self.counters["restarts"] += 1
        closed = before - set(self.host.connections)
        for writer in self.writers:
            if writer.wire is not None and writer.wire.connection in closed:
                writer.wire.cut(1.0, 1.0)

    def _send_bad(self, writer: Writer, dice: random.Random) -> None:
        """Something that the room must refuse without anything else being disturbed."""
        if writer.wire is None or writer.state.phase != "joined":
            return
        bad: list[Operation] = [[10**6, "x"], [{"d": "\ue000"}], [0], ["a", "b"], ["\0"], [{"d": 10**6}]]
        data = CodeChangeData(
            room_id="room",
            op=dice.choice(bad),
            version=dice.choice([None, 0, writer.state.version, 10**6]),
            client_id=dice.choice([None, writer.state.client_id, "somebody else"]),
            seq=dice.choice([10**6, writer.state.replica.last_seq + 2]),
        )
        writer.wire.put([CodeChange(data=data)])

    def _demote(self, number: int, dice: random.Random) -> None:
        """Someone may not edit any more, or may again."""
        if number == 0 or number in self.plan.viewers:
            return
        self.host.set_role(self.users[number], dice.choice(["viewer", "member"]))

    # -------------------------------------------------------------- the end

    def _heal(self) -> None:
        """Everything works again; go on until nothing is under way."""
        if not self.host.is_up:
            self._start(lose_tail=False, reattach=True)
        self.host.is_full = False
        for number in self.plan.leavers:
            self._disconnect(self.writers[number])
        for writer in self.writers:
            for wire in writer.old_wires:
                wire.carry_up(self.host, 10**6)
                self.host.disconnect(wire.connection)
        for _ in range(1000):
            if not self._round():
                break
        else:
            raise AssertionError("it does not settle")

    def _round(self) -> bool:
        """Carry everything once to where it goes; returns whether there was anything to do."""
        busy = False
        for writer in self._stayers():
            if writer.wire is not None and writer.wire.is_cut:
                self._disconnect(writer)
            if writer.state.phase in {"offline", "astray"}:
                self._connect(writer)
                busy = True
            assert writer.wire is not None
            writer.drain()
            busy = bool(writer.wire.carry_up(self.host, 10**6)) or busy
        self.host.flush()
        self.host.persist(self.host.core.version)
        for writer in self._stayers():
            assert writer.wire is not None
            busy = bool(writer.wire.carry_down(writer.state, 10**6)) or busy
            writer.drain()
            busy = busy or not writer.wire.is_idle
        return busy

    def _stayers(self) -> list[Writer]:
        return [writer for writer in self.writers if writer.number not in self.plan.leavers]

    def _check_settled(self) -> None:
        """Whoever is up to date with the room and has nothing under way holds its text, at any time."""
        for writer in self.writers:
            state = writer.state
            connection = writer.wire.connection if writer.wire is not None else None
            session = self.host.core.sessions.get(connection.sid) if connection is not None else None
            if session is None or state.phase != "joined" or state.session_id != session.session_id:
                continue
            if state.version == self.host.core.version and state.replica.is_acked:
                self.counters["settled checks"] += 1
                assert state.text == self.host.core.content, f"client {writer.number} diverged"

    def _check(self) -> None:
        core, commits = self.host.core, self.host.database.commits
        replayed = ""
        for version, commit in enumerate(commits, 1):
            assert commit.version == version, "a gap in the log"
            replayed = text.apply(replayed, commit.op)
        assert replayed == core.content, "the log does not replay to the text"
        for writer in self._stayers():
            state = writer.state
            assert state.phase == "joined", f"client {writer.number} is {state.phase}"
            assert state.text == core.content, f"client {writer.number} diverged: {state.text!r} != {core.content!r}"
            assert state.version == core.version
            assert state.saved == "saved", f"client {writer.number} is {state.saved}"
        self._check_order()
        self._check_tokens(core.content)
        self._check_cursors()

    def _check_order(self) -> None:
        last: dict[str, int] = {}
        for commit in self.host.database.commits:
            assert commit.seq == last.get(commit.client_id, 0) + 1, "a client's edits are out of order or doubled"
            last[commit.client_id] = commit.seq

    def _check_tokens(self, content: str) -> None:
        refused = _inserted([op for writer in self.writers for op in writer.refused])
        unplaced = (
            set().union(*(writer.unplaced for writer in self.writers)) if self.counters["lost commits"] else set()
        )
        self.counters["tokens unplaced"] += len(unplaced & self.author.keys())
        exempt = self.deleted | unplaced
        for char, author in self.author.items():
            count = content.count(char)
            assert count <= 1, f"{char!r} of client {author} was committed {count} times"
            if char in refused:
                assert count == 0, f"{char!r} of client {author} was refused, yet is there"
            elif char not in exempt and author not in self.plan.leavers:
                assert count == 1, f"{char!r} of client {author} is lost"
                self.counters["tokens found"] += 1

    def _check_cursors(self) -> None:
        truth = {one.session_id: one.cursor for one in self.host.core.participants(NOW)}
        for writer in self._stayers():
            others = {one.session_id: one.cursor for one in writer.state.others}
            expected = {sid: cursor for sid, cursor in truth.items() if sid != writer.state.session_id}
            assert others == expected, f"client {writer.number} sees other cursors"
            self.counters["cursors compared"] += sum(cursor is not None for cursor in others.values())
