"""What `import rayrooms` offers."""

from __future__ import annotations

import subprocess
import sys

import pytest

import rayrooms


def test_public_names() -> None:
    """CL-41: every public name is there; any other is an AttributeError."""
    for name in rayrooms.__all__:
        assert getattr(rayrooms, name).__name__ == name
    assert dir(rayrooms) == sorted(rayrooms.__all__)
    with pytest.raises(AttributeError):
        rayrooms.nonsense  # noqa: B018 - the access is the test


def test_servers_stay_small() -> None:
    """CL-41: what only needs the protocol loads no HTTP or WebSocket client."""
    program = "import sys, rayrooms.protocol, rayrooms.text, rayrooms.codec; print([*sys.modules])"
    loaded = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True).stdout
    assert "'rayrooms.codec'" in loaded
    assert "'httpx'" not in loaded
    assert "'websockets'" not in loaded
