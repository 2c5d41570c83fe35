"""What all widgets here have in common: their state, the kernel's seat in the room, and the messages of their views."""

from __future__ import annotations

import os
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Self

import anywidget
import msgspec
from traitlets import Bool, Enum, Int, Unicode

from rayrooms.client.rest import RestClient
from rayrooms.errors import NotFoundError, RayroomsError
from rayrooms_jupyter import assets
from rayrooms_jupyter.background import background
from rayrooms_jupyter.kernel_rooms import DEFAULT_URL, Creation, kernel_rooms
from rayrooms_jupyter.messages import AssetRequest, GuestRequest, RunRequest, read_request
from rayrooms_jupyter.names import room_name
from rayrooms_jupyter.relay import RelayHub

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from rayrooms.client.bodies import Room
    from rayrooms.client.events import ChatChanged, ConnectionStatus
    from rayrooms.protocol import ChatMessage, Participant
    from rayrooms_jupyter.credentials import TokenSource
    from rayrooms_jupyter.kernel_rooms import KernelRoom, Seat

FIRST_WAIT = 10.0
"""Seconds that a new widget waits for its room at most."""
DEFAULT_LANGUAGE = "python"
MIME_WIDGET = "application/vnd.jupyter.widget-view+json"

Theme = Literal["auto", "light", "dark"]
TransportChoice = Literal["auto", "direct", "proxy", "relay"]

_pace = assets.Pace()


@dataclass(frozen=True, slots=True)
class Access:
    """Which room, and who the kernel is there; the token stays out of the widgets' state and of what is printed."""

    name: str
    url: str
    seat: Seat
    title: str | None = None
    language: str | None = None


def access(
    name: str,
    *,
    url: str | None,
    user: str | None,
    token: TokenSource | None,
    title: str | None,
    language: str | None,
    create: bool,
    private: bool,
) -> Access:
    """Take a seat in the room called `name`. Raises InvalidError for a name or URL that is none."""
    room_id, default_title = room_name(name)
    server = url or os.environ.get("RAYROOMS_URL") or DEFAULT_URL
    creation = Creation(title or default_title, language or DEFAULT_LANGUAGE, private) if create else None
    seat = kernel_rooms.take_seat(server, room_id, kernel_rooms.credentials(server, user, token), creation)
    return Access(name, seat.room.url, seat, title, language)


