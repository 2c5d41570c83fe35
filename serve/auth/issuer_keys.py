"""The public keys of an operator's own issuer of tokens: read from its JWKS document, kept, and read again in time."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Final

import httpx
import jwt

from rayrooms.errors import UnavailableError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

logger = logging.getLogger(__name__)

ALGORITHMS: Final = ("RS256", "EdDSA")
REFRESH_AFTER: Final = 600.0
"""Seconds after which the document is read again: a key that its issuer withdraws is good for no longer."""
RETRY_AFTER: Final = 10.0
"""Seconds between two readings at least, whatever keys strangers claim to have signed with."""
KEPT_FOR: Final = 86_400.0
"""Seconds for which keys are good while their issuer cannot be reached."""

_TIMEOUT: Final = 5.0
_MAX_DOCUMENT: Final = 256 * 1024
_MIN_RSA_BITS: Final = 2048


class IssuerKeys:
    """Keys by id. `fetch` reads the document and raises OSError or httpx.HTTPError; `clock` gives seconds."""

    def __init__(self, fetch: Callable[[], Awaitable[bytes]], clock: Callable[[], float]) -> None:
        self._fetch = fetch
        self._clock = clock
        self._keys: list[jwt.PyJWK] = []
        self._read_at: float | None = None
        self._tried_at: float | None = None
        self._reading = asyncio.Lock()

    async def key(self, key_id: str | None) -> jwt.PyJWK:
        """The key of that id; without an id, the only one that there is.

        Raises jwt.InvalidTokenError for one that the issuer does not have, UnavailableError(keys_unavailable) while
        its keys are not known.
        """
        if self._older(self._read_at, REFRESH_AFTER):
            await self._read_again()
        found = self._find(key_id)
        if found is None:
            await self._read_again()
            found = self._find(key_id)
        if self._older(self._read_at, KEPT_FOR):
            raise UnavailableError("The keys of the tokens' issuer cannot be read now.", code="keys_unavailable")
        if found is None:
            raise jwt.InvalidTokenError("The token's issuer has no such key.")
        return found

    def _find(self, key_id: str | None) -> jwt.PyJWK | None:
        if key_id is None:
            return self._keys[0] if len(self._keys) == 1 else None
        return next((key for key in self._keys if key.key_id == key_id), None)

    def _older(self, at: float | None, seconds: float) -> bool:
        return at is None or self._clock() - at >= seconds

    async def _read_again(self) -> None:
        """Read the document, unless that was tried just now; when it fails, what was read before stays."""
        async with self._reading:
            if not self._older(self._tried_at, RETRY_AFTER):
                return
            self._tried_at = self._clock()
            try:
                self._keys = usable_keys(await self._fetch())
            except (OSError, httpx.HTTPError, jwt.PyJWTError, ValueError) as error:
                logger.warning("the keys of the tokens' issuer could not be read: %s", type(error).__name__)
                return
            self._read_at = self._clock()


def usable_keys(document: bytes) -> list[jwt.PyJWK]:
    """The document's public keys for RS256 and EdDSA. Raises ValueError or jwt.PyJWTError when it is no JWKS."""
    keys = jwt.PyJWKSet.from_json(document.decode()).keys
    return [key for key in keys if key.algorithm_name in ALGORITHMS and key.public_key_use != "enc" and _strong(key)]


def _strong(key: jwt.PyJWK) -> bool:
    """Whether it is long enough, and public: a private one that was put there by mistake is everybody's."""
    return hasattr(key.key, "verify") and (key.key_type != "RSA" or key.key.key_size >= _MIN_RSA_BITS)


def document_at(url: str) -> Callable[[], Awaitable[bytes]]:
    """A way to read the document at this address, which bounds its time and size and follows nobody elsewhere."""

    async def fetch() -> bytes:
        document = bytearray()
        async with (
            asyncio.timeout(_TIMEOUT),
            httpx.AsyncClient(timeout=_TIMEOUT) as client,
            client.stream("GET", url, headers={"Accept": "application/json"}) as answer,
        ):
            if answer.status_code != httpx.codes.OK:
                raise ValueError(f"the answer is {answer.status_code}")
            async for part in answer.aiter_bytes():
                document += part
                if len(document) > _MAX_DOCUMENT:
                    raise ValueError("the document is too long")
        return bytes(document)

    return fetch
