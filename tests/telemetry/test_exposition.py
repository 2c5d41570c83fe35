"""The answers of all agents make one exposition, which Prometheus can read."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from prometheus_client.parser import text_string_to_metric_families

from persistence.telemetry.catalogue import METRICS
from serve.metrics.agents import Agent, Scrape
from serve.metrics.exposition import exposition

from .agents import ray_labels

if TYPE_CHECKING:
    from prometheus_client.core import Metric

ONE, TWO = Agent("n1", "10.0.0.1", 1), Agent("n2", "10.0.0.2", 1)


def families(*scrapes: Scrape) -> dict[str, Metric]:
    """What Prometheus would read."""
    return {family.name: family for family in text_string_to_metric_families(exposition(scrapes).decode())}


def values(family: Metric, **labels: str) -> dict[str, float]:
    """The values of a family's samples with these labels, by name and the bound of a bucket."""
    return {
        sample.name + sample.labels.get("le", ""): sample.value
        for sample in family.samples
        if labels.items() <= sample.labels.items()
    }


def test_a_metric_that_nobody_has_told_of_stands_at_zero() -> None:
    """OBS-1: each on every node that answers, so that whoever watches its growth misses nothing."""
    read = families(Scrape(ONE, ""), Scrape(TWO, None))
    for metric in METRICS:
        family = read[metric.exposed]
        assert family.type == metric.kind
        assert family.documentation == metric.help
        if metric.values or not metric.label:
            assert {sample.labels["node"] for sample in family.samples} == {"10.0.0.1"}
        assert {sample.value for sample in family.samples} <= {0.0}
    assert values(read["ray_rayrooms_sockets"], transport="socketio") == {"ray_rayrooms_sockets": 0}


def test_processes_of_a_node_are_summed_up() -> None:
    """OBS-6: a process that was replaced goes on counting where its predecessor stopped."""
    text = "\n".join(
        [
            "# HELP ray_rayrooms_edits_total edits",
            "# TYPE ray_rayrooms_edits_total counter",
            f'ray_rayrooms_edits_total{{{ray_labels("10.0.0.1", "w1")},via="socket"}} 5.0',
            f'ray_rayrooms_edits_total{{{ray_labels("10.0.0.1", "w2")},via="socket"}} 7.0',
            f'ray_rayrooms_edits_total{{{ray_labels("10.0.0.1", "w2")},via="rest"}} 1.0',
            "# TYPE ray_rayrooms_sockets gauge",
            f'ray_rayrooms_sockets{{{ray_labels("10.0.0.1", "w1")},transport="json"}} 2.0',
            f'ray_rayrooms_sockets{{{ray_labels("10.0.0.1", "w2")},transport="json"}} 3.0',
            "",
        ]
    )
    read = families(Scrape(ONE, text), Scrape(TWO, text.replace("10.0.0.1", "10.0.0.2")))
    for node in ("10.0.0.1", "10.0.0.2"):
        assert values(read["ray_rayrooms_edits"], node=node, via="socket") == {"ray_rayrooms_edits_total": 12}
        assert values(read["ray_rayrooms_edits"], node=node, via="rest") == {"ray_rayrooms_edits_total": 1}
        assert values(read["ray_rayrooms_sockets"], node=node, transport="json") == {"ray_rayrooms_sockets": 5}
    assert {name for sample in read["ray_rayrooms_edits"].samples for name in sample.labels} == {"node", "via"}


def test_buckets_become_a_histogram() -> None:
    """OBS-6: with its count and its sum."""
    labels = ray_labels("10.0.0.1")
    text = "\n".join(
        [
            "# TYPE ray_rayrooms_flush_seconds_bucket_total counter",
            f'ray_rayrooms_flush_seconds_bucket_total{{{labels},le="0.01"}} 3.0',
            f'ray_rayrooms_flush_seconds_bucket_total{{{labels},le="0.02"}} 4.0',
            f'ray_rayrooms_flush_seconds_bucket_total{{{labels},le="+Inf"}} 4.0',
            "# TYPE ray_rayrooms_flush_seconds_sum_total counter",
            f"ray_rayrooms_flush_seconds_sum_total{{{labels}}} 0.029",
            "",
        ]
    )
    read = values(families(Scrape(ONE, text))["ray_rayrooms_flush_seconds"])
    assert read["ray_rayrooms_flush_seconds_bucket0.005"] == 0
    assert read["ray_rayrooms_flush_seconds_bucket0.01"] == 3
    assert read["ray_rayrooms_flush_seconds_bucket+Inf"] == 4
    assert read["ray_rayrooms_flush_seconds_count"] == 4
    assert read["ray_rayrooms_flush_seconds_sum"] == pytest.approx(0.029)


def test_of_the_rest_only_what_is_wanted_is_passed_on() -> None:
    """OBS-3: and without Ray's own labels, whatever they say."""
    text = """\
# TYPE ray_node_mem_used gauge
ray_node_mem_used{SessionName="secret-session",ip="10.0.0.1"} 17.0
# TYPE ray_component_uss_mb gauge
ray_component_uss_mb{Component="ray::RoomActor",SessionName="secret-session",pid="1"} 30.0
ray_component_uss_mb{Component="ray::RoomActor.secret_method",SessionName="secret-session",pid="2"} 31.0
ray_component_uss_mb{Component="/home/secret/python",SessionName="secret-session",pid="2"} 5.0
# TYPE ray_tasks gauge
ray_tasks{Name="secret-task"} 1.0
# TYPE ray_rayrooms_unheard_of_total counter
ray_rayrooms_unheard_of_total{room="secret-room"} 1.0
"""
    read = families(Scrape(ONE, text))
    assert "secret" not in exposition([Scrape(ONE, text)]).decode()
    assert values(read["ray_node_mem_used"], node="10.0.0.1") == {"ray_node_mem_used": 17}
    assert values(read["ray_component_uss_mb"], Component="ray::RoomActor") == {"ray_component_uss_mb": 61}
    assert values(read["ray_component_uss_mb"], Component="python") == {"ray_component_uss_mb": 5}
    assert "ray_tasks" not in read
    assert "ray_rayrooms_unheard_of" not in read


def test_nodes_that_do_not_answer_are_shown_as_such() -> None:
    """OBS-5."""
    read = families(Scrape(ONE, ""), Scrape(TWO, None))
    up = read["rayrooms_node_scrape_up"]
    assert values(up, node="10.0.0.1", node_id="n1") == {"rayrooms_node_scrape_up": 1}
    assert values(up, node="10.0.0.2", node_id="n2") == {"rayrooms_node_scrape_up": 0}
