"""What does a commit cost on this disk at all? One row a commit (B1) and two hundred rows a commit (B2), by the bare driver."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from dataclasses import dataclass
from pathlib import Path

import asyncpg

SECONDS = 0.4
BODY = "я" * 400
TABLE = "CREATE TABLE IF NOT EXISTS bench_commit (id text PRIMARY KEY, body text)"


@dataclass(frozen=True, slots=True)
class Commits:
    """Milliseconds a commit of one row; rows a second in commits of two hundred."""

    one: float
    rows: float


async def postgres_commits(dsn: str) -> Commits:
    """By asyncpg, one connection."""
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(TABLE)
        one = await connection.prepare("INSERT INTO bench_commit VALUES ($1, $2)")
        many = await connection.prepare(
            "INSERT INTO bench_commit SELECT * FROM unnest($1::text[], $2::text[])"
        )
        began, count = time.perf_counter(), 0
        while time.perf_counter() - began < SECONDS:
            await one.fetch(f"{began}:{count}", BODY)
            count += 1
        alone = (time.perf_counter() - began) / count
        began, count = time.perf_counter(), 0
        while time.perf_counter() - began < SECONDS:
            await many.fetch([f"{began}:{count + place}" for place in range(200)], [BODY] * 200)
            count += 200
        together = count / (time.perf_counter() - began)
        await connection.execute("DROP TABLE bench_commit")
    finally:
        await connection.close()
    return Commits(alone * 1000, together)


async def sqlite_commits(folder: Path) -> Commits:
    """By sqlite3, write-ahead log, synchronous=FULL."""
    return await asyncio.to_thread(_sqlite, folder / "bench-commits.db")


def _sqlite(path: Path) -> Commits:
    connection = sqlite3.connect(path, isolation_level=None)
    for statement in ("PRAGMA journal_mode=WAL", "PRAGMA synchronous=FULL", TABLE):
        connection.execute(statement)
    began, count = time.perf_counter(), 0
    while time.perf_counter() - began < SECONDS:
        connection.execute("INSERT INTO bench_commit VALUES (?, ?)", (f"{began}:{count}", BODY))
        count += 1
    alone = (time.perf_counter() - began) / count
    began, count = time.perf_counter(), 0
    while time.perf_counter() - began < SECONDS:
        connection.execute("BEGIN IMMEDIATE")
        rows = [(f"{began}:{count + place}", BODY) for place in range(200)]
        connection.executemany("INSERT INTO bench_commit VALUES (?, ?)", rows)
        connection.execute("COMMIT")
        count += 200
    together = count / (time.perf_counter() - began)
    connection.close()
    return Commits(alone * 1000, together)
