"""The Unix socket at which an HTTP server listens for its own node's ingress, beside its port.

It is in Linux' abstract namespace (unix(7)), which belongs to the network namespace as ports do: no file stays behind,
and a server that is gone is refused at once.
"""

from __future__ import annotations

import socket

_LENGTH = 108
"""Bytes of `sun_path`; HAProxy's `abns@` fills a name up to it with zeros."""


def local_name(node: str, port: int) -> str:
    """The name of the server at `port` of the node with that id in Ray; several nodes can be on one machine."""
    return f"rayrooms-{node}-{port}"


def local_address(name: str) -> str:
    """Where a socket is bound and reached, as HAProxy understands the name."""
    return "\0" + name.ljust(_LENGTH - 1, "\0")


def is_heard(name: str) -> bool:
    """Whether a server listens there now."""
    with socket.socket(socket.AF_UNIX) as asking:
        asking.setblocking(False)  # a server that hangs, its queue full, is not waited for
        return asking.connect_ex(local_address(name)) == 0
