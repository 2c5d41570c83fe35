"""The OpenAPI document: complete, and true to what is served."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    import httpx

ROUTES = """
    POST   /api/rooms
    GET    /api/rooms/{room_id}
    DELETE /api/rooms/{room_id}
    GET    /api/rooms/{room_id}/members
    POST   /api/rooms/{room_id}/members
    DELETE /api/rooms/{room_id}/members/{user_id}
    GET    /api/rooms/{room_id}/operations
    GET    /api/rooms/{room_id}/messages
    GET    /api/rooms/{room_id}/audit
    GET    /api/users/{user_id}/profile
    GET    /api/users/{user_id}/rooms
    POST   /api/users/{user_id}/rooms/{room_id}/join
    POST   /api/users/{user_id}/rooms/{room_id}/leave
    GET    /api/users/{user_id}/status
    PUT    /api/users/{user_id}/status
    POST   /api/sync/{room_id}/operations
    GET    /api/sync/{room_id}/operations
    GET    /api/sync/{room_id}/version
    POST   /api/sync/sync
    GET    /api/sync/{room_id}/snapshot
    POST   /api/sync/{room_id}/snapshot
    POST   /api/auth/guest
    POST   /api/auth/renew
    GET    /api/rooms/{room_id}/invitations
    POST   /api/rooms/{room_id}/invitations
    DELETE /api/rooms/{room_id}/invitations/{invitation_id}
    POST   /api/invitations/preview
    POST   /api/invitations/accept
    GET    /api/admin/status
    GET    /api/admin/rooms
    GET    /health
"""
OPEN = {("/api/auth/guest", "post"), ("/api/invitations/preview", "post"), ("/health", "get")}


@pytest.fixture(scope="module")
async def openapi(client: httpx.AsyncClient) -> dict[str, Any]:
    document: dict[str, Any] = (await client.get("/openapi.json")).json()
    return document


def operations(openapi: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    return [
        (path, method, operation) for path, methods in openapi["paths"].items() for method, operation in methods.items()
    ]


async def test_every_route_of_the_design_is_there(openapi: dict[str, Any]) -> None:
    """REST-9: every route that the design names, and no page among the REST routes."""
    described = {(method.upper(), path) for path, method, _ in operations(openapi)}
    wanted = {(line.split()[0], line.split()[1]) for line in ROUTES.strip().splitlines()}
    assert wanted <= described
    assert {path.split("/")[1] for _, path in described} == {"api", "health"}


async def test_every_route_describes_its_errors(openapi: dict[str, Any]) -> None:
    """REST-9: each route describes its problem documents, names their codes, and asks for a token unless open."""
    problem = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    for path, method, operation in operations(openapi):
        where = f"{method} {path}"
        assert operation["summary"], where
        assert operation["description"], where
        assert operation["tags"], where
        assert operation["operationId"].isidentifier(), where
        if path == "/health":
            continue
        errors = {status: answer for status, answer in operation["responses"].items() if status >= "400"}
        assert {"422", "503"} <= set(errors), where
        for status, answer in errors.items():
            assert answer["content"] == problem, (where, status)
            assert "`" in answer["description"], (where, status)
        is_open = (path, method) in OPEN
        assert ("security" not in operation) == is_open, where
        assert ("401" not in errors) == is_open, where
        assert ("404" in errors) >= ("{room_id}" in path), where


async def test_every_body_is_described(openapi: dict[str, Any]) -> None:
    """REST-9: each success says what its body is, unless it is 204; each request body has an example or an enum."""
    for path, method, operation in operations(openapi):
        successes = {status: answer for status, answer in operation["responses"].items() if status < "300"}
        assert len(successes) == 1, (method, path)
        for status, answer in successes.items():
            assert (status == "204") == ("content" not in answer), (method, path)
            if status != "204":
                assert answer["content"]["application/json"]["schema"], (method, path)
        if method in {"put", "post"} and "requestBody" in operation:
            assert operation["requestBody"]["content"]["application/json"]["schema"], (method, path)
    assert "HTTPValidationError" not in openapi["components"]["schemas"]
    assert openapi["components"]["securitySchemes"]["bearer"]["scheme"] == "bearer"
