"""The Jupyter server extension: rooms for the pages of one Jupyter server, with Jupyter's own users as verified people.

Everything lies under `{base_url}rayrooms/`: the browser's socket to the room server, the few REST routes that a widget
needs, what a page has to know to begin (`session`), and the widgets' own files.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from rayrooms_jupyter.server.config import URL_VARIABLE, ConfigurationError, RayroomsProxy, configured
from rayrooms_jupyter.server.routes import proxy_routes, refusing_routes

if TYPE_CHECKING:
    from jupyter_server.serverapp import ServerApp

__all__ = ["RayroomsProxy"]


def _load_jupyter_server_extension(app: ServerApp) -> None:
    """Add the routes. What is configured wrongly is logged, and answered by the routes that depend on it."""
    try:
        settings = configured(app, os.environ, authenticates=bool(app.identity_provider.auth_enabled))
    except ConfigurationError as error:
        # A sentence for the operator says it all: a traceback would hide it.
        app.log.error(  # noqa: TRY400
            "Rayrooms: %s Until that is mended, %srayrooms/ refuses to serve.", error, app.base_url
        )
        routes = refusing_routes(app.base_url, str(error))
    else:
        # Kernels inherit this environment: their widgets use the server that pages reach through this one.
        if not os.environ.get(URL_VARIABLE):
            os.environ[URL_VARIABLE] = settings.url
        who = "guests, as no secret is configured" if settings.secret is None else "Jupyter's users, vouched for"
        app.log.info("Rayrooms: %srayrooms/ leads to %s, for %s.", app.base_url, settings.url, who)
        routes = proxy_routes(app.base_url, settings)
    app.web_app.add_handlers(".*$", routes)  # type: ignore[no-untyped-call]
