"""What the server answers over plain HTTP through its real ingress."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from .people import together
from .server import ROOT

if TYPE_CHECKING:
    import httpx

    from .people import Person
    from .server import Server


async def test_health_names_every_part(http: httpx.AsyncClient) -> None:
    """HTTP-1: database, directory and ingress are asked, without a token."""
    answer = await http.get("/health")
    assert answer.status_code == 200
    report = answer.json()
    assert report["status"] == "ok"
    assert {name: part["status"] for name, part in report["parts"].items()} == {
        "database": "ok",
        "directory": "ok",
        "ingress": "ok",
    }


@pytest.mark.parametrize("path", ["/docs", "/redoc"])
async def test_documentation_pages(http: httpx.AsyncClient, path: str) -> None:
    """HTTP-2."""
    answer = await http.get(path)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/html")
    assert "Rayrooms" in answer.text


async def test_openapi_document(http: httpx.AsyncClient) -> None:
    """HTTP-2."""
    document = (await http.get("/openapi.json")).json()
    assert document["info"]["title"] == "Rayrooms"
    assert {"/api/rooms", "/api/sync/{room_id}/operations", "/api/users/{user_id}/status"} <= set(document["paths"])


async def test_pages_from_elsewhere_are_granted_nothing(http: httpx.AsyncClient, ada: Person) -> None:
    """HTTP-3: no answer tells a browser to let a strange page read it."""
    headers = {"Origin": "http://elsewhere.example", "Authorization": f"Bearer {ada.token}"}
    answer = await http.get("/api/rooms", headers=headers)
    preflight = await http.options("/api/rooms", headers=headers | {"Access-Control-Request-Method": "POST"})
    for one in (answer, preflight):
        assert "access-control-allow-origin" not in one.headers


async def test_answers_forbid_sniffing_and_caching(http: httpx.AsyncClient, ada: Person) -> None:
    """HTTP-3: what the app sets reaches the outside."""
    answer = await ada.ask("GET", "/api/rooms")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "no-store"


async def test_unknown_paths_are_problem_documents(http: httpx.AsyncClient, ada: Person) -> None:
    """HTTP-4: what is not there says so as everything else does."""
    for path in ("/api/nothing", "/nothing"):
        answer = await ada.ask("GET", path)
        assert answer.status_code == 404
        assert answer.headers["content-type"] == "application/problem+json"


def test_rest_contract_through_the_ingress(server: Server) -> None:
    """HTTP-5: the whole REST suite holds for the running server too."""
    environment = os.environ | {"RAYROOMS_TEST_URL": server.url}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/rest"]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=400, check=False)
    assert done.returncode == 0, done.stdout[-6000:]
    assert " passed" in done.stdout


async def test_requests_are_not_logged(own_server: Server, http: httpx.AsyncClient) -> None:
    """LOG-3: not those that went before, either."""
    await http.get("/api/nothing")
    logs = {Path(path): text for path, text in own_server.every_log().items() if Path(path).parent.name == "serve"}
    assert [path for path in logs if path.name.startswith("replica_")]
    assert not [line for text in logs.values() for line in text.splitlines() if " -- GET " in line]


async def test_no_token_is_in_the_logs(own_server: Server, http: httpx.AsyncClient, ada: Person, bob: Person) -> None:
    """LOG-2: nor a secret or a text, in any log of Ray, Serve or the launcher, nor in what `ps` shows."""
    room_id = await ada.make_room(private=True)
    await ada.api("POST", f"/api/rooms/{room_id}/members", {"user_id": bob.user_id})
    link = (await ada.api("POST", f"/api/rooms/{room_id}/invitations", {}))["token"]
    async with together(room_id, ada, bob) as (first, second):
        await first.edit(["what we wrote"])
        await second.expect("code_change")
    await bob.ask("POST", "/api/invitations/accept", {"token": link})
    await http.get("/api/rooms", headers={"Authorization": f"Bearer {ada.token}x"})
    written = own_server.every_log().values()
    assert len(written) > 10
    shown = [" ".join(process.cmdline()) for process in own_server.processes()]
    for hidden in (ada.token, bob.token, link, own_server.jwt_secret, own_server.jupyter_secret, "what we wrote"):
        assert not [text for text in (*written, *shown) if hidden in text], hidden[-12:]
