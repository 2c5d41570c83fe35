"""A hook into Serve's controller: it looks around less often while there is nothing for it to bring about.

Ten times a second it asks Ray's head for all nodes and compares what is with what should be; with what the head does
for it that was a third of what an idle server costs. While a deployment or a proxy is on its way it still does so,
otherwise twice a second: what changes then is noticed a little later.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ray.serve._private import controller
from ray.serve._private.common import DeploymentStatus
from ray.serve._private.constants import CONTROL_LOOP_INTERVAL_S
from ray.serve._private.deployment_state import DeploymentStateManager
from ray.serve._private.proxy_state import ProxyStateManager
from ray.serve.schema import ProxyStatus

if TYPE_CHECKING:
    from collections.abc import Collection

AT_REST: Final = 0.5
"""Seconds from one look to the next while all is as it should be."""


class Pace:
    """Seconds from one look to the next: those that Serve is set to, until everything is known to be well."""

    def __init__(self, busy: float) -> None:
        self._busy = busy
        self._deployments_rest = False
        self._proxies_rest = False

    def deployments(self, statuses: Collection[DeploymentStatus]) -> None:
        """How all deployments are; while there is none, one is expected."""
        self._deployments_rest = bool(statuses) and set(statuses) == {DeploymentStatus.HEALTHY}

    def proxies(self, statuses: Collection[ProxyStatus]) -> None:
        """How all proxies are; while there is none, one is expected."""
        self._proxies_rest = bool(statuses) and set(statuses) == {ProxyStatus.HEALTHY}

    @property
    def seconds(self) -> float:
        at_rest = self._deployments_rest and self._proxies_rest
        return max(AT_REST, self._busy) if at_rest else self._busy


def install() -> None:
    """Called by Serve where its controller begins (`RAY_SERVE_CONTROLLER_CALLBACK_IMPORT_PATH`).

    The loop reads its interval anew before each pause, and the two managers are brought up to date in each round of it.
    """
    pace = Pace(CONTROL_LOOP_INTERVAL_S)
    update_deployments, update_proxies = DeploymentStateManager.update, ProxyStateManager.update

    def deployments(self: DeploymentStateManager, proxy_nodes: set[str] | None = None) -> bool:
        are_recovering = update_deployments(self, proxy_nodes)
        pace.deployments([info.status for info in self.get_deployment_statuses()])
        return are_recovering

    def proxies(self: ProxyStateManager, proxy_nodes: set[str] | None = None) -> None:
        update_proxies(self, proxy_nodes)
        pace.proxies([details.status for details in self.get_proxy_details().values()])
        controller.CONTROL_LOOP_INTERVAL_S = pace.seconds  # type: ignore[attr-defined]

    DeploymentStateManager.update = deployments  # type: ignore[method-assign]
    ProxyStateManager.update = proxies  # type: ignore[method-assign]
