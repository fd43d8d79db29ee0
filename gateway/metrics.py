"""What do we count? Served at `/metrics`; labels never hold a client's or a person's data."""

from __future__ import annotations

from typing import Final

from prometheus_client import Counter, Gauge, Histogram

HOOKS: Final = Counter("inbox_hooks_total", "Hook requests by what became of them", ["outcome"])
ENVELOPES: Final = Counter("inbox_envelopes_total", "Envelopes worked on by what became of them", ["outcome"])
BATCH: Final = Histogram(
    "inbox_batch_seconds",
    "Seconds a worker's batch took",
    buckets=(0.005, 0.02, 0.1, 0.5, 2, 10),
)
SENDS: Final = Counter("inbox_sends_total", "Attempts to send by outcome", ["outcome"])
OFFERS: Final = Counter("inbox_offers_total", "Lead offers by what became of them", ["outcome"])
SEALED: Final = Counter("inbox_sealed_envelopes_total", "Envelopes that the chain holds")
UNSEALED_AGE: Final = Gauge(
    "inbox_unsealed_seconds", "Age of the oldest envelope that the chain does not hold yet"
)
FAILED_PARTS: Final = Counter(
    "inbox_part_failures_total", "Parts of a process that failed and began anew", ["part"]
)
BALANCED: Final = Gauge("inbox_nothing_lost", "1: the newest certificate says that nothing was lost")
CERTIFIED_AT: Final = Gauge(
    "inbox_certified_timestamp_seconds", "When the newest certificate was written, Unix time"
)
GAPS: Final = Gauge("inbox_missing_events", "Events that a network counted and never handed over")
SET_ASIDE: Final = Gauge("inbox_set_aside_events", "Events that could not be opened and wait for a person")
WAITING_AGE: Final = Gauge("inbox_waiting_seconds", "Age of the oldest event that waits to be opened")
CLOCK_SKEW: Final = Gauge(
    "inbox_clock_skew_seconds", "How far this machine's clock is ahead of the database's"
)
RING_SECONDS: Final = Histogram(
    "inbox_ring_seconds",
    "Seconds to the answer to whom to ring",
    buckets=(0.001, 0.005, 0.02, 0.1, 0.5, 1),
)
REPAIRED: Final = Counter(
    "inbox_repaired_rows_total", "Rows of a provider's history that told something new", ["source"]
)
