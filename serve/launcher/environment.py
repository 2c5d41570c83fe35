"""What Ray, Serve and its HAProxy read from the environment, for a server of its own or a node of a cluster. Pure.

All of it has to be set before Ray is imported: both read their variables at import time.
"""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING, Final

from serve.launcher.options import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from serve.launcher.ports import PortBlock

_HOUR: Final = 3600
_FILES_APART_FROM_CONNECTIONS: Final = 512


def identity_environment(runtime_dir: Path, ports: PortBlock) -> dict[str, str]:
    """What makes this server a different one from any other on the machine; never taken from outside."""
    first, last = ports.replicas
    return {
        **ingress_environment(runtime_dir),
        "RAY_SERVE_HAPROXY_METRICS_PORT": str(ports.haproxy_metrics),
        "RAY_SERVE_HAPROXY_STATS_PORT": str(ports.haproxy_stats),
        "RAY_SERVE_FALLBACK_PROXY_HTTP_PORT": str(ports.fallback_http),
        "RAY_SERVE_FALLBACK_PROXY_GRPC_PORT": str(ports.fallback_grpc),
        "RAY_SERVE_DIRECT_INGRESS_MIN_HTTP_PORT": str(first),
        "RAY_SERVE_DIRECT_INGRESS_MAX_HTTP_PORT": str(last),
        # Ray's own token stays with this run instead of in the home directory.
        "RAY_AUTH_MODE": "token",
        "RAY_AUTH_TOKEN_PATH": str(runtime_dir / "ray-token"),
    }


def ingress_environment(runtime_dir: Path) -> dict[str, str]:
    """The ingress that every server has, its files in `runtime_dir`."""
    return {
        "RAY_SERVE_ENABLE_HA_PROXY": "1",
        "RAY_SERVE_HAPROXY_CONFIG_FILE_LOC": str(haproxy_config(runtime_dir)),
        "RAY_SERVE_HAPROXY_SOCKET_PATH": str(runtime_dir / "admin.sock"),
        "RAY_SERVE_HAPROXY_METRICS_SOCKET_PATH": str(runtime_dir / "metrics.sock"),
        "RAY_SERVE_HAPROXY_SERVER_STATE_BASE": str(runtime_dir),
        "RAY_SERVE_HAPROXY_SERVER_STATE_FILE": str(runtime_dir / "server-state"),
    }


def haproxy_config(runtime_dir: Path) -> Path:
    """The file that an HAProxy of that runtime directory is started with; its command line names it."""
    return runtime_dir / "haproxy.cfg"


def cluster_environment() -> dict[str, str]:
    """Defaults for a node that is one of several."""
    return {
        # The head gives a node up that has not answered for about ten seconds. By Ray's own figures that is 45 s.
        "RAY_health_check_initial_delay_ms": "5000",
        "RAY_health_check_period_ms": "1000",
        "RAY_health_check_timeout_ms": "3000",
        "RAY_health_check_failure_threshold": "3",
    }


def cluster_login(jwt_secret: str) -> dict[str, str]:
    """What lets Ray's processes into the cluster of the server that signs with this secret: the same on every node."""
    token = hmac.digest(jwt_secret.encode(), b"rayrooms: token of the Ray cluster", "sha256").hex()
    return {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": token}


def tuning_environment(runtime_dir: Path, *, cpus: int, max_files: int) -> dict[str, str]:
    """Defaults that suit a server of long-lived sockets; what the operator has set goes before them."""
    return {
        "PGCONNECT_TIMEOUT": "10",
        "RAY_USAGE_STATS_ENABLED": "0",
        "RAY_ROTATION_MAX_BYTES": str(16 * 1024 * 1024),
        "RAY_ROTATION_BACKUP_COUNT": "1",
        # One loop a replica: a hop to a second thread costs more than all that the gateway does with a frame.
        "RAY_SERVE_RUN_USER_CODE_IN_SEPARATE_THREAD": "0",
        "RAY_SERVE_HTTP_PROXY_CALLBACK_IMPORT_PATH": "serve.ingress.middlewares",
        "RAY_SERVE_CONTROLLER_CALLBACK_IMPORT_PATH": "serve.controller_pace.install",
        # Rooms are released and sockets told before Serve is asked to stop; nothing is left to wait for.
        "RAY_SERVE_DIRECT_INGRESS_MIN_DRAINING_PERIOD_S": "1",
        # Gateways whose number follows the sockets tell every two seconds, not every ten, how many they hold.
        "RAY_SERVE_REPLICA_AUTOSCALING_METRIC_PUSH_INTERVAL_S": "2",
        "RAY_SERVE_HAPROXY_BINARY_PATH": str(ROOT / "scripts" / "haproxy"),
        # Gateways listen at its address too.
        "SERVE_SOCKET_REUSE_PORT_ENABLED": "1",
        # A reload leaves the old HAProxy to its open sockets; after this it would cut them.
        "RAY_SERVE_HAPROXY_HARD_STOP_AFTER_S": str(12 * _HOUR),
        "RAY_SERVE_HAPROXY_MAXCONN": str(haproxy_maxconn(max_files)),
        # An HAProxy that died is started anew after three checks in vain. At Serve's 10 s between them nobody got in
        # for half a minute (measured: 33 s, and 13 s on the same busy machine with 2 s; a controller at rest takes half
        # a second more for each).
        "RAY_SERVE_PROXY_HEALTH_CHECK_PERIOD_S": "1.5",
        "RAY_SERVE_HAPROXY_NBTHREAD": str(1 if cpus <= 4 else min(4, cpus // 4)),
        # Ray's head would keep an event of each actor call: 45 kB for each room that woke once. `ray list tasks` is
        # empty for it.
        "RAY_task_events_report_interval_ms": "0",
        # Ray's agent looks for files of events, and sends on what was found, which nobody here reads.
        "SCAN_EVENT_DIR_INTERVAL_SECONDS": "60",
        "EVENT_AGENT_REPORT_INTERVAL_SECONDS": "5",
        # It asks the system about each process, as many times as there are rooms awake; gauges are kept for 20 s.
        "REPORTER_UPDATE_INTERVAL_MS": "10000",
        # Threads that wait keep no heap of their own: half of what raylet, agent and actors grew by.
        "MALLOC_ARENA_MAX": "2",
        # Ray runs workers at niceness 15, as batch jobs: any other work on the machine would hold rooms up.
        "RAY_worker_niceness": "0",
        # Requests are counted by the gateway, not a second time through a log socket.
        "RAY_SERVE_HAPROXY_METRICS_ENABLED": "0",
        "RAY_SERVE_HAPROXY_LOG_TARGET": str(runtime_dir / "log.sock"),
    }


def haproxy_maxconn(max_files: int) -> int:
    """How many clients HAProxy may take, given how many files it may open; asked for more, it does not start.

    It reckons two sockets for a client and, though it does not splice here, a quarter of a pipe of two ends.
    """
    return max(64, min(20_000, (max_files - _FILES_APART_FROM_CONNECTIONS) * 2 // 5))
