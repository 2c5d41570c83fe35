"""Hosts of a test cluster: network namespaces on a bridge, whose links can be cut."""

from __future__ import annotations

import os
import shutil
import subprocess
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_NOWHERE = "02:00:5e:00:00:01"
"""A hardware address that nobody has: what is sent there is lost, and nobody is told."""
_FILTER = Path("/proc/sys/net/bridge/bridge-nf-call-iptables")


class Host:
    """A network namespace on the bridge of a `Network`."""

    def __init__(self, namespace: str, ip: str) -> None:
        self.namespace = namespace
        self.ip = ip

    def command(self, *arguments: str) -> list[str]:
        """A command that runs on this host."""
        return ["ip", "netns", "exec", self.namespace, *arguments]

    def lose(self, ip: str) -> None:
        """Lose all that is sent to an address, in silence."""
        _ip("-n", self.namespace, "neigh", "replace", ip, "lladdr", _NOWHERE, "dev", "eth0", "nud", "permanent")

    def find(self, ip: str) -> None:
        """Reach an address again."""
        _ip("-n", self.namespace, "neigh", "del", ip, "dev", "eth0")


class Network:
    """A bridge with so many hosts. This process is on it, under two addresses: for people and for the database."""

    def __init__(self, hosts: int) -> None:
        number = os.getpid() % 200 + 20
        self._bridge = f"rr{number}"
        self._net = f"10.{number}.77"
        self.people_ip = f"{self._net}.250"
        self.database_ip = f"{self._net}.251"
        self.hosts = [Host(f"rr{number}n{i}", f"{self._net}.{i}") for i in range(1, hosts + 1)]

    def up(self) -> None:
        """Make all of it. Needs root. Raises subprocess.CalledProcessError."""
        _ip("link", "add", self._bridge, "type", "bridge")
        _ip("link", "set", self._bridge, "up")
        for address in (self.people_ip, self.database_ip):
            _ip("addr", "add", f"{address}/24", "dev", self._bridge)
        for index, host in enumerate(self.hosts):
            near = f"{self._bridge}v{index}"
            _ip("netns", "add", host.namespace)
            _ip("link", "add", near, "type", "veth", "peer", "name", "eth0", "netns", host.namespace)
            _ip("link", "set", near, "master", self._bridge, "up")
            _ip("-n", host.namespace, "addr", "add", f"{host.ip}/24", "dev", "eth0")
            _ip("-n", host.namespace, "link", "set", "lo", "up")
            _ip("-n", host.namespace, "link", "set", "eth0", "up")
        if self._filtered():
            subprocess.run(["iptables", "-I", *self._passage], check=True, capture_output=True)

    def down(self) -> None:
        """Remove all of it, as far as it is there."""
        if self._filtered():
            subprocess.run(["iptables", "-D", *self._passage], check=False, capture_output=True)
        for host in self.hosts:
            subprocess.run(["ip", "netns", "del", host.namespace], check=False, capture_output=True)
        subprocess.run(["ip", "link", "del", self._bridge], check=False, capture_output=True)

    @property
    def _passage(self) -> list[str]:
        return ["FORWARD", "-i", self._bridge, "-o", self._bridge, "-j", "ACCEPT"]

    @staticmethod
    def _filtered() -> bool:
        # Docker has what crosses any bridge go through the host's rules, and those drop what is not its own.
        return _FILTER.exists() and _FILTER.read_text().strip() == "1" and shutil.which("iptables") is not None

    @contextmanager
    def cut_off(self, host: Host, *, database: bool) -> Iterator[None]:
        """Cut a host off from the other hosts, and from the database too; its people still reach it."""
        pairs = [(host, other.ip) for other in self.hosts if other is not host]
        pairs += [(other, host.ip) for other in self.hosts if other is not host]
        if database:
            pairs.append((host, self.database_ip))
        for one, ip in pairs:
            one.lose(ip)
        try:
            yield
        finally:
            for one, ip in pairs:
                one.find(ip)


def _ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True, capture_output=True)
