"""schemathesis over the whole OpenAPI document, as strangers and members of real rooms.

RAYROOMS_FUZZ_EXAMPLES sets how many requests each operation gets, RAYROOMS_FUZZ_SEED other ones than the default's.
"""

from __future__ import annotations

import asyncio
import os
import zlib
from collections import Counter
from typing import TYPE_CHECKING, Any

import httpx
import hypothesis
import requests
import schemathesis
from hypothesis import HealthCheck, given
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tests.rest.conftest import Guest

EXAMPLES = int(os.environ.get("RAYROOMS_FUZZ_EXAMPLES", "12"))
SEED = os.environ.get("RAYROOMS_FUZZ_SEED", "1")
CHECKS = [
    not_a_server_error,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
]
PLAIN = ("/health",)
"""Operations that take nothing, so that all their examples are the same."""
POSITIVE, NEGATIVE = schemathesis.GenerationMode.POSITIVE, schemathesis.GenerationMode.NEGATIVE

Names = dict[str, list[str]]
"""Values of parameters that really exist, by the parameter's name."""


async def test_no_request_breaks_the_server(
    client: httpx.AsyncClient, sign_in: Callable[[str], Awaitable[Guest]]
) -> None:
    """G8, FUZZ-3: each operation, with what its schema allows and forbids; no 5xx, and each answer as described.

    The client holds each response against the document as well, down to the codes of problems.
    """
    ada, bob, eve = [await sign_in(name) for name in ("Ada", "Bob", "Eve")]
    document = (await client.get("/openapi.json")).json()
    schema = schemathesis.openapi.from_dict(document)
    seen: dict[str, Counter[int]] = {}
    for result in schema.get_all_operations():
        assert isinstance(result, Ok), result
        operation = result.ok()
        names = await _stage(ada, bob, eve)
        statuses = seen.setdefault(operation.label, Counter())
        answers = _Answers(asyncio.get_running_loop(), client, statuses)
        await asyncio.to_thread(_drive, operation, names, [*[ada.token] * 5, bob.token, eve.token, "", "x"], answers)
    assert len(seen) == sum(len(methods) for methods in document["paths"].values())
    for label, statuses in seen.items():
        assert statuses.total() >= (1 if label.endswith(PLAIN) else EXAMPLES), (label, statuses)
    # FUZZ-1: it did work. Most operations were also done, and each was also refused, unless nothing can be wrong.
    done = {label for label, statuses in seen.items() if any(status < 300 for status in statuses)}
    refused = {label for label, statuses in seen.items() if any(status >= 400 for status in statuses)}
    open_to_users = {label for label in seen if " /api/admin/" not in label}
    assert len(done) > 0.7 * len(open_to_users), {label: seen[label] for label in open_to_users - done}
    assert len(refused) > 0.9 * len(seen), set(seen) - refused


class _Answers:
    """Sends requests on the loop of the app, from the thread in which hypothesis runs."""

    def __init__(self, loop: asyncio.AbstractEventLoop, client: httpx.AsyncClient, statuses: Counter[int]) -> None:
        self._loop = loop
        self._client = client
        self._statuses = statuses

    def to(self, request: httpx.Request) -> httpx.Response:
        response = asyncio.run_coroutine_threadsafe(self._client.send(request), self._loop).result(30)
        self._statuses[response.status_code] += 1
        return response


async def _stage(ada: Guest, bob: Guest, eve: Guest) -> Names:
    """Rooms with members, text and chat in them, of which an operation may destroy what it likes."""
    public = await ada.make_room()
    private = await ada.make_room(private=True)
    foreign = await eve.make_room(private=True)
    for room_id in (public, private):
        await ada.insert(room_id, 0, "Some text.")
        added = await ada.post(f"/api/rooms/{room_id}/members", {"user_id": bob.user_id})
        assert added.is_success, added.text
        assert (await ada.post(f"/api/sync/{room_id}/snapshot")).is_success
    invitation = (await ada.post(f"/api/rooms/{private}/invitations", {})).json()
    return {
        "room_id": [public, public, private, private, foreign, "no-such-room"],
        "user_id": [ada.user_id, ada.user_id, ada.user_id, bob.user_id, eve.user_id, "nobody"],
        "invitation_id": [str(invitation.get("invitation_id", "none")), "none"],
        "token": [str(invitation.get("token", "none"))],
    }


def _drive(operation: Any, names: Names, tokens: list[str], answers: _Answers) -> None:
    """Send the operation's examples; raises what the checks raise."""

    @hypothesis.seed(zlib.crc32(f"{SEED} {operation.label}".encode()))
    @given(case=_cases(operation, names), token=st.sampled_from(tokens))
    @hypothesis.settings(
        max_examples=EXAMPLES,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        phases=[hypothesis.Phase.generate],
    )
    def one(case: Any, token: str) -> None:
        request = _request(case, token)
        case.validate_response(answers.to(request), checks=CHECKS)

    one()


def _request(case: Any, token: str) -> httpx.Request:
    """The request that schemathesis would send, in somebody's name; rejected when no client could send it."""
    parts = {"method", "url", "headers", "params", "json", "data", "cookies"}
    sent = {name: value for name, value in case.as_transport_kwargs(base_url="http://server").items() if name in parts}
    prepared: Any = requests.Request(**sent).prepare()
    headers = {name: value for name, value in prepared.headers.items() if name.lower() != "authorization"}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    try:
        return httpx.Request(prepared.method, prepared.url, headers=headers, content=prepared.body or b"")
    except (httpx.InvalidURL, ValueError):
        hypothesis.reject()


@st.composite
def _cases(draw: st.DrawFn, operation: Any, names: Names) -> Any:
    """What schemathesis makes of the schema, mostly about things that exist."""
    modes = [POSITIVE, POSITIVE, NEGATIVE] if operation.body or list(operation.iter_parameters()) else [POSITIVE]
    case = draw(operation.as_strategy(generation_mode=draw(st.sampled_from(modes))))
    for container in (case.path_parameters, case.query, case.body):
        if isinstance(container, dict):
            for name in container.keys() & names.keys():
                if draw(st.integers(0, 7)):
                    container[name] = draw(st.sampled_from(names[name]))
    return case
