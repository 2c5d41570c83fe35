"""The gateway deployment: one ASGI application per Serve replica, with REST routes and WebSockets over the same rooms.

`serve.gateway:app` is the import path of the declarative Serve config, and what the launcher runs.
"""

from typing import TYPE_CHECKING, Any

from ray import serve
from ray.serve.config import AutoscalingConfig, AutoscalingPolicy

from persistence.settings import get_settings
from serve.replica import build_replica
from serve.scaling import SOCKETS

if TYPE_CHECKING:
    from persistence.settings import Settings
    from serve.replica import Replica

settings = get_settings()


@serve.ingress(build_replica)
class _Gateway:
    """The replica as Serve knows it. Serve gives it `app`, what `build_replica` has made."""

    app: "Replica"

    def record_autoscaling_stats(self) -> dict[str, float]:
        """What Serve asks each replica for, every now and then, while their number is not fixed."""
        return {SOCKETS: float(self.app.sockets)}


def _number(settings: "Settings") -> dict[str, Any]:
    """How many gateways: so many, or as many as their sockets call for."""
    if settings.most_gateways == settings.gateways:
        return {"num_replicas": settings.gateways}
    policy = AutoscalingPolicy(  # type: ignore[no-untyped-call]  # Ray leaves it without annotations
        policy_function="serve.scaling:SocketPolicy", policy_kwargs={"per_gateway": settings.sockets_per_gateway}
    )
    scaling = AutoscalingConfig(
        min_replicas=settings.gateways,
        max_replicas=settings.most_gateways,
        # A gateway is asked five times in this period. The policy itself looks at the last answer only.
        look_back_period_s=11.0,
        upscale_delay_s=5.0,  # those who come back from a gateway that died are counted twice for a moment
        downscale_delay_s=settings.gateways_shrink_after,
        policy=policy,
    )
    return {"autoscaling_config": scaling}


Gateway = serve.deployment(
    name="gateway",
    # A WebSocket counts as one ongoing request until it has left Serve's layers.
    max_ongoing_requests=100_000,
    ray_actor_options={"num_cpus": 0},
    health_check_period_s=5,
    health_check_timeout_s=10,
    graceful_shutdown_wait_loop_s=0.2,
    graceful_shutdown_timeout_s=20,  # it sends its people away one by one
    **_number(settings),
)(_Gateway)

app = Gateway.bind()
