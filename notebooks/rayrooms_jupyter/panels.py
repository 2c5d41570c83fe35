"""RoomChat and RoomPresence: the chat of a room, and who is in it, without the editor."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from rayrooms_jupyter.widget import Access, RoomWidget, access

if TYPE_CHECKING:
    from rayrooms_jupyter.credentials import TokenSource
    from rayrooms_jupyter.widget import Theme, TransportChoice


class RoomChat(RoomWidget):
    """The chat of a room: the one of that name, or the one of another widget.

    The arguments are those of RoomEditor. Given a widget, it takes the server, the kernel's identity, theme and
    transport of that, unless told otherwise.
    """

    def __init__(
        self,
        room: str | RoomWidget,
        *,
        url: str | None = None,
        name: str | None = None,
        token: TokenSource | None = None,
        title: str | None = None,
        height: str = "300px",
        theme: Theme | None = None,
        transport: TransportChoice | None = None,
        create: bool = True,
        private: bool = False,
    ) -> None:
        of, theme, transport = _of(room, url, name, token, title, theme, transport, create=create, private=private)
        super().__init__("chat", of, height=height, theme=theme, transport=transport)


class RoomPresence(RoomWidget):
    """Who is in a room: the one of that name, or the one of another widget. The arguments are those of RoomChat."""

    def __init__(
        self,
        room: str | RoomWidget,
        *,
        url: str | None = None,
        name: str | None = None,
        token: TokenSource | None = None,
        title: str | None = None,
        height: str = "auto",
        theme: Theme | None = None,
        transport: TransportChoice | None = None,
        create: bool = True,
        private: bool = False,
    ) -> None:
        of, theme, transport = _of(room, url, name, token, title, theme, transport, create=create, private=private)
        super().__init__("presence", of, height=height, theme=theme, transport=transport)


def _of(
    room: str | RoomWidget,
    url: str | None,
    name: str | None,
    token: TokenSource | None,
    title: str | None,
    theme: Theme | None,
    transport: TransportChoice | None,
    *,
    create: bool,
    private: bool,
) -> tuple[Access, Theme, TransportChoice]:
    if isinstance(room, RoomWidget):
        of = room.shared_access(title, url, name, token)
        return of, theme or cast("Theme", room.theme), transport or cast("TransportChoice", room.transport)
    of = access(room, url=url, user=name, token=token, title=title, language=None, create=create, private=private)
    return of, theme or "auto", transport or "auto"
