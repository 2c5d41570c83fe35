"""What an operator configures, checked once at load: the room server, what browsers may use of it, and the secret."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from traitlets import TraitError, Unicode
from traitlets.config import LoggingConfigurable

from rayrooms.client.transport import base_url
from rayrooms.errors import InvalidError
from rayrooms.vouching import MIN_SECRET_BYTES

if TYPE_CHECKING:
    from collections.abc import MutableMapping

    from traitlets.config import Configurable

DEFAULT_URL: Final = "http://127.0.0.1:8000"
URL_VARIABLE: Final = "RAYROOMS_URL"
SECRET_VARIABLE: Final = "RAYROOMS_JUPYTER_SECRET"  # noqa: S105 - a variable's name
SECRET_FILE_VARIABLE: Final = "RAYROOMS_JUPYTER_SECRET_FILE"  # noqa: S105 - a variable's name


class ConfigurationError(Exception):
    """The configuration cannot be used; the message is a sentence for the operator and holds no secret."""


@dataclass(frozen=True, slots=True)
class ProxySettings:
    """The checked configuration. URLs are http or https, without a slash at the end."""

    url: str
    public_url: str | None
    """What browsers may reach directly, as configured; None: nothing."""
    is_public_url_implied: bool
    """It is the upstream's own loopback address, which means that server only on the machine that runs Jupyter."""
    secret: bytes | None = field(repr=False)
    """None: nobody is vouched for."""

    def public_url_for(self, host: str) -> str | None:
        """What a browser that asks for this `Host` may use directly."""
        if self.is_public_url_implied and not _is_loopback(f"//{host}"):
            return None
        return self.public_url


class RayroomsProxy(LoggingConfigurable):
    """The traits, each of which an environment variable can give instead where its help names one."""

    url = Unicode(
        "",
        help=f"The room server that everything is forwarded to. Default: ${URL_VARIABLE}, else {DEFAULT_URL}.",
    ).tag(config=True)
    public_url = Unicode(
        None,
        allow_none=True,
        help="The room server's address for browsers, which then connect directly; empty: they must not. "
        "Default: `url` when that is a loopback address and the browser uses one for Jupyter too.",
    ).tag(config=True)
    secret = Unicode(
        "",
        help=f"The room server's RAYROOMS_JUPYTER_SECRET, with which this server vouches for its users: at least "
        f"{MIN_SECRET_BYTES} bytes. Default: ${SECRET_VARIABLE}. Better in a file: others can read command lines.",
    ).tag(config=True)
    secret_file = Unicode(
        "", help=f"A file that holds the secret, in place of `secret`. Default: ${SECRET_FILE_VARIABLE}."
    ).tag(config=True)


@dataclass(frozen=True, slots=True)
class _Environment:
    """What the environment gives where the traits give nothing."""

    url: str
    secret: str = field(repr=False)
    secret_file: str

    @classmethod
    def taken_from(cls, environ: MutableMapping[str, str]) -> _Environment:
        """Takes the secret's variables out, so that kernels do not inherit them."""
        return cls(
            url=environ.get(URL_VARIABLE, ""),
            secret=environ.pop(SECRET_VARIABLE, ""),
            secret_file=environ.pop(SECRET_FILE_VARIABLE, ""),
        )


def configured(parent: Configurable, environ: MutableMapping[str, str], *, authenticates: bool) -> ProxySettings:
    """The settings from the configuration of `parent` and from `environ`, out of which the secret is taken.

    `authenticates`: this Jupyter server asks people who they are. Raises ConfigurationError.
    """
    given = _Environment.taken_from(environ)
    try:
        traits = RayroomsProxy(parent=parent)
    except (TraitError, ValueError):
        # Their own words repeat the value, which may be the secret.
        raise ConfigurationError("A trait of RayroomsProxy is no text, or is given more than once.") from None
    secret = _secret(traits.secret or given.secret, traits.secret_file or given.secret_file)
    if secret is not None and not authenticates:
        raise ConfigurationError(
            "A secret is configured but Jupyter's authentication is off, so there is nobody to vouch for: "
            "switch authentication on, or configure no secret."
        )
    url = _checked_url("RayroomsProxy.url", traits.url or given.url or DEFAULT_URL)
    if traits.public_url is None:
        public_url = url if _is_loopback(url) else None
    else:
        public_url = _checked_url("RayroomsProxy.public_url", traits.public_url) if traits.public_url else None
    return ProxySettings(url, public_url, is_public_url_implied=traits.public_url is None, secret=secret)


def _checked_url(trait: str, url: str) -> str:
    if not _is_plain_address(url):
        raise ConfigurationError(
            f"{trait} is no URL of a room server: it is like http://rooms.example:8000, with a path at most."
        )
    return base_url(url)


def _is_plain_address(url: str) -> bool:
    """Whether it says where a server is and nothing else: no login, no query, no fragment."""
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018 - a bad port is found when it is asked for
        base_url(url)
    except (InvalidError, ValueError):
        return False
    return bool(parts.hostname) and parts.username is None and not parts.query and not parts.fragment


def _is_loopback(url: str) -> bool:
    try:
        host = urlsplit(url).hostname or ""
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _secret(secret: str, file: str) -> bytes | None:
    if secret and file:
        raise ConfigurationError("Both a secret and a secret file are configured: only one can count.")
    if file:
        secret = _read(Path(file).expanduser())
    elif not secret:
        return None
    encoded = secret.encode("utf-8", "surrogateescape")
    if len(encoded) < MIN_SECRET_BYTES:
        raise ConfigurationError(f"The secret is too short: it needs at least {MIN_SECRET_BYTES} bytes.")
    return encoded


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text"
        raise ConfigurationError(f"The secret file {str(file)!r} cannot be read: {reason}.") from None
