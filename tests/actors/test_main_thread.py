"""The rest of a worker's main thread, without Ray: a loop of the same name that looks for signals as Ray's does."""

from __future__ import annotations

import select
import signal
import threading
import time
from typing import TYPE_CHECKING

import pytest

from actors.main_thread import MainThread

if TYPE_CHECKING:
    from collections.abc import Iterator

_LOOK = 0.01
_WATCHED = 1.0


@pytest.fixture
def thread() -> Iterator[MainThread]:
    before = signal.getsignal(signal.SIGALRM)
    made = MainThread()
    yield made
    made.speed_up()
    signal.signal(signal.SIGALRM, before)


def main_loop(seconds: float) -> int:
    """Look for signals, a hundred times a second unless one keeps it; returns how often it did."""
    looks, end = 0, time.monotonic() + seconds
    while time.monotonic() < end:
        select.select([], [], [], _LOOK)
        looks += 1
    return looks


def other_loop(seconds: float) -> int:
    """Something else that the main thread may be doing."""
    looks, end = 0, time.monotonic() + seconds
    while time.monotonic() < end:
        select.select([], [], [], _LOOK)
        looks += 1
    return looks


def test_the_main_thread_rests_while_a_room_lives(thread: MainThread) -> None:
    """HOST-5: and not before, nor afterwards."""
    assert main_loop(_WATCHED) > 50
    thread.slow_down()
    assert main_loop(_WATCHED) < 30
    thread.speed_up()
    assert main_loop(_WATCHED) > 50


def test_it_rests_nowhere_but_in_its_loop(thread: MainThread) -> None:
    """HOST-5: what it does otherwise may be what another thread waits for."""
    thread.slow_down()
    assert other_loop(_WATCHED) > 50


def test_a_rest_ends_at_once_when_it_is_stirred(thread: MainThread) -> None:
    """HOST-5: a room that was put away must not be waited for."""
    resting, ended = threading.Event(), 0.0

    def stir() -> None:
        nonlocal ended
        resting.wait(10)
        ended = time.monotonic()
        thread.speed_up()

    other = threading.Thread(target=stir)
    other.start()
    wait, began = thread._stirred.wait, time.monotonic()

    def waited(timeout: float) -> bool:
        resting.set()
        return wait(60 * timeout)

    thread._stirred.wait = waited  # type: ignore[method-assign, assignment]
    thread.slow_down()
    main_loop(0.3)
    other.join()
    assert began < ended
    assert time.monotonic() - ended < 1.0
