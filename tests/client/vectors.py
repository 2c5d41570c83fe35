"""Makes the vectors of the client's state machine: `python -m tests.client.vectors` writes tests/vectors/client."""

from __future__ import annotations

import json
import random
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from rayrooms import text
from rayrooms.client.portions import MAX_PORTION, SPELLED_OUT
from rayrooms.errors import UnavailableError
from rayrooms.protocol import (
    ConnectionResponse,
    ConnectionResponseData,
    JoinRoom,
    JoinRoomData,
    RoomJoined,
    RoomJoinedData,
)
from tests.client.recording import RecordedState
from tests.client.whims import Whims
from tests.simulation.plan import Plan, Step, make_plan
from tests.simulation.world import World
from tests.text.generate import operation, random_document, random_plan

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.client.recording import Json

VECTORS = Path(__file__).parents[1] / "vectors" / "client"

SIMULATED = range(100, 110)
STEPS = 160
WHIMSICAL = range(40)
WHIMSICAL_STEPS = 70

MORE_ACTIONS = ("react", "amend", "take back", "away", "typing", "ask", "ping", "intrude")
"""What the plans of the simulation lack."""


class RecordedWorld(World):
    """A simulated room whose clients are recorded, and in which they also do what is not about the text."""

    def __init__(self, plan: Plan) -> None:
        super().__init__(plan)
        self.recorded: list[RecordedState] = []
        for writer in self.writers:
            writer._ids = 0
            recorded = RecordedState("room", new_client_id=writer._next_id, window=plan.window)
            recorded.replica = writer.state.replica
            writer.state = recorded
            self.recorded.append(recorded)

    def _step(self, step: Step) -> None:
        if step.action not in MORE_ACTIONS:
            super()._step(step)
            return
        with suppress(UnavailableError):  # it is written down
            self._do_more(step, random.Random(step.dice))
        self.writers[step.client].drain()

    def _do_more(self, step: Step, dice: random.Random) -> None:
        state = self.recorded[step.client]
        message_id = str(dice.randint(1, 8))
        match step.action:
            case "react":
                state.react(message_id, dice.choice(["👍", "🎉"]))
            case "amend":
                state.edit_message(message_id, "better")
            case "take back":
                state.delete_message(message_id)
            case "away":
                state.set_presence(dice.choice(["away", "online"]))
            case "typing":
                state.set_typing(is_typing=dice.random() < 0.5)
            case "ask":
                state.ask_version()
            case "ping":
                state.ping()
            case "intrude":
                self._intrude(step.client)

    def _intrude(self, number: int) -> None:
        """Another connection takes the client id for a moment, which puts the client out of the room."""
        connection = self.host.connect(self.users[number])
        data = JoinRoomData(room_id="room", client_id=self.recorded[number].client_id)
        self.host.receive(connection, JoinRoom(ref=1, data=data))
        self.host.disconnect(connection)


def simulated_runs(seed: int) -> list[Json]:
    """One run for each client of a simulated room."""
    dice = random.Random(seed)
    plan = make_plan(seed)
    steps: list[Step] = []
    for step in plan.steps[:STEPS]:
        steps.append(step)
        if dice.random() < 0.15:
            action = dice.choices(MORE_ACTIONS, [2, 1, 1, 1, 1, 1, 1, 0.3])[0]
            steps.append(Step(action, step.client, dice.getrandbits(32)))
    world = RecordedWorld(msgspec.structs.replace(plan, steps=steps))
    world.run()
    return [state.record(f"room {seed}, client {number}") for number, state in enumerate(world.recorded)]


def long_edits_run() -> Json:
    """Edits that take more than one message, and deletes too long to be spelled out."""
    state = RecordedState("r", new_client_id=lambda: "client-1", window=5)
    state.connected()
    state.receive(ConnectionResponse(data=ConnectionResponseData(session_id="c")))
    state.join()
    long = "longer than is spelled out 🎉" * 40
    assert len(long) > SPELLED_OUT
    data = RoomJoinedData(
        room_id="r",
        session_id="s",
        client_id="client-1",
        version=1,
        epoch=1,
        version_epoch=1,
        durable=1,
        last_seq=0,
        role="member",
        content=long + "abc",
    )
    state.receive(RoomJoined(ref=1, data=data))
    state.edit(["abcdefgh🎉" * (MAX_PORTION // 9 + 10), 1, {"d": SPELLED_OUT + 5}, 3, {"d": 2}])
    state.disconnected()
    state.edit([2, "offline", {"d": 900}, 7, {"d": 900}])
    return state.record("long edits")


def diffs() -> list[Json]:
    """Pairs of texts with the operation that leads from one to the other, of each kind that `diff` tells apart."""
    dice = random.Random(1)
    pairs: list[tuple[str, str]] = [("", ""), ("same", "same"), ("a😀b", "a😁b"), ("x🎈y", "x🞈y"), ("a\r\nb", "a\rb")]
    for _ in range(60):
        old = random_document(dice)
        edited = text.apply(old, operation(old, random_plan(dice)))
        pairs += [(old, edited), (old, random_document(dice))]
    ends = ("\n", "\r\n", "\r", "\v", "\f", "\x1c", "\x85", "\u2028", "\u2029")
    for _ in range(10):
        lines = [random_document(dice, 8) + dice.choice(ends) for _ in range(30)]
        moved = lines[:]
        for _ in range(dice.randint(1, 4)):
            at = dice.randrange(len(moved))
            moved[at : at + dice.randint(0, 6)] = [random_document(dice, 12) + dice.choice(ends) for _ in range(12)]
        pairs.append(("".join(lines), "".join(moved)))
    for size in (150, 300):
        old, new = ("".join(dice.choices("ab😀\n", k=size)) for _ in range(2))
        pairs += [(f"head {old} tail", f"head {new} tail"), (old, old.replace("a", "b"))]
    return [{"old": old, "new": new, "op": text.diff(old, new)} for old, new in pairs]


def make() -> dict[str, str]:
    """The text of each file, by its name."""
    simulated = [run for seed in SIMULATED for run in simulated_runs(seed)]
    whimsical = [Whims(seed).run(WHIMSICAL_STEPS).record(f"whims {seed}") for seed in WHIMSICAL]
    return {
        "simulated.json": _file("The clients of simulated rooms, with all that befalls them.", simulated),
        "whimsical.json": _file(
            "Clients of rooms that say anything at any time, right or wrong.", [*whimsical, long_edits_run()]
        ),
        "diff.json": _lines({"about": "`op` is what diff finds to lead from `old` to `new`."}, "cases", diffs()),
    }


def _file(about: str, runs: Iterable[Json]) -> str:
    written = [_lines({key: run[key] for key in run if key != "steps"}, "steps", run["steps"]) for run in runs]
    return f'{{"about": {json.dumps(about)}, "runs": [\n' + ",\n".join(one.strip() for one in written) + "\n]}\n"


def _lines(head: Json, key: str, items: Iterable[Json]) -> str:
    """One line for each item, so that changes can be read."""
    lines = ",\n".join(json.dumps(item, ensure_ascii=False, separators=(",", ":")) for item in items)
    return f'{json.dumps(head, ensure_ascii=False)[:-1]}, "{key}": [\n{lines}\n]}}\n'


def write() -> None:
    VECTORS.mkdir(exist_ok=True)
    for name, content in make().items():
        (VECTORS / name).write_text(content, encoding="utf-8")


if __name__ == "__main__":
    write()
