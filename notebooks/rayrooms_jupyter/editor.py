"""RoomEditor: a room's text as an editor in the notebook, and as a document for Python in its kernel."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import ipywidgets
from traitlets import observe

from rayrooms.text import diff
from rayrooms_jupyter.runner import RoomRunner
from rayrooms_jupyter.widget import DEFAULT_LANGUAGE, RoomWidget, access

if TYPE_CHECKING:
    from collections.abc import Callable

    from rayrooms.client.events import TextChanged
    from rayrooms.client.room import RoomClient
    from rayrooms.protocol import Operation
    from rayrooms_jupyter.credentials import TokenSource
    from rayrooms_jupyter.execution import RunResult
    from rayrooms_jupyter.widget import Theme, TransportChoice

SAVE_TIMEOUT = 30.0


class RoomEditor(RoomWidget):
    """The room called `room`, on the server at `url` (default: RAYROOMS_URL, else this machine's).

        ed = RoomEditor("team/notes")
        ed                          # the last line of a cell: shows the editor, and below it what `ed.run()` prints
        ed.text, ed.insert(0, "x")  # works with no browser open

    The kernel takes part as itself: as whom `token` (a string, or a function that gives one) stands for, or else as a
    guest called `name`. With `create` the room is made when there is none, titled `title` or as it is called here, for
    text of `language` (default: python), `private` or not. Raises InvalidError for a name that cannot be a room's,
    NotFoundError when there is no such room and it is not to be made. When the server cannot be reached, or does not
    let the kernel in, the constructor warns after at most 10 seconds; what needs the room then waits for it up to 30
    seconds, and raises why the kernel is not in it. Offsets count Unicode code points.
    """

    def __init__(
        self,
        room: str,
        *,
        url: str | None = None,
        name: str | None = None,
        token: TokenSource | None = None,
        language: str | None = None,
        title: str | None = None,
        height: str = "300px",
        theme: Theme = "auto",
        read_only: bool = False,
        transport: TransportChoice = "auto",
        create: bool = True,
        private: bool = False,
        show_chat: bool = False,
    ) -> None:
        of = access(
            room, url=url, user=name, token=token, title=title, language=language, create=create, private=private
        )
        super().__init__(
            "editor",
            of,
            height=height,
            theme=theme,
            read_only=read_only,
            transport=transport,
            show_chat=show_chat,
        )
        self.output = ipywidgets.Output()
        self._box: ipywidgets.VBox | None = None
        self._runner = RoomRunner(self.room, self.output, self._set_running)

    @observe("language")
    def _language_changed(self, change: dict[str, Any]) -> None:
        self.runnable = change["new"] == DEFAULT_LANGUAGE

    # -------------------------------------------------------------- the document

    @property
    def text(self) -> str:
        """The document, with all the kernel's own edits. Raises why the room cannot be entered."""
        return self._room.call(lambda room: room.text)

    @property
    def version(self) -> int:
        """The newest version that the kernel has seen."""
        return self._room.call(lambda room: room.version)

    @property
    def saved(self) -> str:
        """Whether the kernel's own edits are in the database: "saved", "saving" or "offline (n unsent)"."""
        return self._room.saved

    def insert(self, position: int, content: str) -> None:
        """Insert `content`. Raises InvalidError, and ForbiddenError (read_only) for a viewer, as all edits do."""
        self._room.call(lambda room: room.insert(position, content))

    def delete(self, position: int, length: int) -> None:
        """Delete `length` code points."""
        self._room.call(lambda room: room.delete(position, length))

    def replace(self, position: int, length: int, content: str) -> None:
        """Put `content` in the place of `length` code points."""
        self._room.call(lambda room: room.replace(position, length, content))

    def edit(self, op: Operation) -> None:
        """Apply an operation of the OT type text-unicode."""
        self._room.call(lambda room: room.edit(op))

    def set_text(self, text: str) -> None:
        """Make the document `text` by a small edit: what stays the same stays, with the others' cursors in it."""

        def set_text(room: RoomClient) -> None:
            room.edit(diff(room.text, text))

        self._room.call(set_text)

    def on_change(self, function: Callable[[TextChanged], object]) -> Callable[[], None]:
        """Call `function` whenever the text changed, by whomever, but for the edits that it makes itself.

        It runs on a thread for callbacks, one call after the other, so it may use this widget; what it prints goes to
        the cell that registered it. Returns what takes that back.
        """
        return self._room.on_change(function)

    def wait_saved(self, timeout: float | None = SAVE_TIMEOUT) -> None:
        """Wait until all the kernel's own edits are in the database. Raises TimeoutError."""
        self._room.run(lambda room: room.wait_durable(timeout))

    # -------------------------------------------------------------- running it

    def run(self, namespace: dict[str, Any] | None = None) -> RunResult:
        """Execute the text in this kernel, in `namespace` (default: the notebook's own variables).

        What it prints and displays, its last expression and its error are shown under the editor, to everybody.
        IPython's magics work as in a cell, `await` at the top level on an event loop of its own. Raises only why there
        is no text to run; the error of the text itself is in the result.
        """
        return self._runner.run(self.text, namespace)

    def _run_wished(self) -> None:
        self._runner.run_when_free(lambda: self.text)

    def _set_running(self, running: bool) -> None:  # noqa: FBT001 - the trait's value
        self.running = running

    # -------------------------------------------------------------- being shown

    def close(self) -> None:
        box = getattr(self, "_box", None)
        if box is not None:
            box.close()
        output = getattr(self, "output", None)
        if output is not None:
            output.close()
        super().close()

    def _repr_mimebundle_(self, **_: object) -> tuple[dict[str, Any], dict[str, Any]]:
        if self._box is None:
            self._box = ipywidgets.VBox([self, self.output])
        return self._mimebundle(self._box.model_id)
