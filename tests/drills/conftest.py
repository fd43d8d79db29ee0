"""A town for the drills that need no second process."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.gateway.town import Town, open_town


@pytest.fixture
async def town(database_url: str, tmp_path: Path) -> AsyncIterator[Town]:
    """A gateway with one messenger connected."""
    async with open_town(database_url, tmp_path) as opened:
        await opened.connect("messenger1")
        yield opened
