"""The queue, the event and the timers that idle sockets wait at, beside asyncio's own."""

from __future__ import annotations

import asyncio
import random
from functools import partial

import pytest

from serve.waiting import Gate, Mailbox, Rounds, Turn

from .fakes import until


async def test_a_mailbox_gives_all_in_order() -> None:
    """PR-12: whether its reader comes before or after, and however many come at once."""
    box, draw = Mailbox(), random.Random("letters")
    taken: list[int] = []

    async def read() -> None:
        while len(taken) < 500:
            taken.append(await box.get())
            if draw.random() < 0.3:
                await asyncio.sleep(0)

    reading = asyncio.create_task(read())
    put = 0
    while put < 500:
        for _ in range(draw.choice((1, 1, 2, 7))):
            if put < 500:
                box.put_nowait(put)
                put += 1
        if draw.random() < 0.7:
            await asyncio.sleep(0)
    await asyncio.wait_for(reading, 5)
    assert taken == list(range(500))
    assert box.empty()


async def test_a_reader_that_goes_away_takes_nothing_with_it() -> None:
    """PR-12: what came at the same moment is there for the next."""
    box = Mailbox()
    reading = asyncio.create_task(box.get())
    await asyncio.sleep(0)
    box.put_nowait("letter")
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading
    assert not box.empty()
    assert await asyncio.wait_for(box.get(), 5) == "letter"


async def test_a_gate_keeps_all_until_it_opens() -> None:
    """LIM-7: and those who come while it is open go through at once; it may be shut again meanwhile."""
    gate, through = Gate(), []
    await gate.wait()
    gate.clear()
    gate.clear()
    assert not gate.is_set()

    async def go(number: int) -> None:
        await gate.wait()
        through.append(number)

    going = [asyncio.create_task(go(number)) for number in range(5)]
    await asyncio.sleep(0)
    going[0].cancel()
    await asyncio.sleep(0)
    assert through == []
    gate.set()
    gate.set()
    gate.clear()
    await asyncio.sleep(0.0)
    await asyncio.sleep(0.0)
    assert through == [], "it was shut before anybody went through"
    gate.set()
    await until(lambda: sorted(through) == [1, 2, 3, 4])
    assert gate.is_set()


class TestRounds:
    """PR-13: timers that may be a little late, for thousands of sockets."""

    async def test_callbacks_come_in_their_time(self) -> None:
        """None before it is due, none much later, and those of a moment together."""
        loop = asyncio.get_running_loop()
        rounds, late = Rounds(loop), list[float]()
        began = loop.time()

        def come(delay: float) -> None:
            late.append(loop.time() - began - delay)

        for delay in (0.0, 0.1, 0.2, 0.3, 0.4, 0.5):
            rounds.call_later(delay, partial(come, delay))
        await until(lambda: len(late) == 6)
        assert min(late) >= 0.0
        assert max(late) < 0.5

    async def test_a_turn_that_is_cancelled_is_not_taken(self) -> None:
        """Also when that is done by another of the same round, or afterwards."""
        rounds, taken = Rounds(asyncio.get_running_loop()), list[str]()
        turns: list[Turn] = []

        def take(name: str) -> None:
            taken.append(name)
            for turn in turns:
                turn.cancel()

        turns += [rounds.call_later(0.0, partial(take, name)) for name in ("one", "another")]
        rounds.call_later(0.3, partial(take, "the last"))
        await until(lambda: "the last" in taken)
        assert len(taken) == 2

    async def test_a_callback_that_fails_keeps_nobody_waiting(self) -> None:
        """What is wrong goes to the loop, as with its own timers."""
        loop = asyncio.get_running_loop()
        rounds, taken, told = Rounds(loop), list[int](), list[object]()
        loop.set_exception_handler(lambda _loop, context: told.append(context["exception"]))
        try:
            for number in range(20):
                rounds.call_later(0.0, partial(taken.append, number))
                rounds.call_later(0.0, partial(divmod, number, 0))
            await until(lambda: len(taken) == len(told) == 20)
        finally:
            loop.set_exception_handler(None)
        assert all(isinstance(error, ZeroDivisionError) for error in told)
