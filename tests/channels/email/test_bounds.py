"""No letter costs more time or memory than its size allows, whoever wrote it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

SECONDS = 5.0
"""Of processor time, for one letter; most take a hundredth."""
MEGABYTES = 100.0
"""On top of the letter itself, for one letter of up to 25 MB."""
WANTED = (
    "a subject of 1 MB", "10 000 parts", "300 nested tags", "100 000 nested tags", "1 500 nested multiparts",
    "a million ids", "25 MB of base64", "25 MB of boundaries on one line", "half a million soft line breaks",
    "10 000 quotes that are answered below",
)  # fmt: skip


@pytest.fixture(scope="module")
def told() -> dict[str, tuple[float, float, int]]:
    """Seconds, megabytes and events of each hostile letter, read one after another in a process of their own."""
    run = subprocess.run(
        [sys.executable, "-m", "tests.channels.email.hostile"], cwd=Path(__file__).parents[3], check=True,
        capture_output=True, timeout=300,
    )  # fmt: skip
    rows = [json.loads(line) for line in run.stdout.splitlines()]
    return {name: (seconds, megabytes, events) for name, seconds, megabytes, events in rows}


@pytest.mark.skipif(
    not Path("/proc/self/clear_refs").exists(), reason="memory is measured where Linux tells it"
)
def test_hostile_letters_are_read_within_bounds_and_none_is_lost(
    told: dict[str, tuple[float, float, int]],
) -> None:
    assert set(WANTED) <= told.keys() and len(told) >= 27
    assert {name: one for name, one in told.items() if one[0] > SECONDS or one[1] > MEGABYTES} == {}
    assert {name for name, one in told.items() if one[2] != 1} == set(), "each is shown, however bent"
