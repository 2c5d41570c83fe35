"""How often Serve's controller looks around."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from ray.serve._private import controller
from ray.serve._private.common import DeploymentStatus
from ray.serve._private.deployment_state import DeploymentStateManager
from ray.serve._private.proxy_state import ProxyStateManager
from ray.serve.schema import ProxyStatus

from serve import controller_pace
from serve.controller_pace import AT_REST, Pace

BUSY = 0.1
WELL = [DeploymentStatus.HEALTHY]
OPEN = [ProxyStatus.HEALTHY, ProxyStatus.HEALTHY]


@pytest.mark.parametrize(
    ("deployments", "proxies", "seconds"),
    [
        (WELL, OPEN, AT_REST),
        ([], OPEN, BUSY),
        (WELL, [], BUSY),
        *[([status, *WELL], OPEN, BUSY) for status in DeploymentStatus if status != DeploymentStatus.HEALTHY],
        *[(WELL, [status, *OPEN], BUSY) for status in ProxyStatus if status != ProxyStatus.HEALTHY],
    ],
)
def test_only_where_all_is_well_it_rests(
    deployments: list[DeploymentStatus], proxies: list[ProxyStatus], seconds: float
) -> None:
    """UP-18."""
    pace = Pace(BUSY)
    assert pace.seconds == BUSY
    pace.deployments(deployments)
    pace.proxies(proxies)
    assert pace.seconds == seconds


def test_a_slower_pace_of_the_operator_stands() -> None:
    """UP-18: what Serve is set to is never undercut."""
    pace = Pace(2.0)
    pace.deployments(WELL)
    pace.proxies(OPEN)
    assert pace.seconds == 2.0


def test_the_loop_of_serve_follows(monkeypatch: pytest.MonkeyPatch) -> None:
    """UP-18: each round of the controller's loop sets how long it pauses after it; what it does stays as it was."""
    asked: list[object] = []

    def update(_manager: object, nodes: object = None) -> bool:
        asked.append(nodes)
        return True

    monkeypatch.setattr(DeploymentStateManager, "update", update)
    monkeypatch.setattr(ProxyStateManager, "update", update)
    monkeypatch.setattr(controller, "CONTROL_LOOP_INTERVAL_S", BUSY)
    controller_pace.install()
    deployment = SimpleNamespace(status=DeploymentStatus.HEALTHY)
    proxy = SimpleNamespace(status=ProxyStatus.HEALTHY)
    deployments: Any = SimpleNamespace(get_deployment_statuses=lambda: [deployment])
    proxies: Any = SimpleNamespace(get_proxy_details=lambda: {"node": proxy})

    def turn() -> float:
        assert DeploymentStateManager.update(deployments, proxy_nodes={"node"}) is True
        ProxyStateManager.update(proxies, proxy_nodes={"node"})
        return float(vars(controller)["CONTROL_LOOP_INTERVAL_S"])

    assert turn() == AT_REST
    deployment.status = DeploymentStatus.UPDATING
    assert turn() == BUSY
    deployment.status, proxy.status = DeploymentStatus.HEALTHY, ProxyStatus.STARTING
    assert turn() == BUSY
    proxy.status = ProxyStatus.HEALTHY
    assert turn() == AT_REST
    assert asked == [{"node"}] * 8
