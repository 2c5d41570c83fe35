"""A page that is older than the server says so, and loses nothing when it is reloaded."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from playwright.async_api import expect

from .record import converged

if TYPE_CHECKING:
    from playwright.async_api import WebSocketRoute

    from .conftest import Visit


class Renewed:
    """Stands between a page and its server, and once `is_renewed` answers as a server that this page is too old for."""

    def __init__(self) -> None:
        self.is_renewed = False

    def __call__(self, socket: WebSocketRoute) -> None:
        if not self.is_renewed:
            socket.connect_to_server()
            return

        def answer(message: str | bytes) -> None:
            asked = json.loads(message)
            if asked["event"] == "join_room":
                data = {"code": "upgrade_required", "message": "Too old."}
                socket.send(json.dumps({"event": "error", "ref": asked["ref"], "data": data}))

        socket.on_message(answer)
        socket.send(json.dumps({"event": "connection_response", "data": {"session_id": "s", "protocol": 2}}))


async def test_a_page_that_is_out_of_date(visit: Visit) -> None:
    """UPG-3, G4: what was not sent is kept, said to be, and sent by the page that comes after."""
    ada = await visit("Ada")
    room_id = await ada.person.make_room()
    server = Renewed()
    await ada.page.route_web_socket("**/ws", server)
    await ada.enter(room_id)
    await ada.type("one")
    await ada.is_saved()
    await ada.cable.cut()
    await ada.is_offline()
    await ada.type(" two")
    server.is_renewed = True
    await ada.plug_in()
    await expect(ada.page.get_by_role("heading", name="This page is out of date")).to_be_visible()
    await expect(ada.page.get_by_text("kept in this browser and sent then")).to_be_visible()
    server.is_renewed = False
    await ada.page.get_by_role("button", name="Reload the page").click()
    await expect(ada.editor).to_be_visible()
    assert await converged(room_id, ada) == "one two"
