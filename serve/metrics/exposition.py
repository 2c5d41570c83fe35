"""Puts the answers of all nodes' agents together: our own metrics whole, and what matters of Ray's and Serve's. Pure.

An agent tells its series apart by process, session and version of Ray. Here they are summed up by node, so that a
series neither ends nor starts anew with a process: what an agent once counted it never forgets.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Final

from prometheus_client import generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.parser import text_string_to_metric_families

from persistence.telemetry.catalogue import BUCKET, LE, METRICS, SUM

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from persistence.telemetry import catalogue
    from serve.metrics.agents import Scrape

NODE: Final = "node"
"""The label with the address of a node."""
UP: Final = "rayrooms_node_scrape_up"

FOREIGN: Final = {
    "ray_node_cpu_utilization": (),
    "ray_node_cpu_count": (),
    "ray_node_mem_used": (),
    "ray_node_mem_total": (),
    "ray_node_disk_free": (),
    "ray_node_disk_utilization_percentage": (),
    "ray_component_cpu_percentage": ("Component",),
    "ray_component_uss_mb": ("Component",),
    "ray_serve_deployment_replica_healthy": ("deployment",),
    "ray_serve_deployment_replica_starts": ("deployment",),
    "ray_serve_deployment_error_counter": ("deployment",),
}
"""Families of Ray and Serve that are passed on, with the labels that are kept; over all others they are summed up."""


class _Families:
    """What prometheus_client takes for a registry."""

    def __init__(self, families: Sequence[Metric]) -> None:
        self._families = families

    def collect(self) -> Iterable[Metric]:
        return self._families


def exposition(scrapes: Sequence[Scrape]) -> bytes:
    """The text of `/metrics`. A metric of ours that no process has told of yet stands at 0 on every node that answers.

    Raises ValueError for an answer that is no exposition.
    """
    ours: dict[tuple[str, str, str], float] = defaultdict(float)
    foreign: dict[str, Metric] = {}
    for agent, text in scrapes:
        for family in _families(text or ""):
            if family.name in FOREIGN:
                _pass_on(foreign, family, agent.address)
                continue
            for sample in family.samples:
                own = [value for name, value in sample.labels.items() if name in _OWN_LABELS.get(sample.name, ())]
                ours[sample.name, agent.address, "".join(own)] += sample.value
    nodes = sorted({agent.address for agent, text in scrapes if text is not None})
    families = [_ours(metric, nodes, ours) for metric in METRICS]
    return generate_latest(_Families([_up(scrapes), *families, *(foreign[name] for name in sorted(foreign))]))


def _families(text: str) -> Iterable[Metric]:
    """The families that are of interest. An agent has thousands of lines, and to parse one takes 20 us."""
    lines = [line for line in text.splitlines() if _is_of_interest(line)]
    return text_string_to_metric_families("\n".join(lines) + "\n")


def _is_of_interest(line: str) -> bool:
    name = line.removeprefix("# HELP ").removeprefix("# TYPE ")
    return name.startswith(_PREFIXES)


def _up(scrapes: Sequence[Scrape]) -> Metric:
    family = GaugeMetricFamily(UP, "Whether the metrics agent of a node answered.", labels=[NODE, "node_id"])
    for agent, text in scrapes:
        family.add_metric([agent.address, agent.node_id], 0 if text is None else 1)
    return family


def _ours(metric: catalogue.Metric, nodes: Sequence[str], values: dict[tuple[str, str, str], float]) -> Metric:
    """One family of ours from what the agents call its parts."""
    if metric.kind == "histogram":
        histogram = HistogramMetricFamily(metric.exposed, metric.help, labels=[NODE])
        for node in nodes:
            buckets = [(bound, values[f"{metric.exposed}{BUCKET}_total", node, bound]) for bound in metric.ends]
            histogram.add_metric([node], buckets, values[f"{metric.exposed}{SUM}_total", node, ""])
        return histogram
    labels = [NODE, *([metric.label] if metric.label else [])]
    family: CounterMetricFamily | GaugeMetricFamily
    if metric.kind == "counter":
        family, name = CounterMetricFamily(metric.exposed, metric.help, labels=labels), f"{metric.exposed}_total"
    else:
        family, name = GaugeMetricFamily(metric.exposed, metric.help, labels=labels), metric.exposed
    said = {label for told, _, label in values if told == name}
    for node in nodes:
        for label in sorted({*metric.values, *said}) if metric.label else [""]:
            family.add_metric([node, label] if metric.label else [node], values[name, node, label])
    return family


def _pass_on(into: dict[str, Metric], family: Metric, node: str) -> None:
    known = into.setdefault(family.name, Metric(family.name, family.documentation, family.type))
    sums: dict[tuple[str, tuple[tuple[str, str], ...]], float] = defaultdict(float)
    for sample in family.samples:
        kept = tuple((name, _shortened(sample.labels.get(name, ""))) for name in FOREIGN[family.name])
        sums[sample.name, kept] += sample.value
    for (name, kept), value in sums.items():
        known.add_sample(name, {NODE: node, **dict(kept)}, value)


def _shortened(value: str) -> str:
    """Ray tells processes apart by what runs in them now, down to a method, or by the path of a program."""
    return value.partition(".")[0] if value.startswith("ray::") else value.rpartition("/")[2]


def _own_labels() -> dict[str, tuple[str, ...]]:
    """By name of a series of ours at an agent: the label that is ours, among those of Ray's."""
    found: dict[str, tuple[str, ...]] = {}
    for metric in METRICS:
        if metric.kind == "histogram":
            found[f"{metric.exposed}{BUCKET}_total"] = (LE,)
        else:
            found[metric.exposed + ("_total" if metric.kind == "counter" else "")] = (metric.label,)
    return found


_OWN_LABELS: Final = _own_labels()
_PREFIXES: Final = ("ray_rayrooms_", *FOREIGN)
