"""Both ends of one link, on a channel that does all that Jupyter's does to messages, in virtual time."""

from __future__ import annotations

import heapq
from collections import Counter
from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING

from rayrooms_jupyter.relay.limits import Limits
from rayrooms_jupyter.relay.link import Ended, Frame, Link, Opened
from rayrooms_jupyter.relay.messages import CLOSED, Ack, Close, Data, Open

if TYPE_CHECKING:
    from collections.abc import Callable

    from rayrooms_jupyter.relay.messages import Message

START = 1_000.0
SMALL = Limits(packet=12, window=4, ack_every=3, queue_pause=60, queue_most=400, frame_most=300)
"""Limits that are reached all the time."""
_ALPHABET = 'abc \n"\\é漢😀'
_MOST_STEPS = 20_000


class End:
    """One end of the link, and what its application pushed and was told."""

    def __init__(self, link: Link) -> None:
        self.link = link
        self.pushed: list[str] = []
        self.heard: list[str] = []
        self.opened = 0
        self.ended: Ended | None = None
        self.finished = False
        self.is_gone = False

    def drain(self) -> None:
        for event in self.link.take_events():
            assert self.ended is None, "something was told after the end"
            assert not self.finished, "something was told to an end that had closed the link"
            match event:
                case Opened():
                    self.opened += 1
                case Frame(text):
                    assert self.opened
                    self.heard.append(text)
                case Ended():
                    self.ended = event


@dataclass
class Weather:
    """What the channel does, as probabilities and milliseconds."""

    loss: float
    doubling: float
    delay: float
    """The most that a message takes."""
    keeps_order: bool
    outages: list[tuple[int, int]]
    """When nothing comes through."""
    busy: list[tuple[int, int]]
    """When the kernel hears nothing until later."""

    @staticmethod
    def random(random: Random) -> Weather:
        outages = Weather._spans(random, [300, 3_000, 20_000])
        busy = Weather._spans(random, [1_000, 10_000])
        return Weather(
            loss=random.choice([0.0, 0.0, 0.05, 0.3]),
            doubling=random.choice([0.0, 0.1, 0.3]),
            delay=random.choice([1, 40, 400]),
            keeps_order=random.random() < 0.6,
            outages=outages if random.random() < 0.4 else [],
            busy=busy if random.random() < 0.4 else [],
        )

    @staticmethod
    def _spans(random: Random, lengths: list[int]) -> list[tuple[int, int]]:
        return [(at, at + random.choice(lengths)) for at in random.sample(range(1_000, 60_000), 2)]


@dataclass(order=True)
class _Arrival:
    time: float
    number: int
    at_view: bool = field(compare=False)
    message: Message = field(compare=False)


