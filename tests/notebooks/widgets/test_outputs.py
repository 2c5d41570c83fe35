"""The outputs of a run, as they are kept and shown."""

from __future__ import annotations

import threading
from typing import Any

from rayrooms_jupyter import outputs
from rayrooms_jupyter.outputs import DROPPED, MAX_RICH, MAX_STREAM, LiveShow, OutputArea


def shown(area: OutputArea) -> list[dict[str, Any]]:
    return list(area.snapshot()[0])


def printed(area: OutputArea) -> str:
    return "".join(output["text"] for output in shown(area))


def test_neighbouring_prints_of_one_stream_are_one_output() -> None:
    """NB-8: in the order they came."""
    area = OutputArea()
    for name, text in [("stdout", "a"), ("stdout", "b\n"), ("stderr", "e"), ("stdout", "c")]:
        area.write(name, text)  # type: ignore[arg-type]
    assert [(output["name"], output["text"]) for output in shown(area)] == [
        ("stdout", "ab\n"),
        ("stderr", "e"),
        ("stdout", "c"),
    ]


def test_a_progress_bar_takes_one_line() -> None:
    """NB-11: a carriage return takes back its line, in whatever pieces it comes; one before a newline does not."""
    area = OutputArea()
    area.write("stdout", "start\r\n")
    for percent in range(100):
        area.write("stdout", f"\r{percent} %")
        area.write("stdout", " done")
    area.write("stdout", "\nend")
    assert printed(area) == "start\r\n99 % done\nend"


def test_printed_text_is_bounded() -> None:
    """NB-11: the newest is kept, and a line says that there was more; whole outputs go first."""
    area = OutputArea()
    area.write("stderr", "e" * 1000)
    for index in range(150_000):
        area.write("stdout", f"{index:09}\n")
    text = printed(area)
    assert MAX_STREAM * 8 // 10 < len(text) <= MAX_STREAM + len(DROPPED)
    assert text.startswith(DROPPED)
    assert text.endswith("000149999\n")
    assert [output["name"] for output in shown(area)] == ["stdout"]
    assert area.snapshot()[1] == len(text) - len(DROPPED)


def test_a_long_line_in_small_pieces_is_kept() -> None:
    area = OutputArea()
    for _ in range(30_000):
        area.write("stdout", "ab")
    assert printed(area) == "ab" * 30_000


def test_displayed_data_is_bounded_but_the_last_is_shown() -> None:
    """NB-11."""
    area = OutputArea()
    area.write("stdout", "text")
    for index in range(4):
        area.display({"text/plain": str(index) * (MAX_RICH // 2)}, {})
    area.display({"text/plain": "x" * (MAX_RICH + 1)}, {})
    assert [output["output_type"] for output in shown(area)] == ["stream", "display_data"]


def test_updates_and_clearing() -> None:
    """NB-8."""
    area = OutputArea()
    area.display({"image/png": b"png"}, {}, "id-1")
    assert shown(area)[0]["data"] == {"image/png": "cG5n"}
    assert area.update({"text/plain": "new"}, {}, "id-1")
    assert not area.update({"text/plain": "new"}, {}, "id-2")
    assert shown(area)[0]["data"] == {"text/plain": "new"}
    area.clear(wait=True)
    assert len(shown(area)) == 1
    area.write("stdout", "next")
    assert printed(area) == "next"
    area.clear()
    assert shown(area) == []


def test_what_was_shown_does_not_change_afterwards() -> None:
    """A state that the widget has sent must differ from the next, or the next is not sent."""
    area = OutputArea()
    area.display({"text/plain": "1"}, {}, "id")
    before = area.snapshot()[0]
    area.update({"text/plain": "2"}, {}, "id")
    assert before[0]["data"] == {"text/plain": "1"}


def test_a_show_is_paced_by_its_size_and_ends_with_all() -> None:
    """NB-11: each showing carries all, so much output is shown less often; the end is always shown."""
    shows: list[int] = []
    begun = threading.Event()

    def show(parts: tuple[dict[str, Any], ...]) -> None:
        shows.append(sum(len(part["text"]) for part in parts))
        begun.set()

    live = LiveShow(show)
    size = int(outputs.SHOW_RATE) * 60
    live.area.write("stdout", "x" * min(size, MAX_STREAM // 2))
    assert begun.wait(10)
    for _ in range(1000):
        live.area.write("stdout", "y")
    live.end()
    assert shows[-1] == MAX_STREAM // 2 + 1000
    assert len(shows) <= 3
