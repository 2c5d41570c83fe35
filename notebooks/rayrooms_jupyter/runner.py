"""Runs a room's text in this kernel, and shows under its editor what comes of it."""

from __future__ import annotations

import contextlib
import signal
import threading
from typing import TYPE_CHECKING, Any

from IPython.core.getipython import get_ipython

from rayrooms.errors import ConflictError, RayroomsError
from rayrooms_jupyter.capture import captured
from rayrooms_jupyter.execution import Program, RunResult, formatted_traceback
from rayrooms_jupyter.outputs import LiveShow

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Iterator

    import ipywidgets
    from IPython.core.interactiveshell import InteractiveShell

    from rayrooms_jupyter.outputs import NotebookOutput, OutputArea


class RoomRunner:
    """Runs the text of one editor, one run at a time.

    The outputs are put into the widget from here, not by its own capturing: that needs a front end whose request is
    being executed, and fills the widget for this one only.
    """

    def __init__(self, room_id: str, output: ipywidgets.Output, set_running: Callable[[bool], None]) -> None:
        self._filename = f"<room {room_id}>"
        self._output = output
        self._set_running = set_running
        self._lock = threading.Lock()
        self._awaited = False
        self._show(())

    def run(self, text: str, namespace: dict[str, Any] | None) -> RunResult:
        """Raises ConflictError while another run goes on."""
        if not self._lock.acquire(blocking=False):
            raise ConflictError("The text of this editor is being run already.")
        try:
            return self._run(text, namespace)
        finally:
            self._lock.release()

    def run_when_free(self, text: Callable[[], str]) -> None:
        """Run the text that there is then, when the kernel has done what it does and was asked for before.

        Does nothing while a run goes on or waits for its turn. From any thread; does not wait where it can be avoided.
        """
        if self._awaited or self._lock.locked():
            return
        self._awaited = True
        on_main_thread(lambda: self._take_turn(text))

    def _take_turn(self, text: Callable[[], str]) -> None:
        self._awaited = False
        try:
            self.run(text(), None)
        except ConflictError:
            pass
        except RayroomsError as error:
            live = LiveShow(self._show)
            live.area.error(error, [f"{type(error).__name__}: {error.message}"])
            live.end()

    def _run(self, text: str, namespace: dict[str, Any] | None) -> RunResult:
        shell = get_ipython()
        if namespace is None:
            namespace = shell.user_ns if shell is not None else {"__name__": "__main__"}
        self._set_running(True)
        live = LiveShow(self._show)
        try:
            if shell is None:
                return self._executed(text, namespace, live.area, None)
            with captured(live.area, shell), shell.builtin_trap:
                return self._executed(text, namespace, live.area, shell)
        finally:
            live.end()
            self._set_running(False)

    def _executed(
        self, text: str, namespace: dict[str, Any], area: OutputArea, shell: InteractiveShell | None
    ) -> RunResult:
        """Without IPython there is no notebook: what is printed goes where it always goes."""
        try:
            program = Program(text, self._filename, shell)
            if shell is not None:
                shell.events.trigger("pre_execute")
            try:
                value = program.run(namespace)
                if shell is not None and shell.display_formatter is not None and value is not None:
                    data, metadata = shell.display_formatter.format(value)  # type: ignore[no-untyped-call]
                    if data:
                        area.result(data, metadata)
            finally:
                if shell is not None:
                    shell.events.trigger("post_execute")  # shows the figures that were drawn
        except BaseException as error:  # noqa: BLE001 - a text may raise SystemExit or be interrupted: it is shown, too
            area.error(error, formatted_traceback(error, self._filename, shell))
            return RunResult(error=error)
        return RunResult(value)

    def _show(self, outputs: tuple[NotebookOutput, ...]) -> None:
        if outputs:
            self._output.layout.display = None
        self._output.outputs = outputs
        if not outputs:
            self._output.layout.display = "none"


def on_main_thread(function: Callable[[], None]) -> None:
    """Call `function` on the kernel's main thread, between two cells.

    Jupyter hands messages of widgets to whatever thread it likes, also while a cell runs; code that people write
    expects the main thread (signals, GUI toolkits, matplotlib), and no other code to run at the same time. Where the
    kernel is not ipykernel, or there is none, `function` is called at once.
    """
    kernel = getattr(get_ipython(), "kernel", None)
    loop = getattr(kernel, "io_loop", None)
    if loop is None:
        function()
        return
    # Held by ipykernel 7 while a cell executes, also while that awaits something.
    turn: asyncio.Lock | None = getattr(kernel, "_main_asyncio_lock", None)

    async def take_turn() -> None:
        async with turn or contextlib.nullcontext():
            with contextlib.suppress(KeyboardInterrupt), _interruptible():
                function()

    loop.add_callback(take_turn)


@contextlib.contextmanager
def _interruptible() -> Iterator[None]:
    """Interrupts raise KeyboardInterrupt meanwhile: between two cells ipykernel ignores them."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
