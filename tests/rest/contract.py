"""Holds every response that a test receives against the server's own OpenAPI document."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from jsonschema import Draft202012Validator

if TYPE_CHECKING:
    import httpx

PROBLEM = "application/problem+json"


class Contract:
    """Finds the operation that a response answers and checks status, media type, problem code and body schema."""

    def __init__(self, openapi: dict[str, Any]) -> None:
        self._openapi = openapi
        # templates without parameters first: /api/sync/sync is not a room
        paths = sorted(openapi["paths"], key=lambda path: path.count("{"))
        self._patterns = [(re.compile(re.sub(r"\{\w+\}", "[^/]+", path) + "$"), path) for path in paths]

    async def check(self, response: httpx.Response) -> None:
        """Raises AssertionError for whatever the document does not promise."""
        await response.aread()
        for name, value in (("x-content-type-options", "nosniff"), ("referrer-policy", "no-referrer")):
            assert response.headers[name] == value
        path = response.request.url.raw_path.split(b"?")[0].decode()
        template = next((template for pattern, template in self._patterns if pattern.match(path)), None)
        method = response.request.method.lower()
        if response.is_error and not path.startswith("/health"):
            self._check_problem(response)
        if template is None or method not in self._openapi["paths"][template]:
            assert response.status_code in {200, 404, 405}
            return
        declared = self._openapi["paths"][template][method]["responses"]
        assert str(response.status_code) in declared, f"{method} {template} never said {response.status_code}"
        described = declared[str(response.status_code)]
        if response.is_error and not path.startswith("/health"):
            code = response.json()["code"]
            assert f"`{code}`" in described["description"], f"{method} {template} never said {code}"
        content = described.get("content")
        if content is None:
            assert not response.content
            return
        media_type = response.headers["content-type"].split(";")[0]
        Draft202012Validator(content[media_type]["schema"] | {"components": self._openapi["components"]}).validate(
            response.json()
        )

    @staticmethod
    def _check_problem(response: httpx.Response) -> None:
        assert response.headers["content-type"] == PROBLEM
        problem = response.json()
        assert problem["status"] == response.status_code
        assert problem["type"] == f"urn:rayrooms:problem:{problem['code']}"
        assert problem["title"]
        assert problem["detail"]
        assert problem["instance"].startswith("/")
