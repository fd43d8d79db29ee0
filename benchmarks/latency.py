"""How long from a provider's request to an operator's screen? Open loop: latency counts from the planned moment.

Requests leave on a plan whatever the answers do, over 64 connections, so a stall is felt by all who come during it.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections import deque
from typing import cast
from urllib.parse import urlsplit

import orjson

from benchmarks.console import console
from benchmarks.figures import Figure, Report, middle
from benchmarks.service import Process, Store, engine, served, store

GOALS = {500: (10, 5), 2000: (15, 8), 4000: (30, 12)}
CONNECTIONS, SECONDS, REPEATS = 64, 3, 3


class Line(asyncio.Protocol):
    """One connection: requests go out as they come, answers come back in their order."""

    def __init__(self, answered: list[float], refused: list[bytes]) -> None:
        self.waiting: deque[float] = deque()
        self._answered = answered
        self._refused = refused
        self._rest = b""
        self.transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)  # uvloop's own is none by its class

    def send(self, request: bytes, planned: float) -> None:
        self.waiting.append(planned)
        self.transport.write(request)

    def data_received(self, data: bytes) -> None:
        """Count answers: each begins with its status line."""
        data = self._rest + data
        count = data.count(b"HTTP/1.1 ")
        fine = data.count(b"HTTP/1.1 200")
        if fine < count:
            self._refused.append(data[:200])
        now = time.perf_counter()
        for _ in range(count):
            self._answered.append(now - self.waiting.popleft())
        cut = data.rfind(b"HTTP/1.1 ")
        self._rest = b"" if cut >= 0 else data[-8:]


def request(made: Store, host: str, number: int, who: int) -> bytes:
    """A Telegram message that carries its number."""
    path, secret = made.hooks[0], made.hooks[1]
    person = {"id": who, "is_bot": False, "first_name": "Мария", "last_name": "Котова"}
    body = orjson.dumps(
        {
            "update_id": number,
            "message": {
                "message_id": number, "from": person, "chat": {**person, "type": "private"},
                "date": int(time.time()), "text": f"№{number} " + "есть ли в наличии такая модель? " * 8,
            },
        }
    )  # fmt: skip
    head = (
        f"POST {path} HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n"
        f"X-Telegram-Bot-Api-Secret-Token: {secret}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


async def open_loop(made: Store, process: Process, rate: int, seconds: float, first: int) -> dict[int, float]:
    """Send on a plan; number -> its planned moment. Raises AssertionError when an answer is not 200."""
    parts = urlsplit(process.address)
    host = parts.hostname or ""
    answered: list[float] = []
    refused: list[bytes] = []
    loop = asyncio.get_running_loop()
    lines = [
        (await loop.create_connection(lambda: Line(answered, refused), host, parts.port or 80))[1]
        for _ in range(CONNECTIONS)
    ]
    chance = random.Random(first)
    count = int(rate * seconds)
    requests = [
        request(made, parts.netloc, first + place, 1000 + int(20000 ** chance.random()))
        for place in range(count)
    ]
    began = time.perf_counter() + 0.1
    planned = {first + place: began + place / rate for place in range(count)}
    place = 0
    while place < count:
        now = time.perf_counter()
        while place < count and planned[first + place] <= now:
            lines[place % CONNECTIONS].send(requests[place], planned[first + place])
            place += 1
        await asyncio.sleep(0.0005)
    for _ in range(12_000):  # a machine that cannot keep up answers late, and that is the figure
        if len(answered) >= count:
            break
        await asyncio.sleep(0.01)
    for line in lines:
        line.transport.close()
    assert not refused, refused[0]
    assert len(answered) == count, f"{count - len(answered)} requests were not answered"
    return planned


def percentile(values: list[float], share: float) -> float:
    """In milliseconds."""
    return sorted(values)[min(len(values) - 1, int(len(values) * share))] * 1000


async def measure(report: Report) -> None:
    """Three rates, three times each, in turn."""
    found: dict[int, list[tuple[float, float]]] = {rate: [] for rate in GOALS}
    with engine("postgres") as server:
        async with store(server, "latency") as made, served(made) as process, console(made, process) as seen:
            first = 1
            await open_loop(made, process, 300, 2, first)
            first += 10_000
            for _ in range(REPEATS):
                for rate in GOALS:
                    planned = await open_loop(made, process, rate, SECONDS, first)
                    for _ in range(6000):
                        if first + len(planned) - 1 in seen.said and planned.keys() <= seen.said.keys():
                            break
                        await asyncio.sleep(0.02)
                    assert not seen.cut, "the console was cut off"
                    late = [seen.said[number] - at for number, at in planned.items()]
                    found[rate].append((percentile(late, 0.5), percentile(late, 0.99)))
                    first += len(planned)
    for rate, (goal, stretch) in GOALS.items():
        report.tell(
            Figure(name=f"hook to frame at {rate} a second, p50", value=middle([f[0] for f in found[rate]]), unit="ms"),
            Figure(name=f"hook to frame at {rate} a second, p99", value=middle([f[1] for f in found[rate]]),
                   unit="ms", goal=goal, stretch=stretch),
        )  # fmt: skip
