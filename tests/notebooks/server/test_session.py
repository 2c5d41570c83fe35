"""What `session` tells, and to whom."""

from __future__ import annotations

import time
from datetime import datetime
from typing import TYPE_CHECKING, Any

import httpx
import jwt
import pytest

from rayrooms.vouching import jupyter_user_id
from tests.notebooks.server.conftest import SECRET
from tests.notebooks.server.jupyter import Jupyter
from tests.notebooks.server.users import cookie

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.notebooks.server.recorder import Recorder

TOKEN = "jupyters-own-token"


def claims(token: str) -> dict[str, Any]:
    """As the room server reads it: by an implementation of JWT that is not ours."""
    read: dict[str, Any] = jwt.decode(
        token, SECRET, algorithms=["HS256"], audience="rayrooms", issuer="rayrooms-jupyter"
    )
    return read


@pytest.mark.parametrize(("username", "name"), [("ada", "Ada"), ("bob", "Bob"), ("zoë@example.org", "Zoë")])
async def test_the_logged_in_user_is_vouched_for(
    vouching: Jupyter, recorder: Recorder, username: str, name: str
) -> None:
    """PROXY-5: with a secret the session holds a token for the user whom Jupyter knows, for ten minutes."""
    async with vouching.page(username) as page:
        answer = await page.get("session")
    assert answer.status_code == 200
    session = answer.json()
    signed = claims(session["token"])
    assert (signed["sub"], signed["name"]) == (username, name)
    assert signed["exp"] - signed["iat"] == 600
    assert abs(signed["iat"] - time.time()) < 60
    assert datetime.fromisoformat(session["expires_at"]).timestamp() == signed["exp"]
    assert session["user_id"] == jupyter_user_id(username)
    assert session["user"]["username"] == username
    assert session["user"]["name"] == name
    assert session["verified"] is True
    assert session["url"] == session["public_url"] == recorder.url
    assert session["protocol"] == 1
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Content-Type"] == "application/json"


async def test_without_a_secret_nobody_is(guests: Jupyter, recorder: Recorder) -> None:
    """PROXY-5: without a secret the session names the server and the user, and holds no token."""
    async with guests.page("ada") as page:
        session = (await page.get("session")).json()
    assert session == {
        "url": recorder.url,
        "public_url": recorder.url,
        "verified": False,
        "user": {"username": "ada", "name": "Ada", "colour": "var(--jp-collaborator-color1)"},
        "token": None,
        "user_id": None,
        "expires_at": None,
        "protocol": 1,
    }


@pytest.mark.parametrize("path", ["session", "api/rooms/r", "api/rooms/r/members", "api/rooms/r/messages"])
async def test_nothing_without_login(vouching: Jupyter, recorder: Recorder, path: str) -> None:
    """PROXY-6: who is not logged in at Jupyter gets nothing, and nothing goes upstream."""
    async with vouching.page(None) as page:
        answer = await page.get(path)
        assert answer.status_code == 403
        assert "token" not in answer.text
        assert (await page.post("api/auth/guest", json={"name": "Eve"})).status_code == 403
    assert recorder.calls == []


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},  # another port of this host, which gets Jupyter's cookies too
        {"Origin": "https://evil.example"},
        {"Referer": "https://evil.example/page"},
        {},  # a request that proves nothing
    ],
)
async def test_other_sites_cannot_ask(vouching: Jupyter, headers: dict[str, str]) -> None:
    """PROXY-7: a page of another site, whose request carries the login cookie, is refused."""
    login = {"Cookie": f"{cookie('ada')}; _xsrf=2"}
    async with httpx.AsyncClient(headers={**login, **headers}) as site:
        answer = await site.get(f"{vouching.url}rayrooms/session")
        assert answer.status_code in {403, 404}
        assert "token" not in answer.text
    # What was refused is the site, not the user.
    async with httpx.AsyncClient(headers={**login, "Referer": f"{vouching.url}lab"}) as own:
        assert (await own.get(f"{vouching.url}rayrooms/session")).status_code == 200


@pytest.fixture(scope="module")
def permissive(recorder: Recorder, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Jupyter]:
    """A Jupyter server with its own token login that lets every site do everything."""
    config: dict[str, dict[str, Any]] = {
        "ServerApp": {
            "identity_provider_class": "jupyter_server.auth.identity.PasswordIdentityProvider",
            "allow_origin_pat": ".*",
            "allow_credentials": True,
            "disable_check_xsrf": True,
            "tornado_settings": {"headers": {"Access-Control-Allow-Origin": "*"}},
        },
        "IdentityProvider": {"token": TOKEN},
        "RayroomsProxy": {"url": recorder.url, "secret": SECRET},
    }
    with Jupyter(tmp_path_factory.mktemp("permissive"), config) as jupyter:
        yield jupyter


async def test_no_cors_whatever_jupyter_allows(permissive: Jupyter) -> None:
    """PROXY-7: where Jupyter lets other sites read its answers, they still do not read the extension's."""
    async with httpx.AsyncClient(headers={"Authorization": f"token {TOKEN}"}) as site:
        strange = {"Origin": "https://evil.example"}
        assert "Access-Control-Allow-Origin" in (await site.get(f"{permissive.url}api/me", headers=strange)).headers
        answer = await site.get(f"{permissive.url}rayrooms/session", headers=strange)
        assert not [name for name in answer.headers if name.startswith("access-control-allow-")]


async def test_jupyters_token_login(permissive: Jupyter, recorder: Recorder) -> None:
    """PROXY-8: with Jupyter's token the user is the one that Jupyter makes up for the browser, the same each time."""
    async with httpx.AsyncClient(base_url=permissive.url) as browser:
        assert (await browser.get("rayrooms/session")).status_code == 403
        first = (await browser.get("rayrooms/session", params={"token": TOKEN})).json()
        second = (await browser.get("rayrooms/session")).json()  # by the cookie
        assert claims(first["token"])["sub"] == claims(second["token"])["sub"] == first["user"]["username"]
        assert first["user_id"] == second["user_id"]


async def test_jupyters_token_stays_here(
    guests: Jupyter, permissive: Jupyter, recorder: Recorder, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """PROXY-8: a token for Jupyter, in the query or in the header, is never forwarded to the room server."""
    config = {
        "ServerApp": {"identity_provider_class": "jupyter_server.auth.identity.PasswordIdentityProvider"},
        "IdentityProvider": {"token": TOKEN},
        "RayroomsProxy": {"url": recorder.url},
    }
    with Jupyter(tmp_path_factory.mktemp("token"), config) as jupyter:
        for proxy in (jupyter, permissive):
            async with httpx.AsyncClient(base_url=f"{proxy.url}rayrooms/") as browser:
                for scheme in ("token", "Bearer"):
                    headers = {"Authorization": f"{scheme} {TOKEN}"}
                    assert (await browser.get("api/rooms/r", headers=headers)).status_code == 200
                    assert (await browser.post("api/auth/renew", headers=headers)).status_code == 200
                assert (await browser.get("api/rooms/r", params={"token": TOKEN})).status_code == 200
    assert len(recorder.calls) == 10
    assert not [call for call in recorder.calls if TOKEN in repr(call)]
