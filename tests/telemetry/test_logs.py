"""Log lines that a machine can read."""

from __future__ import annotations

import json
import logging
import os
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from persistence.telemetry import logs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@pytest.fixture
def lines(capsys: pytest.CaptureFixture[str]) -> Iterator[Callable[[], list[str]]]:
    """What was logged since it was last asked; loggers are as they were afterwards."""
    root, levels = logging.getLogger(), {name: logging.getLogger(name).level for name in logs.OUR_LOGGERS}
    handlers, level = root.handlers[:], root.level
    root.handlers = []  # or they would be closed
    yield lambda: _errors(capsys)
    root.handlers = handlers
    root.setLevel(level)
    for name, before in levels.items():
        logging.getLogger(name).setLevel(before)


def _errors(capsys: pytest.CaptureFixture[str]) -> list[str]:
    return capsys.readouterr().err.splitlines()


def test_a_line_is_an_object_with_fields_of_fixed_names(lines: Callable[[], list[str]]) -> None:
    """OBS-11."""
    logs.configure("json", "INFO", node="n1")
    about = {"room_id": "r", "client_id": "c", "user_id": "u", "epoch": 3, "code": "room_unavailable", "other": "no"}
    logging.getLogger("serve.sockets.hub").warning("room %s\nmoves", "r", extra=about)
    line = json.loads(*lines())
    at = datetime.fromisoformat(line.pop("time"))
    assert at.utcoffset() == timedelta(0)
    assert abs(datetime.now(at.tzinfo) - at) < timedelta(minutes=1)
    assert line == {
        "level": "WARNING",
        "logger": "serve.sockets.hub",
        "message": "room r\nmoves",
        "node": "n1",
        "process": os.getpid(),
        "room_id": "r",
        "client_id": "c",
        "user_id": "u",
        "epoch": 3,
        "code": "room_unavailable",
    }


def test_a_traceback_is_a_field(lines: Callable[[], list[str]]) -> None:
    """OBS-11: so that one line stays one record."""
    logs.configure("json", "INFO")
    try:
        assert 1 // 0
    except ZeroDivisionError:
        logging.getLogger("actors").exception("broken")
    line = json.loads(*lines())
    assert "node" not in line
    assert line["error"].startswith("Traceback (most recent call last):\n")
    assert line["error"].endswith("ZeroDivisionError: integer division or modulo by zero")


@pytest.mark.parametrize("form", ["text", "json"])
def test_levels_are_those_of_the_setting_for_our_packages(lines: Callable[[], list[str]], form: logs.LogFormat) -> None:
    """OBS-11: others are heard from WARNING on."""
    for level, heard in (("DEBUG", 2), ("WARNING", 0)):
        logs.configure(form, level)
        for name in ("persistence.writer", "rayrooms.client"):
            logging.getLogger(name).debug("here")
        logging.getLogger("httpx").info("there")
        assert len(lines()) == heard


def test_plain_lines_say_when_who_and_what(lines: Callable[[], list[str]]) -> None:
    """OBS-11."""
    logs.configure("text", "INFO", node="n1")
    logging.getLogger("actors.directory").info("room %s sleeps", "r", extra={"room_id": "r"})
    [line] = lines()
    assert line.endswith(" INFO actors.directory: room r sleeps")


@pytest.mark.parametrize("form", ["text", "json"])
def test_one_can_also_be_written_inside_a_signal_handler(form: logs.LogFormat, tmp_path: Any) -> None:
    """OBS-11: what the launcher tells its operator has the same form."""
    with (tmp_path / "out").open("w+") as out:
        logs.say(logs.formatter(form, text="rayrooms: %(message)s"), "stopping ...", stream=out.fileno())
        out.seek(0)
        written = out.read()
    if form == "text":
        assert written == "rayrooms: stopping ...\n"
    else:
        assert (json.loads(written)["level"], json.loads(written)["message"]) == ("INFO", "stopping ...")
