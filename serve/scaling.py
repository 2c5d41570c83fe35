"""How many gateways there are to be for the sockets that are open. Pure, and what Serve asks for it.

Serve counts requests, and sockets leave its count once they are served (docs/decisions/0014); so each gateway tells how
many it holds. Serve carries this module to its controller by value: it refers to nothing of ours.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Collection

    from ray.serve.config import AutoscalingContext

SOCKETS: Final = "sockets"
"""The name of the metric: how many sockets a gateway holds."""
FILLED_AFTERWARDS: Final = 0.7
"""How full the remaining gateways may be, of what each is to hold, when one goes."""


def gateways_for(held: Collection[float], *, gateways: int, per_gateway: int) -> int:
    """How many gateways there are to be.

    `held` is what the gateways that have said so hold, `gateways` how many there are or are about to be. As many as it
    takes come at once; one at a time goes, and only while all are heard: what a silent one holds is not known.
    """
    sockets = sum(held)
    needed = math.ceil(sockets / per_gateway)
    if needed > gateways:
        return needed
    spare = sockets <= FILLED_AFTERWARDS * per_gateway * (gateways - 1)
    if spare and gateways > 1 and len(held) == gateways:
        return gateways - 1
    return gateways


class SocketPolicy:
    """Serve's autoscaling policy for gateways that are to hold about `per_gateway` sockets each.

    Serve holds what it answers to the configured bounds, and waits until the answer has been the same for long enough.
    """

    def __init__(self, per_gateway: int) -> None:
        self._per_gateway = per_gateway

    def __call__(self, context: AutoscalingContext) -> tuple[int, dict[str, Any]]:
        """How many replicas there are to be, and nothing to remember."""
        told = (context.raw_metrics or {}).get(SOCKETS, {})
        held = [series[-1].value for series in told.values() if series]
        return gateways_for(held, gateways=context.target_num_replicas, per_gateway=self._per_gateway), {}
