"""Is this installation well, and what is to be done if not?"""

from __future__ import annotations

import shutil
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

import aiohttp

from gateway.address import problem_of
from gateway.app import make_gateway
from gateway.config import Config
from gateway.context import Gateway
from gateway.pages import CONSOLE
from gateway.vault import VaultClosed
from storage.bells import ping
from storage.errors import Unavailable
from storage.schema import head, revision

LITTLE = 2 * 1024**3
SKEW = 30
PATIENCE = aiohttp.ClientTimeout(total=10)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    what: str
    ok: bool
    detail: str
    advice: str = ""
    grave: bool = True
    """False: worth knowing, and much works all the same."""

    @property
    def mark(self) -> str:
        """How its line begins."""
        return "ok  " if self.ok else "FAIL" if self.grave else "warn"


async def examine(config: Config) -> list[Finding]:
    """Look at everything, in the order in which one thing needs another."""
    try:
        gateway = make_gateway(config)
    except (OSError, ValueError, VaultClosed) as error:
        return [Finding("configuration", False, str(error), "see docs/configuration.md")]
    found = [Finding("configuration", True, f"data in {config.data_dir.absolute()}")]
    try:
        found += [finding async for finding in _look(gateway)]
    finally:
        await gateway.sources.close()
        await gateway.database.close()
    return found


async def _look(gateway: Gateway) -> AsyncIterator[Finding]:
    yield _disk(gateway.config)
    yield _console()
    database = await _database(gateway)
    yield database
    if gateway.config.redis_url:
        yield await _redis(gateway.config.redis_url)
    if not database.ok:
        return
    try:
        await gateway.sources.look()
    except VaultClosed as error:
        yield Finding(
            "secrets",
            False,
            str(error),
            "put the old key back into INBOX_SECRET_KEYS, then `inbox keys rotate`",
        )
        return
    async for finding in _address(gateway):
        yield finding
    async for finding in _sources(gateway):
        yield finding


def _disk(config: Config) -> Finding:
    free = shutil.disk_usage(config.data_dir).free
    detail = f"{free // 1024**2} MB free"
    return Finding("disk", free > LITTLE, detail, "free some space: nothing can be taken in on a full disk")


def _console() -> Finding:
    built = (CONSOLE / "index.html").is_file()
    return Finding("console", built, "built" if built else "not built", "`make setup` builds it")


async def _database(gateway: Gateway) -> Finding:
    try:
        stands = await gateway.database.read(revision)
    except Unavailable as gone:
        return Finding(
            "database", False, f"does not answer ({gone})", "is it running, and is INBOX_DATABASE_URL right?"
        )
    kind = "SQLite" if gateway.database.embedded else "PostgreSQL"
    right = stands == head()
    return Finding(
        "database", right, f"{kind}, revision {stands or 'none'}", "`inbox migrate` brings it up to date"
    )


async def _redis(url: str) -> Finding:
    problem = await ping(url)
    return Finding(
        "redis",
        not problem,
        problem or "answers",
        "without it processes find news by looking, some seconds later",
    )


async def _address(gateway: Gateway) -> AsyncIterator[Finding]:
    url = gateway.sources.public_url
    problem = problem_of(url)
    advice = {
        "none": "set it in the console or as INBOX_PUBLIC_URL; without it forms and telephony from outside cannot reach us",
        "not_https": "networks call only https addresses: put a proxy with a certificate before us",
        "private": "this address cannot be reached from outside",
        "port": "Telegram calls only ports 443, 80, 88 and 8443",
    }.get(problem, "is it written right?")
    # Whoever tries it out on their own machine has none, and polled networks, mail and the console work without.
    yield Finding("public address", not problem, url or "none", advice, grave=problem != "none")
    if problem:
        return
    try:
        async with aiohttp.ClientSession(timeout=PATIENCE) as client, client.get(f"{url}/healthz") as answer:
            yield Finding(
                "reachable",
                answer.status == 200,
                f"answered {answer.status}",
                "does the proxy pass everything on?",
            )
            if "Date" in answer.headers:
                skew = abs(parsedate_to_datetime(answer.headers["Date"]).timestamp() - time.time())
                yield Finding("clock", skew < SKEW, f"{skew:.0f} s off the proxy's", "run an NTP client")
    except (TimeoutError, aiohttp.ClientError) as error:
        yield Finding(
            "reachable", False, type(error).__name__, "does the name point here, and is the gateway running?"
        )


async def _sources(gateway: Gateway) -> AsyncIterator[Finding]:
    for live in gateway.sources.all():
        if live.row.state == "disconnected":
            continue
        checks = await live.channel.check()
        failed = [check for check in checks if not check.ok]
        detail = (
            ", ".join(f"{check.code} {check.detail}".strip() for check in failed) or f"{len(checks)} checks"
        )
        yield Finding(
            f"source {live.row.name}",
            not failed,
            detail,
            "open the source in the console: it says what to do",
        )
