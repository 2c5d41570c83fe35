"""A Ray cluster of one node on loopback, started as an operator starts the head, and deployments on it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Self

from persistence.embedded import EmbeddedPostgres
from serve.launcher import processes
from serve.launcher.deployment import APPLICATION
from serve.launcher.options import SERVER_ID
from serve.launcher.ports import PortBlock, reserve_block
from tests.architecture.sources import ROOT
from tests.launcher.running import free_port

if TYPE_CHECKING:
    from types import TracebackType


_TOKEN = "a-token-of-its-own-for-this-cluster"


class RunningCluster:
    """Starts Postgres and `ray start --head` on entering, both of its own; ends every process of them on leaving."""

    def __init__(self, directory: Path) -> None:
        self._postgres = EmbeddedPostgres(directory / "data")
        self._short = Path(tempfile.mkdtemp(prefix="rr-", dir="/tmp"))  # sockets lie in it
        self._mark = f"cluster-{self._short.name}"
        self._block, self._reservation = reserve_block(os.getpid())
        self.port, self._dashboard = free_port(), free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.settings = {
            "RAYROOMS_DATABASE_URL": self._postgres.url,
            "RAYROOMS_JWT_SECRET": "a-secret-of-32-bytes-or-more-for-this-test",
            "RAYROOMS_HOST": "127.0.0.1",
            "RAYROOMS_PORT": str(self.port),
            "RAYROOMS_GATEWAYS": "2",
        }

    def __enter__(self) -> Self:
        try:
            self._postgres.start()
            self.run("ray", "start", *self._options())
        except BaseException:
            self.end()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end()

    def end(self) -> None:
        processes.end(processes.marked(self._mark), grace=5)
        self._postgres.stop()
        self._reservation.close()
        shutil.rmtree(self._short, ignore_errors=True)

    def run(self, *command: str) -> str:
        """A command as this node; its output. Raises AssertionError when it fails."""
        done = self._node(*command)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def deploy(self, *options: str, **changed: str) -> subprocess.CompletedProcess[str]:
        """Run scripts/deploy, with changed settings; they stay."""
        self.settings |= {f"RAYROOMS_{name.upper()}": value for name, value in changed.items()}
        return self._script("deploy", "--dashboard", f"http://127.0.0.1:{self._dashboard}", *options)

    def gateways(self) -> set[str]:
        """The actors of the gateways that run."""
        request = urllib.request.Request(f"http://127.0.0.1:{self._dashboard}/api/serve/applications/")
        request.add_header("Authorization", f"Bearer {_TOKEN}")
        with urllib.request.urlopen(request, timeout=30) as answer:
            application = json.load(answer)["applications"][APPLICATION]
        replicas = application["deployments"]["gateway"]["replicas"]
        return {replica["actor_id"] for replica in replicas if replica["state"] == "RUNNING"}

    def _node(self, *command: str) -> subprocess.CompletedProcess[str]:
        return self._script("node", *command)

    def _script(self, name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, **self.settings, **_apart(self._block), SERVER_ID: self._mark}
        environment |= {"RAYROOMS_RUNTIME_DIR": str(self._short / "run"), "RAYROOMS_NODE_IP": "127.0.0.1"}
        environment |= {"RAY_AUTH_TOKEN": _TOKEN}
        return subprocess.run(
            [ROOT / "scripts" / name, *arguments],
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=240,
        )

    def _options(self) -> list[str]:
        fixed = {
            "port": free_port(),
            "dashboard-port": self._dashboard,
            "node-ip-address": "127.0.0.1",
            "temp-dir": self._short / "ray",
            "object-store-memory": 100_000_000,
            "dashboard-agent-listen-port": free_port(),
            "metrics-export-port": free_port(),
            "ray-client-server-port": free_port(),
            "min-worker-port": 0,
            "max-worker-port": 0,
        }
        return ["--head", *(f"--{name}={value}" for name, value in fixed.items())]


def _apart(block: PortBlock) -> dict[str, str]:
    """Ports that keep this cluster's Serve out of the way of any other on the machine."""
    first, last = block.replicas
    return {
        "RAY_SERVE_HAPROXY_METRICS_PORT": str(block.haproxy_metrics),
        "RAY_SERVE_HAPROXY_STATS_PORT": str(block.haproxy_stats),
        "RAY_SERVE_FALLBACK_PROXY_HTTP_PORT": str(block.fallback_http),
        "RAY_SERVE_FALLBACK_PROXY_GRPC_PORT": str(block.fallback_grpc),
        "RAY_SERVE_DIRECT_INGRESS_MIN_HTTP_PORT": str(first),
        "RAY_SERVE_DIRECT_INGRESS_MAX_HTTP_PORT": str(last),
    }
