"""What is watched is exported, what is exported is explained, and rooms pay for none of it."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import yaml

from persistence.telemetry.catalogue import METRICS
from serve.metrics.exposition import FOREIGN, UP
from tests.architecture.sources import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

_NAME = re.compile(r"\b(?:ray_[a-z_]+|rayrooms_[a-z]+_[a-z_]+)\b")
_DASHBOARD = ROOT / "deploy" / "grafana" / "rayrooms.json"
_RULES = ROOT / "deploy" / "prometheus" / "rayrooms.rules.yml"


def _passed_on() -> set[str]:
    """Ray's and Serve's own; those of Serve are counters, but for one."""
    counters = {"ray_serve_deployment_replica_starts", "ray_serve_deployment_error_counter"}
    return {name + ("_total" if name in counters else "") for name in FOREIGN}


def _families() -> set[str]:
    """What the documentation has to explain."""
    return {metric.exposed + ("_total" if metric.kind == "counter" else "") for metric in METRICS} | {UP, *_passed_on()}


def _series() -> set[str]:
    """What queries may name."""
    histograms = {metric.exposed for metric in METRICS if metric.kind == "histogram"}
    return (_families() - histograms) | {name + part for name in histograms for part in ("_bucket", "_sum", "_count")}


def _strings(value: Any, key: str) -> Iterator[str]:
    """Every text under this key, however deep."""
    if isinstance(value, dict):
        for name, inner in value.items():
            if name == key and isinstance(inner, str):
                yield inner
            else:
                yield from _strings(inner, key)
    elif isinstance(value, list):
        for inner in value:
            yield from _strings(inner, key)


def _named(*texts: str) -> set[str]:
    return {name for text in texts for name in _NAME.findall(text)}


def test_dashboard_and_alerts_name_only_what_is_exported() -> None:
    """OBS-10: and the dashboard shows every metric of ours."""
    dashboard = json.loads(_DASHBOARD.read_text())
    rules = yaml.safe_load(_RULES.read_text())
    shown = _named(*_strings(dashboard, "expr"), *_strings(dashboard, "query"))
    watched = _named(*_strings(rules, "expr"))
    assert len(shown) > 20
    assert len(watched) > 7
    assert shown - _series() == set()
    assert watched - _series() == set()
    for metric in METRICS:
        assert any(name.startswith(metric.exposed) for name in shown), metric.name


def test_queries_name_only_labels_that_there_are() -> None:
    """OBS-10."""
    labels = {
        "node",
        "le",
        "job",
        *(metric.label for metric in METRICS),
        *(one for keep in FOREIGN.values() for one in keep),
    }
    texts = [
        *_strings(json.loads(_DASHBOARD.read_text()), "expr"),
        *_strings(yaml.safe_load(_RULES.read_text()), "expr"),
    ]
    for text in texts:
        grouped = [name.strip() for group in re.findall(r"by \(([^)]*)\)", text) for name in group.split(",")]
        matched = re.findall(r"[{,]\s*(\w+)(?:=~|!~|!=|=)\"", text)
        assert {*grouped, *matched} <= labels, text


def test_panels_of_the_dashboard_do_not_overlap() -> None:
    """OBS-10: ids are unique, and every cell of the grid is taken once."""
    panels = json.loads(_DASHBOARD.read_text())["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    taken: set[tuple[int, int]] = set()
    for panel in panels:
        at = panel["gridPos"]
        cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert not cells & taken, panel["title"]
        assert at["x"] + at["w"] <= 24
        taken |= cells


def test_every_alert_says_how_bad_it_is_and_is_explained() -> None:
    """OBS-10: in docs/observability.md, which explains no other."""
    rules = [rule for group in yaml.safe_load(_RULES.read_text())["groups"] for rule in group["rules"]]
    for rule in rules:
        assert rule["labels"]["severity"] in {"page", "ticket"}, rule["alert"]
        assert rule["annotations"]["summary"].endswith("."), rule["alert"]
    explained = re.findall(r"^\| `(Rayrooms\w+)` \|", _manual(), re.MULTILINE)
    assert sorted(explained) == sorted(rule["alert"] for rule in rules)


def test_every_metric_is_explained() -> None:
    """OBS-10: once, in docs/observability.md, which explains no other."""
    explained = re.findall(r"^\| `((?:ray_|rayrooms_)\w+)` \|", _manual(), re.MULTILINE)
    assert sorted(explained) == sorted(_families())
    for metric in METRICS:
        [line] = re.findall(rf"^\| `{metric.exposed}(?:_total)?` \|.*", _manual(), re.MULTILINE)
        assert metric.kind in line, line
        for word in (metric.label, *metric.values):
            assert f"`{word}`" in line or not word, (line, word)


def _manual() -> str:
    return (ROOT / "docs" / "observability.md").read_text()


def test_a_room_process_holds_no_metrics() -> None:
    """OBS-13: nor tallies that somebody would have to read, nor a tracer."""
    program = "import sys, actors.room_actor, actors.directory.actor, persistence.actor\nprint(*sorted(sys.modules))"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert "persistence.telemetry.logs" in loaded
    assert not [name for name in loaded if name.endswith((".tally", ".publisher", ".readings", ".catalogue"))]
    assert not [name for name in loaded if name.startswith(("prometheus_client", "opentelemetry"))]
