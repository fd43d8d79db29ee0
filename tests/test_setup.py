"""What was prepared once is not prepared again."""

from __future__ import annotations

import subprocess

from scripts.setup import CONSOLE, sources


def test_nothing_that_a_build_writes_makes_the_next_start_build_again() -> None:
    told = subprocess.run(
        ["git", "ls-files", "--others", "--ignored", "--exclude-standard", "src"],
        cwd=CONSOLE, capture_output=True, text=True, check=True,
    )  # fmt: skip
    made = {CONSOLE / name for name in told.stdout.split()}
    assert made.isdisjoint(sources())
    assert CONSOLE / "openapi.json" in sources()
