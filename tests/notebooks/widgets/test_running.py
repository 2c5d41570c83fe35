"""The shared text executed in a real kernel, and what is shown of it under the editor."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.notebooks.widgets.kernel import text_of

if TYPE_CHECKING:
    from pathlib import Path

    from tests.notebooks.widgets.kernel import Kernel

pytestmark = pytest.mark.live

WAIT_FOR_FILE = "import pathlib, time\nwhile not pathlib.Path({!r}).exists(): time.sleep(0.01)\n"


@pytest.fixture
def ed(kernel: Kernel, name: str) -> str:
    """The variable that holds an editor."""
    kernel.execute(f"ed = RoomEditor({name!r})")
    return "ed"


def write(kernel: Kernel, text: str) -> None:
    kernel.execute(f"ed.set_text({text!r})")


def plain(traceback: list[str]) -> str:
    """Without colours."""
    return re.sub(r"\x1b\[[0-9;]*m", "", "\n".join(traceback))


def test_run_shows_what_is_printed_while_it_runs(kernel: Kernel, ed: str, tmp_path: Path) -> None:
    """NB-8: printed text is under the editor while the run goes on, in every front end; NB-9: `running` tells."""
    gate = tmp_path / "gate"
    write(kernel, f"print('first')\n{WAIT_FOR_FILE.format(str(gate))}print('second')")
    outputs, model = kernel.outputs(ed), kernel.model_of(ed)
    cell = kernel.start("result = ed.run()")
    kernel.until(lambda: text_of(outputs()) == "first\n")
    assert kernel.models[model]["running"]
    assert not cell.done
    gate.touch()
    kernel.finish(cell)
    kernel.until(lambda: text_of(outputs()) == "first\nsecond\n")
    kernel.until(lambda: not kernel.models[model]["running"])
    assert cell.printed == ""


def test_a_second_run_is_refused_meanwhile(kernel: Kernel, ed: str) -> None:
    """NB-9: a text that asks for its own editor's run gets ConflictError; after it the editor runs again."""
    write(kernel, "print('once')\ned.run()")
    kernel.execute("result = ed.run()")
    assert kernel.value("type(result.error).__name__") == "ConflictError"
    write(kernel, "'again'")
    kernel.execute("result = ed.run()")
    assert kernel.value("(result.ok, result.value)") == (True, "again")


def test_run_shows_values_displays_and_figures(kernel: Kernel, ed: str) -> None:
    """NB-8: rich output, a figure of matplotlib, and the value of the last expression, which run() returns too."""
    write(
        kernel,
        "from IPython.display import display, HTML\n"
        "import sys\n"
        "display(HTML('<b>bold</b>'))\n"
        "print('to stderr', file=sys.stderr)\n"
        "import matplotlib.pyplot as plt\n"
        "plt.plot([1, 2])\n"
        "answer = 41\n"
        "answer + 1\n",
    )
    outputs = kernel.outputs(ed)
    assert kernel.value("(r := ed.run()).value, r.ok, r.error") == (42, True, None)
    kernel.until(lambda: len(outputs()) == 4)
    html, errors, result, figure = outputs()
    assert html["data"]["text/html"] == "<b>bold</b>"
    assert errors == {"output_type": "stream", "name": "stderr", "text": "to stderr\n"}
    assert (result["output_type"], result["data"]["text/plain"]) == ("execute_result", "42")
    assert figure["data"]["image/png"].startswith("iVBOR")
    assert kernel.value("answer") == 41


def test_an_error_is_shown_with_the_lines_of_the_text(kernel: Kernel, ed: str, name: str) -> None:
    """NB-10: a traceback shows the text's own lines by their numbers, coloured, and none of ours; run() returns it."""
    write(kernel, "\n\ndef f():\n    raise ValueError('no')\n\nf()\n")
    outputs = kernel.outputs(ed)
    assert kernel.value("type(ed.run().error).__name__") == "ValueError"
    kernel.until(lambda: bool(outputs()))
    (error,) = outputs()
    trace = plain(error["traceback"])
    assert (error["ename"], error["evalue"]) == ("ValueError", "no")
    assert f"<room {name}>" in trace
    assert re.search(r"-+> 6 f\(\)", trace)
    assert re.search(r"-+> 4 +raise ValueError\('no'\)", trace)
    assert "execution.py" not in trace
    assert "\x1b[" in error["traceback"][0]


def test_a_text_that_is_no_python_is_shown_as_such(kernel: Kernel, ed: str, name: str) -> None:
    """NB-10."""
    write(kernel, "x = 1\ny = = 2\n")
    outputs = kernel.outputs(ed)
    kernel.execute("ed.run()")
    kernel.until(lambda: bool(outputs()))
    (error,) = outputs()
    trace = plain(error["traceback"])
    assert error["ename"] == "SyntaxError"
    assert "y = = 2" in trace
    assert "line 2" in trace or ":2" in trace


def test_magics_await_and_a_namespace_of_ones_own(kernel: Kernel, ed: str) -> None:
    """NB-8: the text is executed as a cell is; with a namespace, it leaves the notebook's variables alone."""
    write(
        kernel,
        "%precision 3\nimport asyncio\nasync def two():\n    await asyncio.sleep(0)\n    return 2\nawait two()\n",
    )
    assert kernel.value("ed.run().value") == 2
    write(kernel, "own = 5\nown;\n")
    assert kernel.value("(ns := {}, ed.run(ns).value, ns['own'], 'own' in globals())[1:]") == (None, 5, False)


