"""`python -m benchmarks [--quick]`: the figures of the issue and their baselines, one JSON line each.

Ends with 1 when a figure misses its goal. The load generator, the gateway and its database share the machine, as they do
in a small installation; so every ratio is taken against a baseline measured between the same repeats.
"""

from __future__ import annotations

import argparse
import sys

import uvloop

from benchmarks import engines, starred
from benchmarks.figures import Report


async def main(quick: bool) -> int:
    report = Report()
    await engines.tell(report)
    await starred.measure(report, seconds=1 if quick else 3, repeats=3 if quick else 5)
    if not quick:
        from benchmarks import backlog, latency, resting

        await latency.measure(report)
        await resting.measure(report)
        await backlog.measure(report)
    print(
        f"{len(report.missed)} figures miss their goal: {', '.join(report.missed) or 'none'}", file=sys.stderr
    )
    return 1 if report.missed else 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m benchmarks")
    parser.add_argument("--quick", action="store_true", help="only the starred figures, under 50 seconds")
    sys.exit(uvloop.run(main(parser.parse_args().quick)))
