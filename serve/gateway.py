"""The gateway deployment: one ASGI application per Serve replica, with REST routes and WebSockets over the same rooms.

`serve.gateway:app` is the import path of the declarative Serve config, and what the launcher runs.
"""

from ray import serve

from persistence.settings import get_settings
from serve.replica import build_replica

settings = get_settings()

Gateway = serve.deployment(
    name="gateway",
    num_replicas=settings.gateways,
    # A WebSocket counts as one ongoing request for its whole life.
    max_ongoing_requests=100_000,
    ray_actor_options={"num_cpus": 0},
    health_check_period_s=5,
    health_check_timeout_s=10,
    graceful_shutdown_wait_loop_s=0.2,
    graceful_shutdown_timeout_s=20,  # it sends its people away in portions
)(serve.ingress(build_replica)())

app = Gateway.bind()
