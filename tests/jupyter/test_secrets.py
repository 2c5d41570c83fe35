"""Tokens stay where they belong."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tests.live.people import until

from .conftest import editor_cell

if TYPE_CHECKING:
    from loadtest.lab.server import JupyterServer
    from tests.live.people import Person

    from .colleague import Colleague
    from .conftest import NewTab

SAVE_STATE = "@jupyter-widgets/jupyterlab-manager:saveWidgetState"
JWT = "eyJ"
"""How every token begins."""
WAYS = ("direct", "relay")


async def test_no_token_is_saved_where_jupyter_vouches(new_tab: NewTab, lab: JupyterServer, host: Person) -> None:
    """NB-81: neither the vouched token, nor the kernel's, nor that of a guest."""
    tokens = await save_after_editing(await new_tab("Ada"), lab, host)
    assert {"/rayrooms/session", "browser", "kernel"} <= set(tokens)


async def test_no_token_is_saved_where_it_does_not(new_tab: NewTab, plain_lab: JupyterServer, host: Person) -> None:
    """NB-81: neither the kernel's nor that of a guest, who signed in directly or through the kernel."""
    for bypass_csp in (True, False):
        ada = await new_tab("Ada", plain_lab, bypass_csp=bypass_csp)
        ada.expects_trouble("status of 404", "Content Security Policy")
        ways = WAYS if bypass_csp else ("relay",)
        tokens = await save_after_editing(ada, plain_lab, host, ways)
        assert {"browser", "kernel"} <= set(tokens)


async def save_after_editing(
    colleague: Colleague, jupyter: JupyterServer, host: Person, ways: tuple[str, ...] = WAYS
) -> dict[str, str]:
    """Use editors in a notebook, run their text, save it all; the tokens in use, none of which may be in the file."""
    room_id = await host.make_room()
    await host.insert(room_id, 0, "6 * 7")
    editors = [editor_cell(room_id, f"transport={way!r}") for way in ways]
    path = jupyter.write(f"{room_id}.ipynb", [*editors, "str(ed.get_state())", "ed.run()"])
    await colleague.start()
    await colleague.open(path)
    await colleague.run_all()
    for cell in range(len(ways)):
        editor = await colleague.joins(cell=cell)
        await editor.press("Control+End")
        await editor.type("1")
        await editor.is_saved()
    tokens = await tokens_of(colleague, jupyter)
    await colleague.switch_on(SAVE_STATE)
    await colleague.command("docmanager:save")

    async def is_written() -> bool:
        notebook = json.loads(jupyter.read(path))
        return room_id in json.dumps(notebook["metadata"].get("widgets"))

    await until(is_written)
    saved = jupyter.read(path)
    assert "proxy_path" in json.dumps(json.loads(saved)["cells"][len(ways)]["outputs"]), "the state was printed"
    assert [kind for kind, token in tokens.items() if token in saved] == []
    assert JWT not in saved
    return tokens


async def tokens_of(colleague: Colleague, jupyter: JupyterServer) -> dict[str, str]:
    """What was answered to the page, what the browser keeps for guests, and what the kernel keeps for itself."""
    tokens = {"kernel": token_in(next(jupyter.data.glob("rayrooms/guests/*")).read_text())}
    for answer in colleague.answers:
        if answer.ok and answer.request.method != "OPTIONS" and "json" in answer.headers.get("content-type", ""):
            path = answer.url.removeprefix(jupyter.url.rstrip("/"))
            tokens[path] = token_in(await answer.text())
    kept = await colleague.page.evaluate("() => JSON.stringify(Object.entries(localStorage))")
    for key, value in json.loads(kept):
        if key.startswith("rayrooms.guest "):
            tokens["browser"] = token_in(value)
    assert all(token.startswith(JWT) for token in tokens.values())
    return tokens


def token_in(document: str) -> str:
    """The token somewhere in a JSON document."""
    return document[document.index(JWT) :].split('"', maxsplit=1)[0].split("\\", maxsplit=1)[0]
