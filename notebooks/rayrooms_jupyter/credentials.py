"""Who the kernel is to a room server: a given token, or a guest who stays the same over restarts of the kernel."""

from __future__ import annotations

import asyncio
import contextlib
import getpass
import hashlib
import inspect
import os
import secrets
import sys
from collections.abc import Awaitable, Callable, Hashable
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

import msgspec
from jupyter_core.paths import jupyter_data_dir

from rayrooms.client.bodies import SignedIn
from rayrooms.client.rest import RestClient
from rayrooms.errors import UnauthenticatedError

TokenSource = str | Callable[[], str | Awaitable[str]]
"""A token, or what gives a fresh one: called on a thread of its own, before each connection."""


class Credentials(Protocol):
    """Gives tokens of one identity, and tells it from others."""

    @property
    def key(self) -> Hashable:
        """Equal for credentials of one identity on one server."""

    async def token(self) -> str:
        """A token for a new connection. Raises what the server refuses with."""


class GivenToken:
    """An identity that somebody else vouches for."""

    def __init__(self, source: TokenSource) -> None:
        self._source = source

    @property
    def key(self) -> Hashable:
        return ("token", self._source)

    async def token(self) -> str:
        if isinstance(self._source, str):
            return self._source
        given = await asyncio.to_thread(self._source)
        return await given if inspect.isawaitable(given) else given


class GuestCredentials:
    """The guest called `name` on the server at `url`.

    The session is renewed whenever a token is asked for. When it no longer holds, the guest signs in anew and is then
    somebody else to the server.
    """

    def __init__(self, url: str, name: str, store: SessionStore) -> None:
        self._url = url
        self._name = name
        self._store = store
        self._lock = asyncio.Lock()

    @property
    def key(self) -> Hashable:
        return ("guest", self._name)

    async def token(self) -> str:
        return (await self.session()).token

    async def session(self) -> SignedIn:
        """A session that was just renewed, or begun."""
        async with self._lock:
            stored = self._store.load(self._url, self._name)
            if stored is not None and stored.expires_at > datetime.now(UTC):
                with contextlib.suppress(UnauthenticatedError):
                    return await self._renewed(stored)
            async with RestClient(self._url) as rest:
                signed_in = await rest.sign_in_guest(self._name)
            if stored is not None:
                self._store.replace(self._url, self._name, signed_in)
                return signed_in
            return self._store.add(self._url, self._name, signed_in)

    async def _renewed(self, stored: SignedIn) -> SignedIn:
        async with RestClient(self._url, stored.token) as rest:
            renewed = await rest.renew()
        self._store.replace(self._url, self._name, renewed)
        return renewed


class SessionStore:
    """The guests' sessions as files that only their owner may read: one for each server and name.

    Where nothing can be written, sessions last as long as the process.
    """

    def __init__(self, directory: Path | None = None) -> None:
        self._directory = directory or Path(jupyter_data_dir()) / "rayrooms" / "guests"
        self._unwritten: dict[Path, SignedIn] = {}

    def load(self, url: str, name: str) -> SignedIn | None:
        path = self._path(url, name)
        try:
            return msgspec.json.decode(path.read_bytes(), type=SignedIn)
        except (OSError, msgspec.DecodeError):
            return self._unwritten.get(path)

    def replace(self, url: str, name: str, session: SignedIn) -> None:
        """Keep `session` in the place of an older one."""
        path = self._path(url, name)
        try:
            self._written(path, session).replace(path)
        except OSError:
            self._unwritten[path] = session

    def add(self, url: str, name: str, session: SignedIn) -> SignedIn:
        """Keep a first session; returns the one that another process has kept meanwhile, if it has."""
        path = self._path(url, name)
        try:
            new = self._written(path, session)
            try:
                os.link(new, path)
            finally:
                new.unlink()
        except FileExistsError:
            other = self.load(url, name)
            if other is None:  # what is there cannot be read
                self.replace(url, name, session)
            return other or session
        except OSError:
            self._unwritten[path] = session
        return session

    def _path(self, url: str, name: str) -> Path:
        """Names and URLs hold what file names may not."""
        digest = hashlib.sha256(f"{url}\n{name}".encode()).hexdigest()
        return self._directory / f"{digest[:32]}.json"

    def _written(self, path: Path, session: SignedIn) -> Path:
        """A new file beside `path`, complete; nobody else could read it at any time."""
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        new = path.with_suffix(f".{secrets.token_hex(8)}")
        descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(msgspec.json.encode(session))
        return new


def kernel_name() -> str:
    """What the kernel is called when nobody says: its user, as the kernel and not as the person."""
    return f"{_user_name()} (kernel)"


def _user_name() -> str:
    name = os.environ.get("JUPYTERHUB_USER", "").strip()
    if name:
        return name
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):  # no such user, as in some containers
        return Path(sys.executable).stem
