"""The vectors that clients in other languages replay: tests/vectors/client/*.json."""

from __future__ import annotations

import json
from collections import Counter
from functools import lru_cache

import pytest

from tests.client.vectors import VECTORS, make


@lru_cache
def happened() -> Counter[str]:
    """How often each step, refusal, message and event occurs in the vectors."""
    counters: Counter[str] = Counter()
    for name in ("simulated.json", "whimsical.json"):
        for run in json.loads((VECTORS / name).read_text(encoding="utf-8"))["runs"]:
            for step in run["steps"]:
                counters[step["do"]] += 1
                if step["do"] == "receive":
                    counters[f"< {step['message']['event']}"] += 1
                    counters["reset"] += bool(step["message"].get("data", {}).get("reset"))
                if "error" in step:
                    counters[f"{step['do']}: {step['error']}"] += 1
                counters.update(f"> {message['event']}" for message in step.get("sent", ()))
                counters.update(f"told {event['event']}" for event in step.get("told", ()))
                now = step.get("now", {})
                counters.update(f"{key} {now[key]}" for key in ("phase", "retry", "failure", "role") if key in now)
                counters["new client id"] += now.get("client_id", "-1")[-2:] != "-1"
    return counters


@pytest.mark.parametrize("name", ["simulated.json", "whimsical.json", "diff.json"])
def test_vectors_are_what_python_does(name: str) -> None:
    """CL-50: the recorded steps are those of the present client; `python -m tests.client.vectors` writes them anew."""
    assert (VECTORS / name).read_text(encoding="utf-8") == make()[name]


@pytest.mark.parametrize(
    ("what", "at_least"),
    {
        "edit": 500,
        "edit: read_only": 10,
        "edit: invalid_operation": 10,
        "edit: invalid_text": 2,
        "set_cursor: malformed": 5,
        "send_chat: room_unavailable": 2,
        "set_presence": 20,
        "set_typing": 20,
        "send_chat": 10,
        "edit_message": 20,
        "delete_message": 20,
        "react": 20,
        "ask_version": 20,
        "ping": 20,
        "fail": 1,
        "disconnected": 20,
        "< connection_response": 50,
        "< room_joined": 100,
        "< room_left": 5,
        "< user_joined": 50,
        "< user_left": 20,
        "< code_change": 200,
        "< ack": 100,
        "< durable": 100,
        "< cursor_update": 100,
        "< presence_update": 20,
        "< typing": 20,
        "< chat_message": 20,
        "< message_changed": 20,
        "< reaction_added": 20,
        "< sync_response": 20,
        "< going_away": 2,
        "< error": 100,
        "< pong": 10,
        "> code_change": 400,
        "> cursor_update": 100,
        "told text": 800,
        "told chat": 50,
        "told cursor": 50,
        "told presence": 100,
        "told edit_refused": 10,
        "told request_refused": 20,
        "told confirmed": 10,
        "phase astray": 100,
        "phase closed": 3,
        "retry backlog_full": 2,
        "retry superseded": 5,
        "retry not_joined": 1,
        "failure superseded": 1,
        "failure forbidden": 1,
        "role viewer": 5,
        "new client id": 2,
        "reset": 30,
    }.items(),
)
def test_vectors_have_it_all(what: str, at_least: int) -> None:
    """CL-50: in the recorded steps everything occurs that a client can do or meet."""
    assert happened()[what] >= at_least, dict(happened())


def test_vectors_are_not_large() -> None:
    """CL-50: the vectors stay small enough to be kept beside the code."""
    assert sum(path.stat().st_size for path in VECTORS.iterdir()) < 1_500_000
