"""A task that swallows a cancellation is ended all the same."""

from __future__ import annotations

import asyncio

import pytest

from gateway import ending


async def _stubborn(times: int) -> None:
    for _ in range(times):
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            continue
    await asyncio.sleep(60)


async def _broken() -> None:
    raise ValueError("its own trouble")


async def test_all_end_however_often_one_swallows_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ending, "AGAIN", 0.01)
    tasks = [asyncio.create_task(_stubborn(times)) for times in (0, 1, 3)]
    failed = asyncio.create_task(_broken())
    await asyncio.sleep(0)
    async with asyncio.timeout(10):
        await ending.end([*tasks, failed])
    assert all(task.cancelled() for task in tasks)
    assert isinstance(failed.exception(), ValueError)


async def test_who_is_cancelled_while_ending_others_outlives_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ending, "AGAIN", 0.01)
    children = [asyncio.create_task(_stubborn(5))]

    async def keeper() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            await ending.end(children)

    outer = asyncio.create_task(keeper())
    await asyncio.sleep(0)
    async with asyncio.timeout(10):
        await ending.end([outer])
    assert outer.cancelled()
    assert all(child.done() for child in children), "what they work with is closed next"
