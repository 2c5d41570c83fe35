"""The built bundle in memory: each file with its type, its validator and the compressed forms that the build made."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

INDEX: Final = "index.html"

_UTF8: Final = "; charset=utf-8"
_TYPES: Final = {
    ".css": f"text/css{_UTF8}",
    ".html": f"text/html{_UTF8}",
    ".ico": "image/x-icon",
    ".jpg": "image/jpeg",
    ".js": f"text/javascript{_UTF8}",
    ".json": "application/json",
    ".map": "application/json",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": f"text/plain{_UTF8}",
    ".wasm": "application/wasm",
    ".webmanifest": "application/manifest+json",
    ".webp": "image/webp",
    ".woff2": "font/woff2",
}
"""Not from the system's table, which differs between machines."""
_UNKNOWN_TYPE: Final = "application/octet-stream"

_ENCODINGS: Final = {"br": ".br", "gzip": ".gz"}
"""Content codings that the build may have made, best first, and the ending of their files."""


@dataclass(frozen=True, slots=True)
class Asset:
    """One file. `encoded` maps a content coding to the file in it, best first."""

    content: bytes
    media_type: str
    digest: str
    encoded: Mapping[str, bytes]


@dataclass(frozen=True, slots=True)
class Bundle:
    """All files of a build by their path below its directory, with `/` between the parts; `index` is the page."""

    index: str
    assets: Mapping[str, Asset]


def read_bundle(directory: Path) -> Bundle:
    """Read a build. Raises FileNotFoundError when there is none."""
    files = {
        path.relative_to(directory).as_posix(): path.read_bytes()
        for path in sorted(directory.rglob("*"))
        if path.is_file()
    }
    if INDEX not in files:
        raise FileNotFoundError(f"{directory / INDEX} does not exist")
    index = files.pop(INDEX).decode()
    return Bundle(index, {name: _asset(name, files) for name in files if not _is_encoded(name, files)})


def _is_encoded(name: str, files: Mapping[str, bytes]) -> bool:
    return any(name.removesuffix(ending) in files for ending in _ENCODINGS.values() if name.endswith(ending))


def _asset(name: str, files: Mapping[str, bytes]) -> Asset:
    content = files[name]
    return Asset(
        content=content,
        media_type=_TYPES.get(Path(name).suffix, _UNKNOWN_TYPE),
        digest=hashlib.sha256(content).hexdigest()[:32],
        encoded={coding: files[name + ending] for coding, ending in _ENCODINGS.items() if name + ending in files},
    )
