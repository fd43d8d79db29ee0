"""How evenly do 64 shards spread the work? `python -m benchmarks.shards` prints what docs/scaling.md quotes.

A hundred thousand conversations whose activity follows a power law, so that a few talk much more than the others; each worker
holds an even share of the shards.
"""

from __future__ import annotations

import random

import orjson

from storage.journal import SHARDS, shard_of

CONVERSATIONS = 100_000
EXPONENT = 1.3
WORKERS = (1, 2, 4, 8, 16, 32, 64)


def loads(dice: random.Random) -> list[float]:
    """Work of each shard."""
    found = [0.0] * SHARDS
    for number in range(CONVERSATIONS):
        found[shard_of("01900000-0000-7000-8000-000000000001", str(500_000_000 + number * 7))] += min(
            dice.paretovariate(EXPONENT), 2000
        )
    return found


def busiest(found: list[float], workers: int) -> float:
    """The busiest worker's work over the mean, shards dealt in their order."""
    share = -(-SHARDS // workers)
    parts = [sum(found[first : first + share]) for first in range(0, SHARDS, share)]
    return max(parts) / (sum(parts) / workers)


def main() -> None:
    dice = random.Random(1)
    tries = [loads(dice) for _ in range(5)]
    for workers in WORKERS:
        worst = sorted(busiest(found, workers) for found in tries)[len(tries) // 2]
        line = {
            "name": f"shards.busiest_over_mean.{workers}",
            "value": round(worst, 2),
            "speed_up": round(workers / worst, 1),
        }
        print(orjson.dumps(line).decode())


if __name__ == "__main__":
    main()
