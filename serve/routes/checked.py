"""The intake of REST requests: what every text in them must be, checked in one place before any route runs."""

import json
from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute

from rayrooms.errors import InvalidError
from rayrooms.text import check_text


class CheckedRoute(APIRoute):
    """Refuses bodies that are no JSON, and any text, wherever it stands, that Postgres could not hold.

    JSON escapes let NUL and lone surrogates through every decoder, percent-encoding lets NUL into paths and queries.
    Raises InvalidError: malformed, invalid_text.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()
        has_body = self.body_field is not None

        async def handle_checked(request: Request) -> Response:
            for text in (*request.path_params.values(), *request.query_params.values()):
                check_text(text)
            if has_body and await request.body():
                check_texts(await _decoded(request))
            return await handle(request)

        return handle_checked


def check_texts(value: object) -> None:
    """Check every text inside a decoded JSON value, keys too. Raises InvalidError(invalid_text)."""
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, str):
            check_text(item)
        elif isinstance(item, list):
            waiting.extend(item)
        elif isinstance(item, dict):
            waiting.extend(item)
            waiting.extend(item.values())


async def _decoded(request: Request) -> object:
    """The body as JSON whatever its content type says; the request keeps it, so it is decoded once."""
    try:
        return await request.json()
    except json.JSONDecodeError as error:
        raise InvalidError(f"The body is not JSON: {error.msg} at character {error.pos}.") from error
    except (ValueError, RecursionError) as error:  # bytes that are no UTF-8, endless digits, bottomless nesting
        raise InvalidError("The body is not JSON.") from error
