"""The manual of the REST API for browsers: the OpenAPI document as one plain page, which runs no script at all."""

from __future__ import annotations

import base64
import hashlib
import json
from html import escape
from typing import TYPE_CHECKING, Any, Final

from starlette.responses import HTMLResponse
from starlette.routing import Route

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from starlette.requests import Request

PATHS: Final = ("/docs", "/redoc")

_STYLE: Final = """\
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif }
body { max-width: 60rem; margin: 0 auto; padding: 1rem }
code, pre { font: 0.875rem/1.4 ui-monospace, monospace }
pre { overflow: auto; padding: 0.5rem; border: 1px solid color-mix(in srgb, currentColor 30%, transparent) }
h3 code { font-size: 1rem }
dt { margin-top: 0.5rem }
dd { margin-left: 1.5rem }
nav li { margin: 0.25rem 0 }
"""
_STYLE_HASH: Final = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
_HEADERS: Final = {
    "Cache-Control": "no-cache",
    "Content-Security-Policy": f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'",
}


def manual_routes(openapi: Callable[[], Mapping[str, Any]]) -> list[Route]:
    """The routes of the manual; the document is asked for when somebody first reads it."""
    page: list[str] = []

    async def manual(_request: Request) -> HTMLResponse:
        if not page:
            page.append("\n".join(_page(openapi())))
        return HTMLResponse(page[0], headers=_HEADERS)

    return [Route(path, manual, methods=["GET", "HEAD"]) for path in PATHS]


def _page(document: Mapping[str, Any]) -> Iterator[str]:
    title = escape(document["info"]["title"])
    yield f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
    yield '<meta name="viewport" content="width=device-width"><style>' + _STYLE + "</style></head><body>"
    yield f"<h1>{title} {escape(document['info']['version'])}</h1>{_prose(document['info']['description'])}"
    yield '<p>For programs, the same as <a href="/openapi.json">openapi.json</a>.</p><nav><ul>'
    operations = [
        (path, method, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]
    for path, method, operation in operations:
        name = escape(operation["operationId"])
        yield f'<li><a href="#{name}"><code>{_call(method, path)}</code></a> {escape(operation["summary"])}</li>'
    yield "</ul></nav>"
    for tag in document["tags"]:
        yield f"<h2>{escape(tag['name'])}</h2>{_prose(tag['description'])}"
        for path, method, operation in operations:
            if operation["tags"][-1] == tag["name"]:
                yield from _operation(path, method, operation)
    yield "<h2>Bodies</h2>"
    for name, schema in document["components"]["schemas"].items():
        yield f'<h3 id="schema-{escape(name)}"><code>{escape(name)}</code></h3>'
        yield f"{_prose(schema.get('description', ''))}<pre>{escape(json.dumps(schema, indent=2))}</pre>"
    yield "</body></html>"


def _operation(path: str, method: str, operation: Mapping[str, Any]) -> Iterator[str]:
    name = escape(operation["operationId"])
    yield f'<h3 id="{name}"><code>{_call(method, path)}</code> {escape(operation["summary"])}</h3>'
    yield _prose(operation["description"])
    yield "<p>Needs a token.</p>" if "security" in operation else "<p>Needs no token.</p>"
    yield "<dl>"
    for parameter in operation.get("parameters", ()):
        needed = "" if parameter["required"] else ", optional"
        yield f"<dt><code>{escape(parameter['name'])}</code> ({escape(parameter['in'])}{needed})</dt>"
        yield f"<dd>{escape(parameter.get('description', ''))}</dd>"
    if "requestBody" in operation:
        yield f"<dt>Body</dt><dd>{_bodies(operation['requestBody'])}</dd>"
    for status, answer in operation["responses"].items():
        yield f"<dt>{escape(status)}</dt><dd>{escape(answer['description'])} {_bodies(answer)}</dd>"
    yield "</dl>"


def _bodies(described: Mapping[str, Any]) -> str:
    """Links to the schemas that a body may have."""
    return ", ".join(_link(content["schema"]) for content in described.get("content", {}).values())


def _link(schema: Mapping[str, Any]) -> str:
    if "$ref" in schema:
        name = escape(schema["$ref"].rsplit("/", 1)[-1])
        return f'<a href="#schema-{name}"><code>{name}</code></a>'
    branches = schema.get("anyOf") or schema.get("oneOf")
    if branches:
        return " or ".join(_link(branch) for branch in branches)
    return f"<code>{escape(json.dumps(schema))}</code>"


def _call(method: str, path: str) -> str:
    return f"{method.upper()} {escape(path)}"


def _prose(text: str) -> str:
    return "".join(f"<p>{escape(paragraph)}</p>" for paragraph in text.split("\n\n") if paragraph)
