"""A data directory with an embedded Postgres that does not run, as a stopped server leaves it; and the command."""

from __future__ import annotations

import os
import signal
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from persistence.embedded import EmbeddedPostgres
from persistence.migrate import upgrade
from persistence.settings import get_settings
from serve.operator.__main__ import run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@pytest.fixture(scope="package")
def data_dir() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="rayrooms-test-") as directory:
        Path(directory).chmod(0o755)  # under root, Postgres runs as another user, who must get there
        data = Path(directory) / "data"
        postgres = EmbeddedPostgres(data)
        upgrade(postgres.start())
        postgres.stop()
        yield data


@dataclass(frozen=True)
class Done:
    """What a command came to."""

    code: int
    out: str
    err: str


@pytest.fixture
def rayrooms(
    data_dir: Path, capfdbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., Done]]:
    """Run a command on the data directory, as `scripts/rayrooms` does once it has its environment."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("RAYROOMS_")}
    on_sigterm = signal.getsignal(signal.SIGTERM)

    def run_command(*arguments: str | Path, data: Path | None = data_dir, **settings: str) -> Done:
        monkeypatch.setattr(os, "environ", environment | settings)
        where = () if data is None else ("--data-dir", str(data))
        try:
            code = run([*map(str, arguments), *where])
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else 1
        sys.stdout.flush()
        sys.stderr.flush()
        out, err = capfdbinary.readouterr()
        return Done(code, out.decode(), err.decode())

    yield run_command
    signal.signal(signal.SIGTERM, on_sigterm)
    get_settings.cache_clear()
