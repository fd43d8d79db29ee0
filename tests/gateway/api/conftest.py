"""A whole gateway for each test, on both databases, reached over real HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

import channels
from tests.gateway.api import paper
from tests.gateway.api.house import House, open_house


@pytest.fixture
def network(monkeypatch: pytest.MonkeyPatch) -> type[paper.Paper]:
    """The only network there is: paper."""
    monkeypatch.setattr(channels, "names", lambda: ("paper",))
    monkeypatch.setattr(channels, "load", {"paper": paper.Paper}.__getitem__)
    monkeypatch.setattr(channels, "about", {"paper": paper.ABOUT}.__getitem__)
    for memory in ("sent", "acts", "faults"):
        monkeypatch.setattr(paper.Paper, memory, [])
    return paper.Paper


@pytest.fixture
async def house(database_url: str, tmp_path: Path, network: type[paper.Paper]) -> AsyncIterator[House]:
    """A running gateway with its first administrator."""
    async with open_house(database_url, tmp_path) as opened:
        yield opened


@pytest.fixture
async def whole_house(database_url: str, tmp_path: Path) -> AsyncIterator[House]:
    """The same with all the networks there are."""
    async with open_house(database_url, tmp_path) as opened:
        yield opened
