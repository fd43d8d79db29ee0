"""Does a page that is open all day stay as light as it began?"""

from __future__ import annotations

import pytest

from benchmarks import screen
from benchmarks.figures import Report

pytestmark = [pytest.mark.browser, pytest.mark.full, pytest.mark.timeout(900)]
KEPT = ("rows", "elements", "heap", "nodes", "lines")
"""What no other work on the machine changes; how quick it is belongs to `make bench-screen`."""


async def test_hours_of_news_fill_neither_the_page_nor_its_memory() -> None:
    report = Report()
    await screen.measure(report, dialogs=5_000, long=300, events=1_000)
    assert [name for name in report.missed if name.startswith(KEPT)] == []
