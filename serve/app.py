"""The HTTP app of a gateway replica: REST routes, problem details, OpenAPI, and the web pages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from serve import problems
from serve.context import Services
from serve.metrics.route import MetricsRoute
from serve.middleware import BodyLimit, RestGrants, SecurityHeaders
from serve.origins import GrantedOrigins
from serve.pages.manual import manual_routes
from serve.pages.routes import Pages
from serve.routes import admin, auth, health, invitations, rooms, sync, users

if TYPE_CHECKING:
    from serve.context import AppContext

API_VERSION = "1"
_DESCRIPTION = """\
Rooms where people and programs edit text and code together, live.

Every request but signing in, looking at an invitation and `/health` carries a token: `Authorization: Bearer <token>`.
Errors are problem documents (RFC 9457) with a stable `code`. Lists page: `next` of one page is where the following one
starts. Offsets in texts count Unicode code points.
"""
_TAGS = [
    {"name": "auth", "description": "Signing in, and staying so."},
    {"name": "rooms", "description": "Making, finding and deleting rooms."},
    {"name": "members", "description": "Who belongs to a room, and as what."},
    {"name": "invitations", "description": "Links that make whoever opens them a member."},
    {"name": "history", "description": "What happened in a room."},
    {"name": "sync", "description": "Editing and catching up without a socket."},
    {"name": "users", "description": "Profiles, memberships and statuses."},
    {"name": "admin", "description": "For those who run the server."},
    {"name": "health", "description": "Whether the server is well."},
]


class _App(FastAPI):
    """FastAPI, but its OpenAPI document gives problem documents their media type."""

    def openapi(self) -> dict[str, Any]:
        if self.openapi_schema is None:
            schema = get_openapi(
                title=self.title,
                version=self.version,
                description=self.description,
                tags=self.openapi_tags,
                routes=self.routes,
            )
            problems.describe_problems(schema)
            self.openapi_schema = schema
        return self.openapi_schema


def create_app(context: AppContext) -> FastAPI:
    """The app over its context. The context stays the caller's: it closes the database when the app has ended."""
    app = _App(
        title="Rayrooms",
        version=API_VERSION,
        description=_DESCRIPTION,
        openapi_tags=_TAGS,
        # FastAPI's own manuals load scripts from elsewhere, into the origin whose pages hold the users' tokens.
        docs_url=None,
        redoc_url=None,
        generate_unique_id_function=lambda route: route.name,
    )
    app.state.services = Services.of(context)
    problems.install(app, context.tally.refusals)
    app.add_middleware(BodyLimit, limit=context.settings.max_message, refuse=problems.counted(context.tally.refusals))
    app.add_middleware(RestGrants, origins=GrantedOrigins.from_settings(context.settings))
    app.add_middleware(SecurityHeaders)
    for module in (auth, rooms, invitations, sync, users, admin, health):
        app.include_router(module.router)
    app.router.routes.extend(MetricsRoute(context.settings, context.agents).routes())
    app.router.routes.extend(manual_routes(app.openapi))
    app.router.routes.extend(Pages(context.pages).routes())
    return app
