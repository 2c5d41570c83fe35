"""What the logs do not hold."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from .test_invitations import invite
from .test_server_parts import client_of

if TYPE_CHECKING:
    import pytest

    from serve.context import AppContext

    from .conftest import Guest

CONFIDENTIAL = "what we wrote"


async def test_no_token_is_logged(
    context: AppContext, ada: Guest, bob: Guest, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """LOG-2: neither when all is well nor when a request is refused or breaks, down to the last detail logged."""
    caplog.set_level(logging.DEBUG)
    room_id = await ada.make_room(private=True)
    await ada.insert(room_id, 0, CONFIDENTIAL)
    link = (await invite(ada, room_id))["token"]
    bearer = {"Authorization": f"Bearer {bob.token}"}
    spoilt = f"{bob.token[:-4]}AAAA"
    async with client_of(context, raises=False) as client:
        for token in (link, bob.token, spoilt, f"{link}x"):
            await client.post("/api/invitations/preview", json={"token": token})
            await client.post("/api/invitations/accept", json={"token": token}, headers=bearer)
            await client.get("/api/rooms", headers={"Authorization": f"Bearer {token}"})
            await client.post("/api/auth/renew", headers={"Authorization": f"Bearer {token}"})
        await client.post(f"/api/sync/{room_id}/operations", content=CONFIDENTIAL, headers=bearer)

        async def broken(_room_id: str) -> None:
            raise ZeroDivisionError

        monkeypatch.setattr(context.live, "peek", broken)
        answer = await client.get(f"/api/sync/{room_id}/version", headers=bearer)
    assert answer.status_code == 500
    logged = "\n".join(
        f"{record.getMessage()} {record.exc_text or ''} {record.exc_info or ''}" for record in caplog.records
    )
    assert logged, "nothing was logged at all, or this test sees nothing"
    secret = context.settings.jwt_secret
    for hidden in (ada.token, bob.token, link, spoilt, secret, CONFIDENTIAL):
        assert hidden not in logged
        assert hidden.rsplit(".", 1)[-1] not in logged
