"""Counts what was sent and how far it got: the figures that show that a fuzzer did work."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Literal

Layer = Literal["unreadable", "refused by type", "refused by gateway", "refused by room", "accepted"]

_BY_GATEWAY = {
    "bad_token",
    "forbidden",
    "not_a_member",
    "not_joined",
    "rate_limited",
    "read_only",
    "room_not_found",
    "room_unavailable",
}
_UNREAD = {"invalid_text", "message_too_large"}
_ANSWERS = {
    "ack",
    "chat_message",
    "connection_response",
    "message_changed",
    "pong",
    "reaction_added",
    "room_joined",
    "room_left",
    "sync_response",
}


@dataclass
class Tally:
    sent: Counter[str] = field(default_factory=Counter)
    layers: Counter[Layer] = field(default_factory=Counter)
    codes: Counter[str] = field(default_factory=Counter)
    closes: Counter[int] = field(default_factory=Counter)
    connections: int = 0

    @property
    def frames(self) -> int:
        return self.sent.total()

    def heard(self, event: str, data: dict[str, Any], *, answers: bool) -> None:
        """An event came; `answers` says whether it answers something that was sent here."""
        if event == "error":
            self.codes[data["code"]] += 1
            self.layers[layer_of(data["code"], data["message"])] += 1
        elif event in _ANSWERS and answers:
            self.layers["accepted"] += len(data["acks"]) if "acks" in data else 1

    def share(self, layer: Layer) -> float:
        """How many of all frames were answered by this layer."""
        return self.layers[layer] / max(1, self.frames)

    def summary(self) -> str:
        """All figures, for people."""
        silent = self.frames - self.layers.total() - self.closes.total()
        rows = [f"frames {self.frames}, connections {self.connections}"]
        rows += [f"  {kind:34} {count:7}" for kind, count in sorted(self.sent.items())]
        rows += ["answers"]
        rows += [
            f"  {layer:34} {count:7} {count / max(1, self.frames):7.1%}" for layer, count in self.layers.most_common()
        ]
        rows += [f"  {'taken in silence, or lost by a close':34} {silent:7} {silent / max(1, self.frames):7.1%}"]
        rows += ["error codes: " + ", ".join(f"{code} {count}" for code, count in self.codes.most_common())]
        rows += ["close codes: " + ", ".join(f"{code} {count}" for code, count in self.closes.most_common())]
        return "\n".join(rows)


def layer_of(code: str, sentence: str) -> Layer:
    """Who refuses with this code."""
    if code in _UNREAD or (code == "malformed" and sentence.startswith(("This is not a message", "This is not an E"))):
        return "unreadable"
    if code in {"malformed", "unknown_event"}:
        return "refused by type"
    if code in _BY_GATEWAY:
        return "refused by gateway"
    return "refused by room"
