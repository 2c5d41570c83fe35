"""Where the sessions of a kernel's guests are kept."""

from __future__ import annotations

import stat
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from rayrooms_jupyter.credentials import GivenToken, SessionStore, kernel_name

from rayrooms.client.bodies import SignedIn

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

URL = "http://rooms.example"


def session(user_id: str) -> SignedIn:
    return SignedIn(f"token of {user_id}", user_id, "Ada", datetime.now(UTC) + timedelta(days=1))


def test_a_session_is_kept_for_its_server_and_name_only(tmp_path: Path) -> None:
    """NB-4."""
    store = SessionStore(tmp_path / "guests")
    store.add(URL, "Ada", session("1"))
    again = SessionStore(tmp_path / "guests")
    assert again.load(URL, "Ada") == store.load(URL, "Ada")
    assert again.load(URL, "Bob") is None
    assert again.load("http://other.example", "Ada") is None


def test_nobody_else_may_read_it(tmp_path: Path) -> None:
    """NB-5: mode 600 in a directory of mode 700, and nothing else lies there."""
    directory = tmp_path / "guests"
    store = SessionStore(directory)
    store.add(URL, "Ada", session("1"))
    store.replace(URL, "Ada", session("2"))
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700
    (path,) = directory.iterdir()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_of_two_kernels_that_sign_in_at_once_one_wins(tmp_path: Path) -> None:
    """NB-4: both are then the same user."""
    first, second = SessionStore(tmp_path), SessionStore(tmp_path)
    assert first.add(URL, "Ada", session("1")).user_id == "1"
    assert second.add(URL, "Ada", session("2")).user_id == "1"


def test_a_file_that_cannot_be_read_is_replaced(tmp_path: Path) -> None:
    store = SessionStore(tmp_path)
    store.add(URL, "Ada", session("1"))
    (path,) = tmp_path.iterdir()
    path.write_bytes(b"{")
    assert store.load(URL, "Ada") is None
    assert store.add(URL, "Ada", session("2")).user_id == "2"
    assert SessionStore(tmp_path).load(URL, "Ada") == store.load(URL, "Ada")


def test_where_nothing_can_be_written_a_session_lasts_as_long_as_the_kernel(tmp_path: Path) -> None:
    """NB-4."""
    (tmp_path / "file").touch()
    store = SessionStore(tmp_path / "file" / "guests")
    kept = store.add(URL, "Ada", session("1"))
    assert store.load(URL, "Ada") == kept


async def test_a_token_may_come_from_a_function() -> None:
    """NB-5."""

    async def later() -> str:
        return "awaited"

    assert await GivenToken("given").token() == "given"
    assert await GivenToken(lambda: "made").token() == "made"
    assert await GivenToken(later).token() == "awaited"


def test_the_kernel_is_not_called_like_its_user(monkeypatch: pytest.MonkeyPatch) -> None:
    """NB-4."""
    monkeypatch.setenv("JUPYTERHUB_USER", "grace")
    assert kernel_name() == "grace (kernel)"
    monkeypatch.delenv("JUPYTERHUB_USER")
    monkeypatch.setenv("LOGNAME", "ada")
    assert kernel_name() == "ada (kernel)"