class Simulation:
    """One connection from its opening to its end. `seen` counts what happened."""

    def __init__(self, seed: int, make_link: Callable[..., Link] = Link) -> None:
        self.random = Random(seed)
        self.now = START
        self.seen: Counter[str] = Counter()
        self._make_link = make_link
        self.view = End(make_link(SMALL, self.now, Open(f"token {seed}")))
        self.kernel: End | None = None
        self._weather = Weather.random(self.random)
        self._upstream_at: float | None = None
        self._arrivals: list[_Arrival] = []
        self._number = 0
        self._newest = {True: 0.0, False: 0.0}
        self._pace, lasts = self.random.choice([(5, 500), (5, 3_000), (60, 10_000), (800, 60_000)])
        self._stops_at = START + lasts
        self._next_push = START
        self._waits = self.random.random() < 0.9
        self._fate = self.random.choices(
            ["view finishes", "kernel finishes", "kernel restarts", "view vanishes", "refused", "stays"],
            [4, 4, 1, 1, 1, 3],
        )[0]
        self._refuses = self._fate == "refused"
        self.seen[self._fate] += 1

    def run(self) -> None:
        """Let it all happen, and then go on until both ends are over, or agree on everything."""
        for _ in range(_MOST_STEPS):
            self._drive(self.view, at_view=True)
            if self.kernel is not None:
                self._drive(self.kernel, at_view=False)
            if not self._step():
                break
        else:
            raise AssertionError("it never came to rest")
        self._check()

    # -------------------------------------------------------------- steps

    def _step(self) -> bool:
        """Whatever comes next. False at rest."""
        times = [self._stops_at] if self._fate else []
        if self._next_push < self._stops_at:
            times.append(self._next_push)
        if self._arrivals:
            times.append(self._arrivals[0].time)
        if self._upstream_at is not None:
            times.append(self._upstream_at)
        ends = [end for end in (self.view, self.kernel) if end is not None and not end.is_gone]
        times += [due for end in ends if (due := end.link.due()) is not None]
        if not times or self._is_at_rest():
            return False
        self.now = max(self.now, min(times))
        if self._upstream_at is not None and self._upstream_at <= self.now:
            self._answer_upstream()
        while self._arrivals and self._arrivals[0].time <= self.now:
            self._arrive(heapq.heappop(self._arrivals))
        if self._next_push <= self.now < self._stops_at:
            self._next_push = self.now + self.random.randint(1, 2 * self._pace)
            self._push()
        if self._fate and self.now >= self._stops_at:
            self._meet_fate()
        return True

    def _is_at_rest(self) -> bool:
        """Both ends are open, everything has arrived, and the channel is healed."""
        if self._fate or self._arrivals or self.kernel is None or self._upstream_at is not None:
            return False
        if self.view.is_gone or {self.view.link.phase, self.kernel.link.phase} != {"open"}:
            return False
        return self.view.heard == self.kernel.pushed and self.kernel.heard == self.view.pushed

    def _push(self) -> None:
        end = self.random.choice([self.view, self.kernel])
        if end is None or end.is_gone:
            return
        for _ in range(self.random.choice([1, 1, 3, 10])):
            if end.link.phase != "open" or (end.link.is_full and self._waits):
                self.seen["full"] += end.link.is_full
                return
            size = self.random.choice([0, 1, 5, 11, 12, 13, 30, 100])
            frame = "".join(self.random.choices(_ALPHABET, k=size))
            end.link.push(frame)
            end.pushed.append(frame)

    def _meet_fate(self) -> None:
        fate, self._fate = self._fate, ""
        self._weather = Weather(0, 0, 10, keeps_order=True, outages=[], busy=[])
        if fate == "view finishes":
            self._finish(self.view, CLOSED)
        elif self.kernel is None:
            return
        elif fate == "kernel finishes":
            self._finish(self.kernel, "bad_token")
        elif fate == "kernel restarts":
            self.kernel = self._upstream_at = None
        elif fate == "view vanishes":
            self.view.is_gone = True

    def _finish(self, end: End, code: str) -> None:
        end.finished = end.ended is None
        end.link.finish(code, "it was time", self.now)

    def _answer_upstream(self) -> None:
        self._upstream_at = None
        if self.kernel is None:
            return
        if self._refuses:
            self._finish(self.kernel, "forbidden")
        else:
            self.kernel.link.opened()

    # -------------------------------------------------------------- the channel

    def _drive(self, end: End, *, at_view: bool) -> None:
        while not end.is_gone and (due := end.link.due()) is not None and due <= self.now:
            message = end.link.take(self.now)
            end.drain()
            if message is not None:
                self._send(message, to_view=not at_view)
        end.drain()

    def _send(self, message: Message, *, to_view: bool) -> None:
        self._note(message)
        weather = self._weather
        is_out = any(start <= self.now < end for start, end in weather.outages)
        if is_out or self.random.random() < weather.loss:
            self.seen["lost"] += 1
            return
        copies = 2 if self.random.random() < weather.doubling else 1
        for _ in range(copies):
            arrives = self.now + self.random.randint(1, int(weather.delay))
            if not to_view:
                arrives = max([arrives] + [end for start, end in weather.busy if start <= arrives < end])
            if weather.keeps_order:
                arrives = self._newest[to_view] = max(arrives, self._newest[to_view])
            self._number += 1
            heapq.heappush(self._arrivals, _Arrival(arrives, self._number, to_view, message))

    def _arrive(self, arrival: _Arrival) -> None:
        message = arrival.message
        if arrival.at_view:
            if not self.view.is_gone:
                self.view.link.receive(message, self.now)
                self.view.drain()
        elif self.kernel is not None and self.kernel.link.phase != "over":
            self.kernel.link.receive(message, self.now)
            self.kernel.drain()
        elif isinstance(message, Open) and not self._number_of_kernels:
            self.kernel = End(self._make_link(SMALL, self.now))
            self.kernel.opened = 1
            self.seen["kernels"] += 1
            self._upstream_at = self.now + self.random.choice([1, 50, 3_000])
        elif not isinstance(message, Close):
            code = "forbidden" if self._refuses else CLOSED if self.kernel else "room_unavailable"
            self._send(Close(code, "The kernel does not know this link."), to_view=True)

    @property
    def _number_of_kernels(self) -> int:
        return self.seen["kernels"]

    def _note(self, message: Message) -> None:
        self.seen[type(message).__name__] += 1
        if isinstance(message, Data):
            self.seen["more"] += message.more
            self.seen["end"] += message.end is not None
            self.seen["empty frames"] += "" in message.frames
        if isinstance(message, Data | Ack):
            self.seen["have"] += bool(message.have)
        if isinstance(message, Ack):
            self.seen["ping"] += message.ping

    # -------------------------------------------------------------- what must hold

    def _check(self) -> None:
        """Each end heard exactly what the other pushed, from the first on; all of it, unless the link was cut."""
        view, kernel = self.view, self.kernel
        if kernel is None:
            assert view.link.phase == "over"
            return
        for one, other in ((view, kernel), (kernel, view)):
            assert one.heard == other.pushed[: len(one.heard)]
            assert one.opened <= 1
            if other.finished and one.ended is not None and one.ended.reason == "it was time" and one.opened:
                assert one.heard == other.pushed, "a stream was ended before it was complete"
                self.seen["ended in order"] += 1
        if view.is_gone:
            assert kernel.link.phase == "over"
            return
        for end in (view, kernel):
            is_failed = end.ended is not None and end.ended.code == "room_unavailable"
            assert not is_failed or not self._waits, "the link gave up without need"
            self.seen["failed"] += is_failed
            assert end.link.phase in {"open", "over"}
        if view.link.phase == "open":
            assert view.heard == kernel.pushed
            assert kernel.heard == view.pushed
            self.seen["all delivered"] += 1
