"""What does a process cost, and how is a load put on it?"""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")
SCRIPT = Path(__file__).with_name("workload.lua")


@dataclass(frozen=True, slots=True)
class Load:
    """What a load generator saw. Times in milliseconds."""

    requests: int
    seconds: float
    p50: float
    p99: float
    errors: int
    refused: int

    @property
    def rate(self) -> float:
        """Answers a second."""
        return self.requests / self.seconds


def wrk(url: str, *arguments: str, connections: int, seconds: int, script: Path = SCRIPT) -> Load:
    """Drive `url` with wrk for some seconds. Raises RuntimeError with what wrk said."""
    command = [
        "wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "20s", "-s", str(script), url, "--",
        *arguments,
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=seconds + 60)
    for line in done.stdout.splitlines():
        if line.startswith("RESULT "):
            return Load(**json.loads(line.removeprefix("RESULT ")))
    raise RuntimeError(f"wrk said: {done.stdout}{done.stderr}")


def cpu(*pids: int) -> float:
    """Seconds of processor time these processes have used so far; one that is gone counts as nothing."""
    return sum(map(_cpu, pids))


def _cpu(pid: int) -> float:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    # utime, stime, and those of children that were waited for: a database's own short-lived workers.
    return sum(map(int, fields[11:15])) / TICKS


def family(pid: int) -> list[int]:
    """A process and its children."""
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return [pid]
    return [pid, *map(int, children)]


def memory(pid: int) -> int:
    """Resident memory of a process, bytes."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    return 0
