"""A cluster of several nodes, each on a host of its own, over one Postgres."""

from __future__ import annotations

import asyncio
import os
import secrets
import subprocess
import tempfile
import time
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import httpx
import psycopg
import yaml

from persistence.embedded import EmbeddedPostgres
from serve.launcher import processes
from serve.launcher.options import SERVER_ID
from tests.chaos.proxy import Proxy
from tests.live.server import kill_all

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import psutil

    from .hosts import Host

ROOT = Path(__file__).resolve().parents[2]
PORT = 8000
_START_TIMEOUT = 180.0
_POLL = 0.2
_STOP_GRACE = 10.0
_GCS_PORT = 6379
_DASHBOARD_PORT = 8265
_REDIS_PORT = 6380
_SOCKET = ".s.PGSQL.5432"


@contextmanager
def short_directory() -> Iterator[Path]:
    """A place for all that is kept: a short path, for the sockets in it, that the database's own user may reach."""
    with tempfile.TemporaryDirectory(prefix="rr", dir="/tmp") as directory:
        Path(directory).chmod(0o755)
        yield Path(directory)


class ClusterNode:
    """One node: Ray on a host, with the environment that `scripts/node` gives it."""

    def __init__(self, bed: Bed, number: int, host: Host) -> None:
        self.number = number
        self.host = host
        self.port = PORT
        self.url = f"http://{host.ip}:{PORT}"
        self.is_open = True
        """Whether people are let in here: what a balancer is told."""
        self.is_well_known = True
        """Whether it passed its health checks."""
        self.version = bed.version
        """Where the code is that it runs."""
        self._bed = bed
        self._directory = bed.directory / str(number)
        self._mark = f"{bed.name}-{number}"

    @property
    def environment(self) -> dict[str, str]:
        """What its processes are started with."""
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(("RAYROOMS_", "RAY_"))}
        settings = {f"RAYROOMS_{name.upper()}": value for name, value in self._bed.settings.items()}
        own = {"RAYROOMS_RUNTIME_DIR": str(self._directory), SERVER_ID: self._mark}
        return inherited | settings | own | self._bed.ray_settings

    def run(self, *command: str) -> str:
        """Run a command on this host, as a node. Returns what it says, and raises AssertionError when it fails."""
        done = subprocess.run(
            self.host.command(str(self.version / "scripts" / "node"), *command),
            cwd=self.version,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{command} on node {self.number}:\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def start(self) -> None:
        """Have it be the head, or join it."""
        head = self._bed.nodes[0]
        if self is head:
            # The other nodes' processes, which are on this machine too, would pass for a head that runs already.
            (self._bed.temp / "ray_current_cluster").unlink(missing_ok=True)
            role = ["--head", f"--port={_GCS_PORT}", f"--dashboard-host={self.host.ip}", f"--temp-dir={self._bed.temp}"]
        else:
            role = [f"--address={head.host.ip}:{_GCS_PORT}"]
        memory = f"--object-store-memory={80 * 1024 * 1024}"
        self.run("ray", "start", *role, f"--node-ip-address={self.host.ip}", "--num-cpus=4", memory)

    def processes(self) -> list[psutil.Process]:
        """All that runs there."""
        return processes.marked(self._mark)

    def stop(self) -> None:
        """What an operator does: `ray stop` on a machine; here it would end the other nodes too, so by process."""
        leaving = self.processes()
        processes.end(leaving, grace=_STOP_GRACE)

    def kill(self) -> None:
        """What a power cut does: every process at once."""
        kill_all(self.processes)

    def is_well(self) -> bool:
        try:
            return httpx.get(f"{self.url}/health", timeout=5).is_success
        except httpx.HTTPError:
            return False


class Bed:
    """Postgres, reached over TCP, and the nodes. Made and used in one event loop."""

    def __init__(
        self,
        directory: Path,
        hosts: Sequence[Host],
        *,
        database_ip: str,
        redis: Path | None = None,
        version: Path = ROOT,
        **settings: str,
    ) -> None:
        self.directory = directory
        self.name = f"bed-{secrets.token_hex(6)}"
        self.temp = directory / "ray"
        self.postgres = EmbeddedPostgres(directory / "database")
        self.database = Proxy(self._reach_postgres)
        self.settings = {
            "jwt_secret": secrets.token_hex(32),
            "jupyter_secret": secrets.token_hex(32),
            "guests": "on",
            "limit_guests": "100000",
            "limit_joins": "1000",
            **settings,
        }
        self.ray_settings: dict[str, str] = {}
        self.version = version
        """Where the code is that nodes start with; once they are replaced they run this one."""
        self.nodes = [ClusterNode(self, number, host) for number, host in enumerate(hosts, 1)]
        self._database_ip = database_ip
        self.redis = redis
        """The program of a Redis in which the head keeps what it knows."""
        self._memory: subprocess.Popen[bytes] | None = None

    @property
    def head(self) -> ClusterNode:
        return self.nodes[0]

    async def start(self) -> None:
        """Bring all of it up."""
        await asyncio.to_thread(self.postgres.start)
        port = await self.database.listen(self._database_ip)
        self.settings["database_url"] = f"postgresql://postgres@{self._database_ip}:{port}/postgres"
        if self.redis is not None:
            self._remember(self.redis)
        for node in self.nodes:  # one after another: on one file system they would choose the same names for sockets
            await asyncio.to_thread(node.start)
        await self.deploy()

    async def deploy(self, **deployment: object) -> None:
        """Deploy the application, or deploy it again with other options, and return once every node serves it."""
        config = yaml.safe_load((self.head.version / "serve_config.yaml").read_text())
        [gateway] = config["applications"][0]["deployments"]
        gateway |= {"num_replicas": len(self.nodes), "max_replicas_per_node": 1, **deployment}
        file = self.directory / "serve_config.yaml"
        file.write_text(yaml.safe_dump(config))
        where = ["--config", str(file), "--dashboard", f"http://{self.head.host.ip}:{_DASHBOARD_PORT}"]
        await asyncio.to_thread(self.head.run, "python", "-P", "-m", "serve.launcher.rollout", *where)
        await self.until_well(self.nodes)

    def operate(self, *command: str) -> str:
        """Run a command of an operator on the head. Returns what it says."""
        return self.head.run("scripts/rayrooms", *command, "--host", self.head.host.ip, "--port", str(PORT)).strip()

    async def until_well(self, nodes: Sequence[ClusterNode]) -> None:
        """Wait until these nodes serve."""
        deadline = time.monotonic() + _START_TIMEOUT
        for node in nodes:
            while not await asyncio.to_thread(node.is_well):
                assert time.monotonic() < deadline, f"node {node.number} is not well"
                await asyncio.sleep(_POLL)

    def _remember(self, redis: Path) -> None:
        options = ["--bind", self._database_ip, "--port", str(_REDIS_PORT), "--dir", str(self.directory)]
        self._memory = subprocess.Popen([redis, *options, "--protected-mode", "no"], stdout=subprocess.DEVNULL)
        self.ray_settings = {"RAY_REDIS_ADDRESS": f"{self._database_ip}:{_REDIS_PORT}"}

    async def close(self) -> None:
        """Take all of it down, whatever state it is in."""
        for node in reversed(self.nodes):
            await asyncio.to_thread(node.kill)
        if self._memory is not None:
            self._memory.kill()
            self._memory.wait()
        await self.database.close()
        await asyncio.to_thread(self.postgres.stop)

    # ------------------------------------------------------------------ the database, past the proxy

    async def _reach_postgres(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        directory = parse_qs(urlsplit(self.postgres.url).query)["host"][0]
        return await asyncio.open_unix_connection(f"{directory}/{_SOCKET}")

    async def query(self, statement: str, *parameters: object) -> list[tuple[object, ...]]:
        """Ask the database itself, without the server."""
        return await asyncio.to_thread(partial(self._query, statement, parameters))

    def _query(self, statement: str, parameters: tuple[object, ...]) -> list[tuple[object, ...]]:
        with psycopg.connect(self.postgres.url, autocommit=True, connect_timeout=20) as connection:
            return list(connection.execute(statement.encode(), parameters))
