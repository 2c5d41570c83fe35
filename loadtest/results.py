"""What the scenarios measure, as printed and as written to JSON."""

from __future__ import annotations

import msgspec

from loadtest.growth import Growths
from loadtest.latency import Percentiles


class Shares(msgspec.Struct):
    """CPUs in use: by the server, by this load generator, and by everything else on the machine.

    Throughput and latency mean little where `others` is large; where `generator` is near 1 it was the limit.
    """

    server: float
    generator: float
    others: float


class Result(msgspec.Struct, tag_field="kind", kw_only=True):
    """Base of all results; a run counts only when nothing is `wrong`."""

    scenario: str
    title: str
    wrong: list[str]


class TypingResult(Result, tag="typing"):
    """S1 to S4 and T1. `cpu_ms_per_edit` is the server's CPU time by part, None when it does not run on this machine.

    `durable` is from the acknowledgement of an edit to the watermark that covers it, at its author. `late` counts edits
    that were due while the one before was still under way.
    """

    ack: Percentiles | None
    arrival: Percentiles | None
    durable: Percentiles | None
    edits_per_second: float
    deliveries_per_second: float
    cpu_ms_per_edit: dict[str, float] | None
    shares: Shares | None
    late: int


class JoinResult(Result, tag="join"):
    """S5. Times are from the start of connecting: to the last byte, and to the text as a string.

    `newcomer` is by users who were never here before, `returning` by the same ones a second time.
    """

    characters: int
    edits: int
    build_edits_per_second: float
    bytes: int
    newcomer: Percentiles | None
    newcomer_text: Percentiles | None
    returning: Percentiles | None
    cpu_ms_per_join: dict[str, float] | None


class MemoryResult(Result, tag="memory"):
    """S6, in proportional set sizes.

    `empty_mb` is the server before, by part; then what each live room with its first user adds, and each further user.
    """

    rooms: int
    users: int
    empty_mb: dict[str, float]
    kb_per_room: dict[str, float]
    kb_per_user: dict[str, float]


class IdleResult(Result, tag="idle"):
    """Rooms that sleep under their connected users.

    `actors` is how many room actors lived, by seconds from the first room on; `few_after` and `asleep_after` are the
    seconds from the last edit until they had fallen to the configured few, and until all rooms slept; None: they did
    not. Memory is in proportional set sizes, before the first room and while all sleep. `kb_per_room` has in it what
    the first use of everything costs once; `kb_per_further_room` is what the second half of the rooms added, which were
    made at `rooms_per_second`. `wake` is from sending an edit to its acknowledgement, `cold` of them with no warm actor
    ready in time. `moved` counts the rooms that told their woken user of a new owner, `repeated` the edits that were
    sent again then.
    """

    rooms: int
    room_idle: float
    budget: int
    pool: int
    rooms_per_second: float
    actors: list[tuple[float, int]]
    few_after: float | None
    asleep_after: float | None
    empty_mb: dict[str, float]
    kb_per_room: dict[str, float]
    kb_per_further_room: dict[str, float]
    cpus_asleep: dict[str, float]
    wake: Percentiles | None
    slowest_wake: float
    cold: int
    moved: int
    repeated: int


class Quarter(msgspec.Struct):
    """A quarter of a long run."""

    ack: Percentiles | None
    arrival: Percentiles | None
    edits_per_second: float


class SoakResult(Result, tag="soak"):
    """A long run. Memory is judged from `warm_up` seconds on; `samples` are seconds and megabytes by part."""

    seconds: float
    warm_up: float
    edits: int
    late: int
    first: Quarter
    last: Quarter
    growths: Growths | None
    samples: list[tuple[float, dict[str, float]]]


class Point(msgspec.Struct):
    """What was measured where an axis has the value `x`."""

    x: int
    result: TypingResult

    @property
    def cost(self) -> float:
        """The server's CPU milliseconds for each edit."""
        return sum((self.result.cpu_ms_per_edit or {}).values())


class Curve(msgspec.Struct):
    """One axis: its name, what its values are, and the points."""

    name: str
    label: str
    points: list[Point]


class CurveReport(msgspec.Struct):
    """The file that `loadtest.curves` writes. `when` is unix time in seconds, `load` the load average before."""

    when: float
    cpus: int
    load: float
    seconds: float
    curves: list[Curve]
