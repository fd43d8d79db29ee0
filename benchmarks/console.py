"""What does an operator's console see? A socket that reads every frame and remembers when it came."""

from __future__ import annotations

import asyncio
import contextlib
import re
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import aiohttp

from benchmarks.service import Process, Store
from storage.sessions import new_token

NUMBER = re.compile(r'"type":"message\.upsert","id":"([^"]+)"')
SAID = re.compile(r"№(\d+)")


@dataclass(slots=True)
class Console:
    """One console. `seen`: message -> when its first frame came; `said`: the number in its text -> the same."""

    seen: dict[str, float] = field(default_factory=dict)
    said: dict[int, float] = field(default_factory=dict)
    frames: int = 0
    cut: int = 0
    """How often it was told to read everything anew, or cut off as too slow."""

    async def listen(self, address: str, token: str) -> None:
        """Read until cancelled; come again when cut off."""
        async with aiohttp.ClientSession() as client:
            while True:
                headers = {"Authorization": f"Bearer {token}"}
                url = f"{address}/api/v1/live"
                async with client.ws_connect(url, headers=headers, max_msg_size=0) as socket:
                    async for frame in socket:
                        self._take(frame.data)
                self.cut += 1

    def _take(self, text: str) -> None:
        now = time.perf_counter()
        self.frames += 1
        if found := NUMBER.search(text):
            self.seen.setdefault(found[1], now)
            if said := SAID.search(text):
                self.said.setdefault(int(said[1]), now)
        elif '"snapshot_required"' in text:
            self.cut += 1


async def token_of(made: Store) -> str:
    """A bearer token of the administrator."""
    _, token = await made.gateway.database.write(new_token, made.admin, "bench")
    return token


@contextlib.asynccontextmanager
async def console(made: Store, process: Process) -> AsyncIterator[Console]:
    """An open console of the administrator, who sees everything."""
    opened = Console()
    task = asyncio.create_task(opened.listen(process.address, await token_of(made)))
    while not opened.frames:  # the greeting
        await asyncio.sleep(0.01)
        if task.done():
            await task
    try:
        yield opened
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
