"""What a node says of itself: settings that are its own, and not those of whoever asks."""

from __future__ import annotations

from persistence.exchanged import Exchanged


class NodePlace(Exchanged, frozen=True):
    """How a node's rooms reach its persistence actor, and gateways its rooms.

    `ip` is what gateways are told, "" for the address under which Ray knows the node; `listen_ip` is what rooms bind,
    "" for the same. A `retired` node takes no more rooms.
    """

    ip: str
    listen_ip: str
    feed_path: str
    retired: bool = False
