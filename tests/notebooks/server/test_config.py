"""What the extension makes of its configuration, before any request."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from rayrooms_jupyter.server.config import ConfigurationError, ProxySettings, configured
from traitlets.config import Config, LoggingConfigurable
from traitlets.config.loader import DeferredConfigList

if TYPE_CHECKING:
    from pathlib import Path

SECRET = "0123456789abcdef0123456789abcdef"


def settings(environ: dict[str, str] | None = None, *, authenticates: bool = True, **traits: Any) -> ProxySettings:
    parent = LoggingConfigurable(config=Config({"RayroomsProxy": traits}))
    return configured(parent, {} if environ is None else environ, authenticates=authenticates)


def test_defaults() -> None:
    """PROXY-1: without configuration it leads to the local room server and vouches for nobody."""
    found = settings()
    assert found.url == "http://127.0.0.1:8000"
    assert found.secret is None


def test_configuration_comes_before_the_environment() -> None:
    """PROXY-1: the traits count before the variables."""
    environ = {"RAYROOMS_URL": "http://rooms.example", "RAYROOMS_JUPYTER_SECRET": SECRET}
    assert settings(environ).url == "http://rooms.example"
    environ["RAYROOMS_JUPYTER_SECRET"] = SECRET
    found = settings(environ, url="https://other.example/rooms/", secret=SECRET[::-1])
    assert found.url == "https://other.example/rooms"
    assert found.secret == SECRET[::-1].encode()


def test_secret_leaves_the_environment() -> None:
    """PROXY-2: the secret's variables are taken away at load, whatever else is wrong."""
    for traits in ({}, {"url": "nonsense"}, {"url": 5}):
        environ = {"RAYROOMS_JUPYTER_SECRET": SECRET, "RAYROOMS_JUPYTER_SECRET_FILE": "", "PATH": "/bin"}
        if traits:
            with pytest.raises(ConfigurationError):
                settings(environ, **traits)
        else:
            assert settings(environ).secret == SECRET.encode()
        assert environ == {"PATH": "/bin"}


def test_secret_file(tmp_path: Path) -> None:
    """PROXY-1: a secret may come from a file, without the white space around it."""
    file = tmp_path / "secret"
    file.write_text(f"{SECRET}\n")
    assert settings(secret_file=str(file)).secret == SECRET.encode()
    assert settings({"RAYROOMS_JUPYTER_SECRET_FILE": str(file)}).secret == SECRET.encode()


def test_secret_is_in_no_repr() -> None:
    """PROXY-2: who prints the settings prints no secret."""
    assert SECRET not in repr(settings(secret=SECRET))


@pytest.mark.parametrize(
    ("traits", "sentence"),
    [
        ({"secret": "short"}, "too short.*32 bytes"),
        ({"secret_file": "/nowhere/secret"}, "/nowhere/secret.* cannot be read: No such file"),
        ({"secret": SECRET, "secret_file": "/x"}, "only one"),
        ({"url": "rooms.example:8000"}, r"RayroomsProxy\.url"),
        ({"url": "ftp://rooms.example"}, r"RayroomsProxy\.url"),
        ({"url": "http://"}, r"RayroomsProxy\.url"),
        ({"url": "http://rooms.example:80x"}, r"RayroomsProxy\.url"),
        ({"url": "http://me:word@rooms.example"}, r"RayroomsProxy\.url"),
        ({"url": "http://rooms.example?token=x"}, r"RayroomsProxy\.url"),
        ({"public_url": "rooms"}, r"RayroomsProxy\.public_url"),
        ({"url": 5}, "RayroomsProxy is no text"),
        ({"secret": [SECRET]}, "RayroomsProxy is no text"),
        ({"secret": DeferredConfigList([SECRET, SECRET])}, "more than once"),
    ],
)
def test_what_cannot_be_used_is_told(traits: dict[str, Any], sentence: str) -> None:
    """PROXY-3: a wrong configuration is one sentence that names the trait and holds no secret."""
    with pytest.raises(ConfigurationError) as told:
        settings(**traits)
    assert re.search(sentence, str(told.value))
    assert SECRET not in str(told.value)
    assert "word" not in str(told.value)


def test_empty_secret_file_is_an_error(tmp_path: Path) -> None:
    """PROXY-3: a secret that was meant is never taken for none."""
    file = tmp_path / "secret"
    file.write_text("\n")
    with pytest.raises(ConfigurationError, match="too short"):
        settings(secret_file=str(file))
    file.write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigurationError, match="not text"):
        settings(secret_file=str(file))


def test_nobody_to_vouch_for() -> None:
    """PROXY-3: with Jupyter's authentication off, a secret is an error: anybody would be somebody."""
    with pytest.raises(ConfigurationError, match="authentication is off"):
        settings(secret=SECRET, authenticates=False)
    assert settings(authenticates=False).secret is None


@pytest.mark.parametrize(
    ("traits", "host", "public_url"),
    [
        ({}, "localhost:8888", "http://127.0.0.1:8000"),
        ({}, "127.0.0.1:8888", "http://127.0.0.1:8000"),
        ({}, "[::1]:8888", "http://127.0.0.1:8000"),
        ({}, "jupyter.example", None),
        ({}, "127.0.0.1.example:8888", None),
        ({}, "", None),
        ({"url": "http://rooms.example"}, "localhost:8888", None),
        ({"public_url": ""}, "localhost:8888", None),
        (
            {"url": "http://rooms:8000", "public_url": "https://rooms.example/"},
            "jupyter.example",
            "https://rooms.example",
        ),
        ({"url": "wss://rooms.example/ws", "public_url": "wss://rooms.example/ws"}, "x", "https://rooms.example"),
    ],
)
def test_what_browsers_may_use_directly(traits: dict[str, Any], host: str, public_url: str | None) -> None:
    """PROXY-4: a loopback address is offered only to browsers on the same machine; the rest is the operator's word."""
    assert settings(**traits).public_url_for(host) == public_url
