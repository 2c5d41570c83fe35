"""The two directories of a server: data (kept, locked by one launcher) and runtime (sockets, gone after each run)."""

from __future__ import annotations

import fcntl
import hashlib
import os
import secrets
import shutil
import tempfile
from pathlib import Path
from typing import Final

from serve.launcher.errors import LaunchError

_SOCKET_PATH_MAX: Final = 97
"""Of HAProxy, which needs ten of the 107 bytes for itself."""

_LONGEST_SOCKET: Final = max(
    len(f"/{'0' * 56}/admin.sock"),  # Serve puts HAProxy's files into a directory named after the node
    len("/ray/session_2000-01-01_00-00-00_000000_1234567/sockets/plasma_store"),
)


class DataDirectory:
    """The data directory, held by a lock until `release` or the end of this process."""

    def __init__(self, path: str) -> None:
        self.path = Path(path)
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            self._lock = os.open(self.path / "server.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise LaunchError(f"The data directory {path} cannot be used: {error.strerror}.") from error
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            os.close(self._lock)
            message = f"Another server is running on the data directory {path}; choose another with --data-dir."
            raise LaunchError(message) from error

    @property
    def digest(self) -> str:
        """A short name for this directory, the same at every start."""
        return hashlib.sha256(os.fsencode(self.path.resolve())).hexdigest()[:8]

    def release(self) -> None:
        os.close(self._lock)

    def jwt_secret(self) -> str:
        """The secret that signs this server's tokens: made once, so that tokens outlive a restart."""
        return self._secret("jwt-secret")

    def jupyter_secret(self) -> str:
        """The secret with which Jupyter servers vouch for their users: read from here by those on this machine."""
        return self._secret("jupyter-secret")

    def _secret(self, name: str) -> str:
        path = self.path / name
        if not path.exists():
            fresh = self.path / f"{name}.new"
            fresh.unlink(missing_ok=True)
            write_private(fresh, secrets.token_urlsafe(48))
            fresh.replace(path)
        return path.read_text().strip()

    def last_server_id(self) -> str | None:
        """The id of the run that did not end in order, if the last one did not."""
        try:
            return self._id_file.read_text().strip() or None
        except FileNotFoundError:
            return None

    def remember(self, server_id: str) -> None:
        self._id_file.write_text(server_id)

    def forget(self) -> None:
        self._id_file.unlink(missing_ok=True)

    @property
    def _id_file(self) -> Path:
        return self.path / "server-id"


def runtime_path(digest: str) -> Path:
    """Where the runtime directory of that data directory lies: short, since socket paths end at 107 bytes."""
    name = f"rayrooms-{digest}"
    path = Path(tempfile.gettempdir()) / name
    if len(os.fsencode(path)) + _LONGEST_SOCKET > _SOCKET_PATH_MAX:
        path = Path("/tmp") / name  # noqa: S108 - made with mode 0700 below, and refused when somebody else's
    return path


def make_runtime_directory(path: Path) -> None:
    """Make it anew, private to this user; what a killed run left in it goes. Call it with the data directory locked."""
    remove_runtime_directory(path)
    try:
        path.mkdir(mode=0o700)
        write_private(path / "ray-token", secrets.token_hex(32))
    except OSError as error:
        raise LaunchError(f"The runtime directory {path} cannot be made: {error.strerror}.") from error


def remove_runtime_directory(path: Path) -> None:
    """Remove it with all that is in it, unless it is somebody else's (then making it fails, with a sentence)."""
    if path.is_dir() and not path.is_symlink() and path.stat().st_uid == os.geteuid():
        shutil.rmtree(path, ignore_errors=True)


def make_node_directory(path: Path) -> None:
    """Make the runtime directory of a cluster's node, private to this user; one that is there stays as it is.

    Raises LaunchError for a path that is too long for the sockets in it, or that is somebody else's.
    """
    if len(os.fsencode(path)) + len(f"/{'0' * 56}/admin.sock") > _SOCKET_PATH_MAX:
        raise LaunchError(f"The runtime directory {path} is too long for socket paths: set RAYROOMS_RUNTIME_DIR.")
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        if path.is_symlink() or path.stat().st_uid != os.geteuid():
            raise LaunchError(f"The runtime directory {path} belongs to somebody else: set RAYROOMS_RUNTIME_DIR.")
        path.chmod(0o700)
    except OSError as error:
        raise LaunchError(f"The runtime directory {path} cannot be made: {error.strerror}.") from error


def write_private(path: Path, text: str) -> None:
    """Write a new file that only this user can read."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "w") as file:
        file.write(text)
