"""Runs a text as Python code, as a cell would, with tracebacks that show the text's own lines."""

from __future__ import annotations

import ast
import contextlib
import inspect
import linecache
import traceback
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rayrooms_jupyter.background import Background

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import CodeType, TracebackType

    from IPython.core.interactiveshell import InteractiveShell


@dataclass(frozen=True, slots=True)
class RunResult:
    """How a run went: the `value` of the text's last expression, or the `error` that ended it."""

    value: Any = None
    error: BaseException | None = None

    @property
    def ok(self) -> bool:
        return self.error is None

    def raise_error(self) -> None:
        """Raise the error, if there is one: for a cell that is to stop there."""
        if self.error is not None:
            raise self.error

    def _ipython_display_(self) -> None:
        """Show nothing: what there is to see is under the editor."""


class Program:
    """A text that was compiled: statements, and the expression at its end, if that is to have a value."""

    def __init__(self, text: str, filename: str, shell: InteractiveShell | None) -> None:
        """Raises SyntaxError."""
        source = _python(text, shell)
        linecache.cache[filename] = (len(source), None, source.splitlines(keepends=True), filename)
        flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT | (shell.compile.flags if shell is not None else 0)
        tree: ast.Module = compile(source, filename, "exec", flags | ast.PyCF_ONLY_AST, dont_inherit=True)
        if shell is not None:
            tree = shell.transform_ast(tree)  # type: ignore[no-untyped-call]
        last = tree.body[-1] if tree.body else None
        self._parts: list[CodeType] = []
        self.has_value = isinstance(last, ast.Expr) and not _is_silenced(last, source)
        if isinstance(last, ast.Expr):
            tree.body.pop()
        self._parts.append(compile(tree, filename, "exec", flags, dont_inherit=True))
        if isinstance(last, ast.Expr):
            self._parts.append(compile(ast.Expression(last.value), filename, "eval", flags, dont_inherit=True))

    def run(self, namespace: dict[str, Any]) -> Any:  # noqa: ANN401 - whatever the text gives
        """The value of the last expression. Raises whatever the text raises, interrupts too.

        A text that awaits at its top level runs on an event loop and a thread of its own: the one of the notebook is
        busy with whoever asked for the run.
        """
        __tracebackhide__ = True
        if not any(part.co_flags & inspect.CO_COROUTINE for part in self._parts):
            value = None
            for part in self._parts:
                value = eval(part, namespace)  # noqa: S307 - running the text is what was asked for
            return value if self.has_value else None
        with _a_loop() as loop:
            value = loop.run(self._run_async(namespace))
        return value if self.has_value else None

    async def _run_async(self, namespace: dict[str, Any]) -> Any:  # noqa: ANN401 - whatever the text gives
        value = None
        for part in self._parts:
            value = eval(part, namespace)  # noqa: S307 - running the text is what was asked for
            if part.co_flags & inspect.CO_COROUTINE:
                value = await value
        return value


def formatted_traceback(error: BaseException, filename: str, shell: InteractiveShell | None) -> list[str]:
    """`error` as a notebook shows it, from the first line of the text on."""
    trace = _from(error.__traceback__, filename)
    if shell is None:
        return traceback.format_exception(type(error), error, trace)
    if trace is None and isinstance(error, SyntaxError):
        lines: list[str] = shell.SyntaxTB.structured_traceback(type(error), error, None)
    elif trace is None:
        lines = shell.InteractiveTB.get_exception_only(type(error), error)  # type: ignore[no-untyped-call]
    else:
        lines = shell.InteractiveTB.structured_traceback(type(error), error, trace, tb_offset=0)
    return lines


@contextlib.contextmanager
def _a_loop() -> Iterator[Background]:
    loop = Background()
    try:
        yield loop
    finally:
        loop.stop()


def _python(text: str, shell: InteractiveShell | None) -> str:
    """The text with IPython's own syntax made Python, line by line: magics, `!command`, `name?`."""
    if shell is None:
        return text
    # IPython takes leading empty lines away, which would shift the numbers of all others.
    leading = len(text) - len(text.lstrip())
    source: str = shell.transform_cell(text)  # type: ignore[no-untyped-call]
    return "\n" * text.count("\n", 0, leading) + source


def _is_silenced(last: ast.Expr, source: str) -> bool:
    """Whether a semicolon follows the last expression: IPython's way to say that its value is not of interest."""
    if last.end_lineno is None or last.end_col_offset is None:
        return False
    line = source.splitlines()[last.end_lineno - 1]
    return line.encode()[last.end_col_offset :].lstrip().startswith(b";")


def _from(trace: TracebackType | None, filename: str) -> TracebackType | None:
    while trace is not None and trace.tb_frame.f_code.co_filename != filename:
        trace = trace.tb_next
    return trace
