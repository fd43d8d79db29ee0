"""How are processes of ours started in milliseconds, so that hundreds can be killed?

One process has imported everything and forks: what is born runs `inbox serve` as any other would.
`python -m tests.drills.nursery` reads a JSON line each (role, settings) and answers with the pid.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys
from typing import Any, NoReturn

PARENT_GONE = signal.SIGKILL


def main() -> None:
    """Fork for every line until there are no more."""
    import importlib

    for name in ("gateway.serving", "gateway.api.handlers", "aiogram.client.session.aiohttp", "uvloop"):
        importlib.import_module(name)
    import channels
    from gateway.api import handlers
    from tests.rig.process import LIBC, PR_SET_PDEATHSIG

    handlers.load()
    for name in channels.names():
        channels.load(name)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for the killed
    us = os.getpid()
    print("ready", flush=True)
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            LIBC.prctl(PR_SET_PDEATHSIG, int(PARENT_GONE))
            if os.getppid() != us:
                os._exit(1)
            _live(**json.loads(line))
        print(pid, flush=True)


def _live(role: str, settings: dict[str, str], ahead: float = 0) -> NoReturn:
    """What a child does: `inbox serve`. `ahead`: its machine's clock is so many seconds wrong."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    os.dup2(nothing, 1)  # what it says must not look like an answer of the nursery
    code = 1
    try:
        os.environ.update(settings)
        from gateway import cli, serving

        if ahead:
            import time

            real = time.time_ns
            time.time_ns = lambda: real() + int(ahead * 1e9)
        serving.serve(cli._config(), role)  # type: ignore[arg-type]
        code = 0
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else 1
    except BaseException:
        import traceback

        traceback.print_exc()
    os._exit(code)


class Nursery:
    """The mother of a drill's processes, as the test sees her."""

    def __init__(self) -> None:
        self._process: asyncio.subprocess.Process | None = None
        self._turn = asyncio.Lock()

    async def open(self) -> None:
        self._process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.drills.nursery", stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip
        assert await self._line() == "ready"

    async def _line(self) -> str:
        assert self._process is not None and self._process.stdout is not None
        return (await self._process.stdout.readline()).decode().strip()

    async def bear(self, role: str, settings: dict[str, str], ahead: float = 0) -> int:
        """The pid of a new process."""
        async with self._turn:
            assert self._process is not None and self._process.stdin is not None
            question: dict[str, Any] = {"role": role, "settings": settings, "ahead": ahead}
            self._process.stdin.write(json.dumps(question).encode() + b"\n")
            await self._process.stdin.drain()
            return int(await self._line())

    async def close(self) -> None:
        """End her; her children die with her."""
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()
            await self._process.communicate()


if __name__ == "__main__":
    main()
