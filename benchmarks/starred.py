"""How does the product stand against a server that does nothing? The figures with a star."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass, field

from benchmarks.commits import Commits, postgres_commits, sqlite_commits
from benchmarks.console import Console, console
from benchmarks.figures import Figure, Report, middle
from benchmarks.intake import Intake, acknowledged, intake
from benchmarks.machine import wrk
from benchmarks.service import Process, Store, bare, engine, served, store


@dataclass(slots=True)
class _Series:
    """What the repeats gave."""

    bare: list[float] = field(default_factory=list)
    """Requests a second of the server that does nothing (B0)."""
    bare_cpu: list[float] = field(default_factory=list)
    acks: list[Intake] = field(default_factory=list)
    whole: dict[str, list[Intake]] = field(default_factory=lambda: {"postgres": [], "sqlite": []})
    ratios: dict[str, list[float]] = field(default_factory=dict)

    def ratio(self, name: str, value: float) -> None:
        self.ratios.setdefault(name, []).append(value)


async def measure(report: Report, *, seconds: int, repeats: int) -> None:
    """B0, B1, B2, then the repeats one after another, then the baselines again."""
    async with contextlib.AsyncExitStack() as stack:
        server = stack.enter_context(engine("postgres"))
        assert server is not None
        nothing = await stack.enter_async_context(bare())
        engines = ((server, "ack"), (server, "whole"), (None, "whole"))
        keeping, *both = [await stack.enter_async_context(store(*one)) for one in engines]
        stores = dict(zip(("postgres", "sqlite"), both, strict=True))
        web, *processes = await asyncio.gather(
            *(stack.enter_async_context(served(made, role=role))
              for made, role in ((keeping, "web"), *((made, "all") for made in both)))
        )  # fmt: skip
        running = dict(zip(stores, processes, strict=True))
        consoles = {
            name: await stack.enter_async_context(console(made, running[name]))
            for name, made in stores.items()
        }
        series, first = _Series(), 1
        commits = [await _commits(stores, server.dsn())]
        await _bare(nothing, keeping, series)
        for _ in range(repeats):  # each ends with the measure of the bare server that the next begins with
            first = await _repeat(series, nothing, (keeping, web), stores, running, consoles, first, seconds)
        commits.append(await _commits(stores, server.dsn()))
    _tell(report, series, commits)


async def _commits(stores: dict[str, Store], dsn: str) -> dict[str, Commits]:
    return {
        "postgres": await postgres_commits(dsn),
        "sqlite": await sqlite_commits(stores["sqlite"].data),
    }


async def _bare(process: Process, made: Store, series: _Series) -> float:
    """The same requests to the server that does nothing; its rate."""
    before = process.cpu()
    load = await asyncio.to_thread(wrk, process.address, "1", *made.hooks, "all", connections=64, seconds=1)
    series.bare.append(load.rate)
    series.bare_cpu.append((process.cpu() - before) / load.requests * 1e6)
    return load.rate


async def _repeat(
    series: _Series, nothing: Process, ack: tuple[Store, Process], stores: dict[str, Store],
    running: dict[str, Process], consoles: dict[str, Console], first: int, seconds: int,
) -> int:  # fmt: skip
    before = series.bare[-1]
    kept = await acknowledged(*ack, first, seconds=seconds)
    series.acks.append(kept)
    after = await _bare(nothing, ack[0], series)
    series.ratio("acks", kept.load.rate / ((before + after) / 2))
    for name, made in stores.items():
        before = after
        done = await intake(made, running[name], first, connections=64, seconds=seconds, seen=consoles[name])
        series.whole[name].append(done)
        cpu_before = series.bare_cpu[-1]
        after = await _bare(nothing, ack[0], series)
        series.ratio(name, done.processed / ((before + after) / 2))
        series.ratio(f"{name} cpu", (done.app + done.database) / ((cpu_before + series.bare_cpu[-1]) / 2))
    return first + 2 * max(kept.load.requests, *(runs[-1].load.requests for runs in series.whole.values()))


def _tell(report: Report, series: _Series, commits: list[dict[str, Commits]]) -> None:
    for when, one in zip(("before", "after"), commits, strict=True):
        for name, found in one.items():
            report.tell(
                Figure(name=f"B1 one-row commit, {name}, {when}", value=found.one, unit="ms"),
                Figure(name=f"B2 rows in commits of 200, {name}, {when}", value=found.rows, unit="rows/s"),
            )
    report.tell(
        Figure(name="B0 bare request, before", value=series.bare[0], unit="requests/s"),
        Figure(name="B0 bare request, after", value=series.bare[-1], unit="requests/s"),
        Figure(name="B0 bare request, CPU", value=middle(series.bare_cpu), unit="us"),
        Figure(name="hook acknowledged after a durable commit, PostgreSQL",
               value=middle([run.load.rate for run in series.acks]), unit="requests/s"),
        Figure(name="hook acknowledged, p99 at 64 connections",
               value=middle([run.load.p99 for run in series.acks]), unit="ms"),
        Figure(name="hook acknowledged, CPU of app", value=middle([r.app for r in series.acks]), unit="us"),
        Figure(name="hook acknowledged, CPU of database",
               value=middle([r.database for r in series.acks]), unit="us"),
        Figure(name="* hook acknowledged after a durable commit, PostgreSQL, of B0",
               value=middle(series.ratios["acks"]), unit="x B0", goal=0.60, stretch=0.80, up=True),
    )  # fmt: skip
    goals = {"postgres": ("PostgreSQL", 0.25, 0.40), "sqlite": ("SQLite", 0.15, 0.30)}
    for name, (label, goal, stretch) in goals.items():
        runs = series.whole[name]
        report.tell(
            Figure(name=f"message wholly processed, {label}",
                   value=middle([run.processed for run in runs]), unit="messages/s"),
            Figure(name=f"* message wholly processed, {label}, of B0", value=middle(series.ratios[name]),
                   unit="x B0", goal=goal, stretch=stretch, up=True),
            Figure(name=f"CPU of app a processed message, {label}",
                   value=middle([run.app for run in runs]), unit="us"),
            Figure(name=f"CPU of database a processed message, {label}",
                   value=middle([run.database for run in runs]), unit="us"),
            Figure(name=f"* CPU a processed message, {label}, of a bare request",
                   value=middle(series.ratios[f"{name} cpu"]), unit="x B0", goal=6, stretch=4),
        )  # fmt: skip
