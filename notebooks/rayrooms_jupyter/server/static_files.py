"""The widgets' built files, for everybody: they hold no secret, and a page may need them before its login is known."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from jupyter_server.base.handlers import PublicStaticFileHandler

STATIC: Final = Path(__file__).parents[1] / "static"
_HASHED: Final = re.compile(r"-[0-9a-f]{10}\.js$")
"""A name that changes with the content, such as `widget-3f2a9c.js`."""
_TYPES: Final = {".js": "text/javascript", ".css": "text/css", ".json": "application/json", ".map": "application/json"}


class BundleHandler(PublicStaticFileHandler):
    """Plain names only, and no list of them. What has a hash in its name may be kept for ever."""

    def set_extra_headers(self, path: str) -> None:
        """Kept for how long, and never taken for another type."""
        kept = "public, max-age=31536000, immutable" if _HASHED.search(path) else "no-cache"
        self.set_header("Cache-Control", kept)
        self.set_header("X-Content-Type-Options", "nosniff")

    def get_content_type(self) -> str:
        """By the name alone: what the machine's own table says may be wrong, and a module is refused then."""
        suffix = Path(self.absolute_path or "").suffix
        return _TYPES.get(suffix) or super().get_content_type()
