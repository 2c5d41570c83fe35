"""What a run has put out so far, in the notebook format, bounded; and a thread that shows it while the run goes on."""

from __future__ import annotations

import base64
import threading
from collections import deque
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

StreamName = Literal["stdout", "stderr"]
NotebookOutput = dict[str, Any]
"""An output as the notebook format (nbformat 4) has it; the widget's trait takes no other type."""

MAX_STREAM = 1_000_000
"""Characters of printed text that are kept, newest."""
MAX_RICH = 8_000_000
"""Characters of displayed data that are kept, newest; a single larger one stays."""
DROPPED = "[earlier output was dropped]\n"
SHOW_EVERY = 0.1
"""Seconds between two showings at least; more when there is much, as each carries all of it."""
SHOW_RATE = 300_000.0
"""Characters a second: Jupyter drops what a kernel sends over 1 MB/s."""

_LONG_LINE = 10_000


class _Printed:
    """Printed text of one stream, in pieces: a text that is appended to over and over would be copied as often."""

    def __init__(self, name: StreamName) -> None:
        self.name = name
        self.size = 0
        self._pieces: deque[str] = deque()
        self._line = ""
        self._is_cut = False

    def append(self, text: str) -> None:
        """Add text; a carriage return takes back the line that it stands in."""
        lines, newline, line = _without_overwritten(self._line + text).rpartition("\n")
        if len(line) > _LONG_LINE:
            lines, newline, line = lines + newline + line, "", ""
        self.size += len(lines) + len(newline) + len(line) - len(self._line)
        self._line = line
        if lines or newline:
            self._pieces.append(lines + newline)

    def cut(self, excess: int) -> None:
        """Take the first `excess` characters away."""
        self._is_cut = True
        self.size -= excess
        self._pieces.append(self._line)
        self._line = ""
        while excess > 0:
            piece = self._pieces.popleft()
            if len(piece) > excess:
                self._pieces.appendleft(piece[excess:])
            excess -= len(piece)

    @property
    def output(self) -> NotebookOutput:
        mark = DROPPED if self._is_cut else ""
        return {"output_type": "stream", "name": self.name, "text": "".join([mark, *self._pieces, self._line])}


class OutputArea:
    """Outputs, newest last. Everything may be called from any thread; `changed` is called after each change."""

    def __init__(self, changed: Callable[[], None] = lambda: None) -> None:
        self._changed = changed
        self._lock = threading.Lock()
        self._outputs: list[_Printed | NotebookOutput] = []
        self._display_ids: dict[str, list[NotebookOutput]] = {}
        self._clear_first = False
        self._printed = 0

    def snapshot(self) -> tuple[tuple[NotebookOutput, ...], int]:
        """The outputs as they are now, and how many characters they hold."""
        with self._lock:
            size = self._printed + sum(_size(output) for output in self._outputs if isinstance(output, dict))
            return tuple(dict(output) if isinstance(output, dict) else output.output for output in self._outputs), size

    def write(self, name: StreamName, text: str) -> None:
        """Text was printed."""
        with self._lock:
            self._before_new()
            last = self._outputs[-1] if self._outputs else None
            if not isinstance(last, _Printed) or last.name != name:
                last = _Printed(name)
                self._outputs.append(last)
            self._printed -= last.size
            last.append(text)
            self._printed += last.size
            if self._printed > MAX_STREAM:
                self._bound_printed()
        self._changed()

    def display(
        self, data: Mapping[str, object], metadata: Mapping[str, object], display_id: str | None = None
    ) -> None:
        """Something was displayed."""
        self._add({"output_type": "display_data", "data": _in_text(data), "metadata": dict(metadata)}, display_id)

    def update(self, data: Mapping[str, object], metadata: Mapping[str, object], display_id: str) -> bool:
        """Put other data in the place of what was displayed under `display_id`; whether there is such a thing here."""
        with self._lock:
            shown = self._display_ids.get(display_id, [])
            for output in shown:
                output |= {"data": _in_text(data), "metadata": dict(metadata)}
        if shown:
            self._changed()
        return bool(shown)

    def result(self, data: Mapping[str, object], metadata: Mapping[str, object]) -> None:
        """The value of the last expression."""
        output = {"data": _in_text(data), "metadata": dict(metadata)}
        self._add({"output_type": "execute_result", "execution_count": None, **output})

    def error(self, error: BaseException, traceback: Sequence[str]) -> None:
        evalue = str(error)
        output = {"ename": type(error).__name__, "evalue": evalue, "traceback": list(traceback)}
        self._add({"output_type": "error", **output})

    def clear(self, *, wait: bool = False) -> None:
        """Drop all; with `wait`, only when something new comes."""
        with self._lock:
            self._clear_first = wait
            if not wait:
                self._drop_all()
        self._changed()

    def _add(self, output: NotebookOutput, display_id: str | None = None) -> None:
        with self._lock:
            self._before_new()
            self._outputs.append(output)
            if display_id is not None:
                self._display_ids.setdefault(display_id, []).append(output)
            self._bound_rich()
        self._changed()

    def _before_new(self) -> None:
        if self._clear_first:
            self._clear_first = False
            self._drop_all()

    def _drop_all(self) -> None:
        self._outputs.clear()
        self._printed = 0
        self._display_ids.clear()

    def _bound_printed(self) -> None:
        """Take the oldest printed text away, and some more, so that it need not be done for each new line."""
        excess = self._printed - MAX_STREAM + MAX_STREAM // 10
        self._printed -= excess
        for output in tuple(self._outputs):
            if not isinstance(output, _Printed):
                continue
            if output.size > excess:
                output.cut(excess)
                return
            excess -= output.size
            self._outputs.remove(output)

    def _bound_rich(self) -> None:
        rich = [output for output in self._outputs if isinstance(output, dict)]
        excess = sum(map(_size, rich)) - MAX_RICH
        for output in rich[:-1]:
            if excess <= 0:
                break
            excess -= _size(output)
            self._outputs = [other for other in self._outputs if other is not output]


class LiveShow:
    """Shows an area while something goes on: on a thread of its own, as whoever runs the text is busy with it."""

    def __init__(self, show: Callable[[tuple[NotebookOutput, ...]], None]) -> None:
        self.area = OutputArea(self._changed)
        self._show = show
        self._news = threading.Event()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="rayrooms output", daemon=True)
        self._thread.start()

    def end(self) -> None:
        """Show how it ended, and no more."""
        self._over.set()
        self._news.set()
        self._thread.join()

    def _changed(self) -> None:
        self._news.set()

    def _run(self) -> None:
        while not self._over.is_set():
            self._news.wait()
            self._news.clear()
            outputs, size = self.area.snapshot()
            self._show(outputs)
            self._over.wait(max(SHOW_EVERY, size / SHOW_RATE))
        self._show(self.area.snapshot()[0])


def _size(output: NotebookOutput) -> int:
    if output["output_type"] == "error":
        return sum(map(len, output["traceback"]))
    return sum(len(item) if isinstance(item, str) else len(repr(item)) for item in output["data"].values())


def _in_text(data: Mapping[str, object]) -> dict[str, object]:
    """With images that came as bytes in base64, as notebooks have them."""
    return {kind: base64.b64encode(item).decode() if isinstance(item, bytes) else item for kind, item in data.items()}


def _without_overwritten(text: str) -> str:
    """Without what a carriage return takes back: all that stands before it in its line, once more follows."""
    if "\r" not in text:
        return text
    lines = []
    for line in text.split("\n"):
        written = line.rstrip("\r")
        lines.append(written.rpartition("\r")[2] + line[len(written) :])
    return "\n".join(lines)