class RoomWidget(anywidget.AnyWidget):
    """A view of a room. Its state says which room and how to show it: never the document, a token or a status."""

    _esm = Unicode().tag(sync=True)
    kind = Unicode().tag(sync=True)
    bundle = Unicode().tag(sync=True)
    protocol_version = Int(1).tag(sync=True)
    room = Unicode().tag(sync=True)
    title = Unicode().tag(sync=True)
    url = Unicode().tag(sync=True)
    proxy_path = Unicode("rayrooms").tag(sync=True)
    language = Unicode("text").tag(sync=True)
    theme = Enum(["auto", "light", "dark"], "auto").tag(sync=True)
    height = Unicode("300px").tag(sync=True)
    read_only = Bool(False).tag(sync=True)
    transport = Enum(["auto", "direct", "proxy", "relay"], "auto").tag(sync=True)
    show_chat = Bool(False).tag(sync=True)
    runnable = Bool(False).tag(sync=True)
    running = Bool(False).tag(sync=True)

    _seat: Seat | None = None
    _relay: RelayHub | None = None

    def __init__(self, kind: str, access: Access, **traits: Any) -> None:  # noqa: ANN401 - values of the traits above
        self._seat = access.seat
        self._server = access.url
        self._assets_asked: set[tuple[str, str]] = set()
        try:
            details = self._first_look(access.seat.room)
            language = access.language or (details.language if details is not None else DEFAULT_LANGUAGE)
            super().__init__(
                _esm=assets.loader(),
                bundle=assets.manifest().bundle,
                kind=kind,
                room=access.seat.room.room_id,
                title=access.title or (details.name if details is not None else access.name),
                url=access.url,
                language=language,
                **traits,
            )
        except BaseException:
            self._seat.close()
            raise
        self._relay = RelayHub(access.url, access.seat.room.credentials.token, self._tell, background().loop)
        self.on_msg(self._receive)
        _heed_subshells(self.comm)

    def _first_look(self, room: KernelRoom) -> Room | None:
        """Wait for the kernel's own client, so that there is a room when views come to look for it.

        Views may get in where the kernel does not: they are other people. So all but a missing room is a warning.
        """
        try:
            return room.enter(FIRST_WAIT)
        except NotFoundError:
            raise
        except RayroomsError as error:
            warnings.warn(f"The kernel itself is not in the room: {error.message}", RuntimeWarning, stacklevel=4)
            return None

    # -------------------------------------------------------------- using the room

    @property
    def users(self) -> list[Participant]:
        """Who is connected: one entry a session, the kernel's own too."""
        return self._room.call(lambda room: room.users)

    @property
    def messages(self) -> list[ChatMessage]:
        """The newest chat messages, oldest first."""
        return self._room.call(lambda room: room.messages)

    @property
    def status(self) -> ConnectionStatus:
        """The kernel's own connection, whatever the views have: "connecting", "online", "offline" or "closed"."""
        return "closed" if self._seat is None else self._seat.room.status

    def send_chat(self, content: str, *, reply_to: str | None = None) -> None:
        """Post a message as the kernel. Raises UnavailableError while there is no connection."""
        self._room.call(lambda room: room.send_chat(content, reply_to=reply_to))

    def on_chat(self, function: Callable[[ChatChanged], object]) -> Callable[[], None]:
        """Call `function` with each message that is new or changed, the kernel's own too.

        It runs on a thread for callbacks, where it may use this widget. Returns what takes that back.
        """
        return self._room.on_chat(function)

    def close(self) -> None:
        """Close the views, and leave the room when no other widget of this kernel uses it.

        Raises UnavailableError when some edits could not be saved.
        """
        seat, self._seat = self._seat, None
        relay, self._relay = self._relay, None
        if relay is not None:
            relay.close()
        super().close()
        if seat is not None:
            seat.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def shared_access(self, title: str | None, url: str | None, user: str | None, token: TokenSource | None) -> Access:
        """Another seat in this widget's room; as somebody else, or at another address of the server, where given."""
        server = url or self._server
        room = self._room
        credentials = room.credentials
        if user is not None or token is not None or server != self._server:
            credentials = kernel_rooms.credentials(server, user, token)
        seat = kernel_rooms.take_seat(server, room.room_id, credentials, None)
        return Access(self.title, seat.room.url, seat, title or self.title, self.language)

    @property
    def _room(self) -> KernelRoom:
        if self._seat is None:
            raise RayroomsError("This widget was closed.", code="closed")
        return self._seat.room

    # -------------------------------------------------------------- being shown

    def __repr__(self) -> str:
        """For whoever sees plain text only, as in a notebook that is not trusted."""
        where = f"the room “{self.title}”, {self.url}/rooms/{self.room}"
        return (
            f"<{type(self).__name__} of {where}>\n"
            "If you see this text in a notebook, then the widget itself is not shown yet. Trust the notebook (“Trust "
            "Notebook” in the File menu or the command palette) and reload the page, or run this cell."
        )

    def _repr_mimebundle_(self, **_: object) -> tuple[dict[str, Any], dict[str, Any]]:
        return self._mimebundle(self.model_id)

    def _mimebundle(self, model_id: str) -> tuple[dict[str, Any], dict[str, Any]]:
        view = {"version_major": 2, "version_minor": 0, "model_id": model_id}
        return {"text/plain": repr(self), MIME_WIDGET: view}, {}

    # -------------------------------------------------------------- messages of the views

    def _receive(self, _: object, content: object, __: object) -> None:
        """In a thread of Jupyter's choice, which other messages wait for."""
        if isinstance(content, dict) and content.get("kind") == "relay":
            if self._relay is not None:
                self._relay.handle(content)
            return
        match read_request(content):
            case AssetRequest(view=view, name=name):
                background().start(self._send_asset(view, name))
            case GuestRequest(view=view, name=name):
                background().start(self._send_guest(view, name))
            case RunRequest():
                self._run_wished()
            case None:
                pass

    def _run_wished(self) -> None:
        """Somebody pressed Run."""

    def _tell(self, content: dict[str, object]) -> None:
        """To the views of all people. From any thread; says nothing once the widget is closed."""
        self.send(content)

    async def _send_asset(self, view: str, name: str) -> None:
        wish = (view, name)
        if wish in self._assets_asked:
            return
        self._assets_asked.add(wish)
        try:
            contents = list(assets.parts(assets.asset(name)))
            for index, text in enumerate(contents):
                await _pace.admit(len(text))
                self._tell(
                    {"kind": "asset", "view": view, "name": name, "part": index, "parts": len(contents), "text": text}
                )
        except NotFoundError as error:
            self._tell({"kind": "asset", "view": view, "name": name, "error": error.message})
        finally:
            self._assets_asked.discard(wish)

    async def _send_guest(self, view: str, name: str) -> None:
        """Sign a guest in for a view, who can reach the server through this kernel only."""
        try:
            async with RestClient(self._server) as rest:
                session = await rest.sign_in_guest(name)
        except RayroomsError as error:
            self._tell({"kind": "guest", "view": view, "error": {"code": error.code, "message": error.message}})
        else:
            self._tell({"kind": "guest", "view": view, "session": msgspec.to_builtins(session)})


def _heed_subshells(comm: object) -> None:
    """Let messages of views be handled in the thread that the front end asks for, also while a cell runs.

    Of itself ipykernel 7 hands them to the thread from which the widget last spoke: mostly that of the cells, which may
    be busy for hours.
    """
    if hasattr(comm, "_reply_subshell_for"):
        comm._reply_subshell_for = lambda _, wished: wished  # noqa: SLF001 - there is no public way