def test_updates_and_clearing_work_on_what_is_under_the_editor(kernel: Kernel, ed: str) -> None:
    """NB-8."""
    write(
        kernel,
        "from IPython.display import display, clear_output\n"
        "print('gone')\nclear_output(wait=True)\n"
        "handle = display('before', display_id=True)\nhandle.update('after')\n",
    )
    outputs = kernel.outputs(ed)
    kernel.execute("ed.run()")
    kernel.until(lambda: bool(outputs()))
    (shown,) = outputs()
    assert shown["data"]["text/plain"] == "'after'"


def test_much_output_is_bounded_and_nothing_is_shown_before_there_is_any(kernel: Kernel, ed: str) -> None:
    """NB-11: the last million characters are kept; an editor with no output shows no empty box."""
    layout = kernel.value("ed.output.layout.model_id")
    kernel.until(lambda: kernel.models[layout]["display"] == "none")
    write(kernel, "for i in range(300_000): print('line', i)\n")
    outputs = kernel.outputs(ed)
    kernel.execute("ed.run()")
    kernel.until(lambda: text_of(outputs()).endswith("line 299999\n"))
    text = text_of(outputs())
    assert text.startswith("[earlier output was dropped]\n")
    assert 890_000 < len(text) <= 1_000_100
    assert kernel.models[layout]["display"] is None


@pytest.mark.parametrize("where", ["main", "subshell"])
@pytest.mark.parametrize("cell", ["sync", "async"])
def test_the_run_button_waits_for_its_turn(kernel: Kernel, ed: str, tmp_path: Path, where: str, cell: str) -> None:
    """NB-12: Run executes on the main thread, never while a cell does, in whichever thread the message comes."""
    gate = tmp_path / "gate"
    write(kernel, "import threading\nprint(busy, threading.current_thread() is threading.main_thread())")
    outputs, model = kernel.outputs(ed), kernel.model_of(ed)
    subshell = kernel.new_subshell() if where == "subshell" else None
    waiting = "await asyncio.sleep(0.01)" if cell == "async" else "time.sleep(0.01)"
    running = kernel.start(
        "import asyncio, pathlib, time\nbusy = True\nprint('begun', flush=True)\n"
        f"while not pathlib.Path({str(gate)!r}).exists():\n    {waiting}\nbusy = False"
    )
    kernel.until(lambda: running.printed == "begun\n")
    kernel.send(model, {"kind": "run", "view": "v1"}, subshell=subshell)
    kernel.send(model, {"kind": "asset", "view": "v1", "name": "loader.js"}, subshell=subshell)
    if where == "subshell" or cell == "async":
        # Answered by the thread that also got the message before it, so Run has been taken notice of.
        kernel.until(lambda: bool(kernel.received(model, "v1")))
    assert outputs() == []
    gate.touch()
    kernel.finish(running)
    kernel.until(lambda: text_of(outputs()) == "False True\n")
    kernel.until(lambda: not kernel.models[model]["running"])


def test_an_interrupt_ends_a_run(kernel: Kernel, ed: str) -> None:
    """NB-13: the interrupt button ends a run that a view asked for, and the kernel goes on."""
    write(kernel, "print('begun')\nimport time\nwhile True: time.sleep(0.01)\n")
    outputs, model = kernel.outputs(ed), kernel.model_of(ed)
    kernel.send(model, {"kind": "run", "view": "v1"})
    kernel.until(lambda: text_of(outputs()) == "begun\n")
    kernel.interrupt()
    kernel.until(lambda: [output.get("ename") for output in outputs()] == [None, "KeyboardInterrupt"])
    kernel.until(lambda: not kernel.models[model]["running"])
    assert kernel.value("6 * 7") == 42


def test_an_interrupt_ends_a_run_that_awaits(kernel: Kernel, ed: str) -> None:
    """NB-13."""
    write(kernel, "print('begun')\nimport asyncio\nawait asyncio.sleep(3600)\n")
    outputs = kernel.outputs(ed)
    cell = kernel.start("print(repr(ed.run().error))")
    kernel.until(lambda: text_of(outputs()) == "begun\n")
    kernel.interrupt()
    kernel.finish(cell)
    assert cell.printed == "KeyboardInterrupt()\n"


def test_what_others_print_meanwhile_is_theirs(kernel: Kernel, ed: str) -> None:
    """NB-14: a callback's prints go to the cell that registered it, also while a text runs."""
    registering = kernel.execute("import threading\nheard = threading.Event()")
    registering = kernel.execute("off = ed.on_change(lambda change: (print('changed'), heard.set()))")
    write(kernel, "heard.clear()\ned.insert(0, '# ')\nheard.wait(30)\nprint('mine')")
    kernel.until(lambda: registering.printed == "changed\n")
    outputs = kernel.outputs(ed)
    kernel.execute("ed.run()")
    kernel.until(lambda: text_of(outputs()) == "mine\n")
    kernel.until(lambda: registering.printed == "changed\nchanged\n")
