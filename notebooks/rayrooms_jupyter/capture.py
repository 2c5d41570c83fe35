"""Sends what a running text prints and displays to an output area."""

from __future__ import annotations

import contextlib
import io
import sys
import threading
from typing import TYPE_CHECKING, Any

from IPython.core.displaypub import DisplayPublisher

if TYPE_CHECKING:
    from collections.abc import Iterator

    from IPython.core.interactiveshell import InteractiveShell

    from rayrooms_jupyter.outputs import OutputArea, StreamName


@contextlib.contextmanager
def captured(area: OutputArea, shell: InteractiveShell) -> Iterator[None]:
    """Capture what this thread, and threads started meanwhile, print and display.

    Threads that were there before belong to somebody else: callbacks of rooms, and what other cells have left running.
    """
    here = threading.current_thread()
    others = frozenset(thread.ident for thread in threading.enumerate() if thread is not here)
    stdout, stderr, publisher = sys.stdout, sys.stderr, shell.display_pub
    sys.stdout = _Stream(area, "stdout", stdout, others)
    sys.stderr = _Stream(area, "stderr", stderr, others)
    shell.display_pub = _Publisher(area, publisher, others, shell)
    try:
        yield
    finally:
        sys.stdout, sys.stderr, shell.display_pub = stdout, stderr, publisher


class _Stream(io.TextIOBase):
    """A standard stream while a text runs."""

    def __init__(self, area: OutputArea, name: StreamName, original: Any, others: frozenset[int | None]) -> None:  # noqa: ANN401 - whatever stands for a file
        self._area = area
        self._name = name
        self._original = original
        self._others = others

    @property
    def encoding(self) -> str:  # type: ignore[override]
        return "utf-8"

    def writable(self) -> bool:
        return True

    def isatty(self) -> bool:
        return False

    def fileno(self) -> int:
        """Of the original: what programs that were started write there is not seen here."""
        number: int = self._original.fileno()
        return number

    def write(self, text: str) -> int:
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        if threading.get_ident() in self._others:
            self._original.write(text)
        elif text:
            self._area.write(self._name, text)
        return len(text)

    def flush(self) -> None:
        if threading.get_ident() in self._others:
            self._original.flush()


class _Publisher(DisplayPublisher):
    """What `display` gives its data to, while a text runs."""

    def __init__(
        self, area: OutputArea, original: DisplayPublisher, others: frozenset[int | None], shell: InteractiveShell
    ) -> None:
        super().__init__(shell=shell)  # type: ignore[no-untyped-call]
        self._area = area
        self._original = original
        self._others = others

    def publish(
        self,
        data: dict[str, Any],
        metadata: dict[str, Any] | None = None,
        *args: Any,  # noqa: ANN401 - a deprecated argument that some versions have
        transient: dict[str, Any] | None = None,
        update: bool = False,
        **others: Any,  # noqa: ANN401 - handed on
    ) -> None:
        display_id = (transient or {}).get("display_id")
        is_ours = threading.get_ident() not in self._others
        if is_ours and update and display_id is not None:
            is_ours = self._area.update(data, metadata or {}, display_id)
        elif is_ours:
            self._area.display(data, metadata or {}, display_id)
        if not is_ours:
            self._original.publish(data, metadata, *args, transient=transient, update=update, **others)

    def clear_output(self, wait: bool = False) -> None:  # noqa: FBT001, FBT002 - IPython's own signature
        if threading.get_ident() in self._others:
            self._original.clear_output(wait)  # type: ignore[no-untyped-call]
        else:
            self._area.clear(wait=wait)
