"""Ports for one server's own use: a block below the ephemeral range, reserved machine-wide while the server runs."""

from __future__ import annotations

import errno
import socket
from dataclasses import dataclass
from typing import Final

from serve.launcher.errors import LaunchError

_FIRST: Final = 11_000
_LAST: Final = 31_000
_SIZE: Final = 500
_FIXED: Final = 10


@dataclass(frozen=True, slots=True)
class PortBlock:
    """`_SIZE` ports from `base`: the first few have fixed uses, the rest are for gateway replicas."""

    base: int

    @property
    def haproxy_metrics(self) -> int:
        return self.base

    @property
    def haproxy_stats(self) -> int:
        return self.base + 1

    @property
    def fallback_http(self) -> int:
        return self.base + 2

    @property
    def fallback_grpc(self) -> int:
        return self.base + 3

    @property
    def replicas(self) -> tuple[int, int]:
        """First and last port for the replicas' own HTTP servers. Serve holds a port back for hours after its use."""
        return (self.base + _FIXED, self.base + _SIZE - 1)


def reserve_block(seed: int) -> tuple[PortBlock, socket.socket]:
    """A block that no other server on this machine has, and the reservation: it ends when the socket is closed.

    `seed` chooses where the search begins, so that a server gets the same ports again at its next start.
    The reservation is an abstract Unix socket: seen by all users of the same network namespace, gone with its process.
    """
    count = (_LAST - _FIRST) // _SIZE
    for step in range(count):
        block = PortBlock(_FIRST + (seed + step) % count * _SIZE)
        reservation = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        try:
            reservation.bind(f"\0rayrooms-ports-{block.base}")
        except OSError as error:
            reservation.close()
            if error.errno != errno.EADDRINUSE:
                raise
            continue
        if all(_is_free("", port) for port in range(block.base, block.base + _FIXED + 1)):
            return block, reservation
        reservation.close()
    raise LaunchError(f"No block of {_SIZE} free ports between {_FIRST} and {_LAST} is left for this server's own use.")


def check_listen(host: str, port: int) -> None:
    """Raise LaunchError unless the server could listen there now."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, kind, protocol, _, address = found[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
            probe.listen(1)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise LaunchError(f"Port {port} on {host} is already in use; choose another with --port.") from error
        reason = (error.strerror or str(error)).lower()
        raise LaunchError(f"The server cannot listen on {host} port {port}: {reason}.") from error


def _is_free(host: str, port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
        return True
