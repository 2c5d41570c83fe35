"""Reading recorded sessions, and putting them together without a server."""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING, Any

import pytest

from loadtest import trace as traces
from loadtest.merge import merge
from loadtest.synthetic import document
from loadtest.trace import TraceEdit, TraceError
from rayrooms import text
from tests.loadtest.sessions import session

if TYPE_CHECKING:
    from pathlib import Path


def _file(**fields: Any) -> bytes:
    return json.dumps({"endContent": "", "txns": [], **fields}).encode()


def test_a_single_author_has_seen_all_of_its_own() -> None:
    """LOAD-3: every patch is an edit; a start text is the first edit."""
    txns = [{"patches": [[0, 1, "b"], [1, 0, "c"]]}, {"patches": [[0, 0, ""]]}, {"patches": [[2, 0, "d"]]}]
    trace = traces.parse("t", _file(startContent="a", endContent="bcd", txns=txns))
    assert trace.edits == [
        TraceEdit(0, (0,), ["a"]),
        TraceEdit(0, (1,), ["b", {"d": 1}]),
        TraceEdit(0, (2,), [1, "c"]),
        TraceEdit(0, (3,), [2, "d"]),
    ]
    assert merge(trace.edits).text == trace.end


def test_concurrent_authors_have_seen_what_their_parents_had() -> None:
    """LOAD-3: parents name what an author had seen, patch by patch."""
    txns = [
        {"agent": 0, "parents": [], "patches": [[0, 0, "one"]]},
        {"agent": 1, "parents": [0], "patches": [[3, 0, "!"], [4, 0, "?"]]},
        {"agent": 0, "parents": [0], "patches": [[0, 0, ">"]]},
        {"agent": 0, "parents": [1, 2], "patches": [[6, 0, "."]]},
    ]
    trace = traces.parse("t", _file(kind="concurrent", numAgents=2, endContent=">one!?.", txns=txns))
    assert [(edit.author, edit.seen) for edit in trace.edits] == [
        (0, (0, 0)),
        (1, (1, 0)),
        (1, (1, 1)),
        (0, (1, 0)),
        (0, (2, 2)),
    ]
    assert merge(trace.edits).text == trace.end


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"numAgents": 3}, "3 authors"),
        ({"numAgents": 2, "txns": [{"agent": 2, "parents": [], "patches": []}]}, "not there"),
        ({"numAgents": 2, "txns": [{"agent": 0, "parents": [0], "patches": []}]}, "not there"),
        (
            {
                "numAgents": 2,
                "txns": [
                    {"agent": 0, "parents": [], "patches": [[0, 0, "a"]]},
                    {"agent": 0, "parents": [], "patches": [[0, 0, "b"]]},
                ],
            },
            "its own author",
        ),
    ],
)
def test_what_cannot_be_replayed_is_refused(fields: dict[str, Any], why: str) -> None:
    """LOAD-3: a trace that makes no sense, or has too many authors, is refused in a sentence."""
    with pytest.raises(TraceError, match=why):
        traces.parse("t", _file(**fields))


def test_files_that_are_no_traces_are_refused(tmp_path: Path) -> None:
    """LOAD-3: a missing, broken or foreign file is refused in a sentence."""
    with pytest.raises(TraceError, match="no trace 'nonesuch'"):
        traces.find("nonesuch")
    for name, content in {"text": b"hello", "cut.gz": gzip.compress(_file())[:12], "other": b'{"txns": 3}'}.items():
        (tmp_path / name).write_bytes(content)
        with pytest.raises(TraceError, match="cannot be read as a trace"):
            traces.load(tmp_path / name)


@pytest.mark.parametrize("name", ["sveltecomponent", "friendsforever"])
def test_the_recorded_sessions_lead_to_their_end(name: str) -> None:
    """LOAD-3: put together without any server, the real traces come to what they say."""
    try:
        path = traces.find(name)
    except TraceError as error:
        pytest.skip(str(error))
    trace = traces.load(path)
    merged = merge(trace.edits)
    assert merged.text == trace.end
    assert len(trace.edits) > 18_000
    assert bool(merged.ties) == (name == "friendsforever"), "one comma there depends on who is first"


def test_a_tie_may_come_about_by_a_deletion() -> None:
    """LOAD-4: inserts on both sides of a deleted character meet in one place; the later one then comes first."""
    base = TraceEdit(0, (0, 0), ["x."])
    space = TraceEdit(1, (1, 0), [2, " Y"])
    gone, comma = TraceEdit(0, (1, 0), [1, {"d": 1}]), TraceEdit(0, (2, 0), [1, ","])
    assert merge([base, space, gone, comma]) == ("x, Y", {3: 1})
    assert merge([base, gone, comma, space]) == ("x Y,", {3: 2})
    assert merge([base, space, gone, comma._replace(op=["A"])]) == ("Ax Y", {})


def test_both_sites_come_to_one_text() -> None:
    """LOAD-4: whatever two authors do, merging converges; without concurrency it is plain application."""
    tied = 0
    for seed in range(100):
        trace = session(seed, edits=30)
        tied += bool(merge(trace.edits).ties)
    assert 20 < tied <= 100, "sessions with ties and sessions without must both occur"
    alone = document(edits=200, characters=2_000)
    content = ""
    for edit in alone.edits:
        content = text.apply(content, edit.op)
    assert alone.end == content
    assert 1_900 < len(content) <= 2_000
