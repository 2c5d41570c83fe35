"""Kernels with the widgets, and a stand-in for the built code of the views."""

from __future__ import annotations

import uuid
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from rayrooms_jupyter import assets

from tests.notebooks.widgets.kernel import Kernel

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

    from tests.live.server import Server


@pytest.fixture(scope="package")
def static(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Code of the views as scripts/web leaves it: a few files, one of them larger than a message."""
    directory = tmp_path_factory.mktemp("static")
    (directory / "manifest.json").write_text('{"bundle": "widget-1f.js", "grammars": {}}')
    (directory / "loader.js").write_text("export default {};")
    (directory / "widget-1f.js").write_text("// " + "0123456789" * 45_000)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(assets, "STATIC", directory)
        assets.manifest.cache_clear()
        assets.loader.cache_clear()
        yield directory
    assets.manifest.cache_clear()
    assets.loader.cache_clear()


@pytest.fixture(scope="package")
def start_kernel(server: Server, static: Path) -> Callable[[Path], AbstractContextManager[Kernel]]:
    """Start a kernel whose user's files are in the given directory."""

    @contextmanager
    def started(home: Path) -> Iterator[Kernel]:
        kernel = Kernel(home, server.url, static)
        try:
            yield kernel
        finally:
            kernel.kill()

    return started


@pytest.fixture(scope="module")
def kernel(
    start_kernel: Callable[[Path], AbstractContextManager[Kernel]], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Kernel]:
    """One kernel for the tests of a module."""
    with start_kernel(tmp_path_factory.mktemp("home")) as kernel:
        kernel.execute("import rayrooms_jupyter; from rayrooms_jupyter import *")
        kernel.execute("%load_ext rayrooms_jupyter")
        yield kernel


@pytest.fixture
def name() -> str:
    """A room of one's own."""
    return f"nb-{uuid.uuid4().hex[:12]}"
