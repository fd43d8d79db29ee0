"""What is measured, on what, and by what?"""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
from importlib.metadata import version

from benchmarks.figures import Report
from tests.rig.engines import versions


async def tell(report: Report) -> None:
    """Name the machine, the engines and the load generator."""
    report.note(
        "machine", f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}"
    )
    for engine in versions():
        report.note("engine", engine)
    report.note("server", f"aiohttp {version('aiohttp')}, uvloop {version('uvloop')}")
    report.note("load generator", load_generator())


def load_generator() -> str:
    """wrk and its version. Raises RuntimeError where there is none."""
    if shutil.which("wrk") is None:
        raise RuntimeError("no wrk: install the package `wrk`")
    said = subprocess.run(["wrk", "-v"], capture_output=True, text=True, check=False).stdout
    return " ".join(said.split()[:2])
