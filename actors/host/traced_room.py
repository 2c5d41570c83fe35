"""A live room that tells a tracer of its commits; the one that rooms are made of when traces are on."""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING, Any

from actors.host.config import API_CLIENT
from actors.host.live_room import LiveRoom
from persistence.telemetry.tracing import Edit

if TYPE_CHECKING:
    from actors.core.room import Edited
    from actors.link import messages as link
    from persistence.telemetry.tracing import Tracer


class TracedRoom(LiveRoom):
    """A commit's span reaches from taking the edit to having handed its record to the feed and told the gateways."""

    def __init__(self, *args: Any, tracer: Tracer) -> None:  # noqa: ANN401 - those of LiveRoom
        super().__init__(*args)
        self._tracer = tracer
        self._began = 0.0
        self._under_way: list[tuple[Edit, int, float]] = []

    def edit(self, message: link.Edit) -> Edited:
        self._began = monotonic()
        return super().edit(message)

    def committed(self, edited: Edited) -> None:
        super().committed(edited)
        commit = edited.commit
        if commit is not None and not commit.client_id.startswith(API_CLIENT):
            edit = Edit(self.core.room_id, commit.client_id, commit.seq)
            if self._tracer.traces(edit):
                self._under_way.append((edit, commit.version, self._began))

    def end_turn(self) -> None:
        super().end_turn()
        if self._under_way:
            under_way, self._under_way = self._under_way, []
            for edit, version, began in under_way:
                self._tracer.span("room.commit", edit, monotonic() - began, version=version)
