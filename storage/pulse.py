"""What has come due, and whom does it wake? One statement for all who wait, an index probe each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, text

from routing.supervision import WARN_MOST
from routing.times import MINUTE, WEEK
from storage.telling import LATE, SOON

STAFF: Final = (
    "SELECT 1 FROM offer WHERE state = 'open'",
    "SELECT 1 FROM staff_notice WHERE state IN ('sending', 'sent')",
    "SELECT 1 FROM notice WHERE at > :late AND at <= :soon AND read_at IS NULL",
)
DUE: Final[Mapping[str, tuple[str, ...]]] = {
    "envelopes": ("SELECT 1 FROM envelope WHERE state = 0",),
    "outbox": (
        "SELECT 1 FROM outbox WHERE state IN ('held', 'queued', 'sending', 'postponed') AND not_before <= :now",
    ),
    "lookups": ("SELECT 1 FROM outbox WHERE state = 'unknown' AND not_before BETWEEN 1 AND :now",),
    "media": ("SELECT 1 FROM attachment WHERE state = 'fetch' AND next_at <= :now",),
    "cut": ("SELECT 1 FROM cut WHERE next_at <= :now",),
    "leads": (
        "SELECT 1 FROM deal WHERE waiting <> '' AND next_at <= :now",
        "SELECT 1 FROM deal WHERE waiting IN ('nobody', 'sticky')",
        "SELECT 1 FROM handover WHERE returned_at IS NULL AND until <= :now",
        "SELECT 1 FROM member WHERE presence = 'break' AND presence_until <= :now",
    ),
    "timers": (
        "SELECT 1 FROM firing WHERE state = 'waiting' AND at <= :now",
        "SELECT 1 FROM scheduled WHERE state = 'waiting' AND at <= :now",
        "SELECT 1 FROM conversation WHERE state = 'snoozed' AND snoozed_until <= :now",
        "SELECT 1 FROM conversation WHERE state = 'open' AND waiting_since IS NOT NULL AND nature = 'client'"
        " AND due_at > :forgotten AND due_at <= :warned",
        "SELECT 1 FROM task WHERE done_at IS NULL AND reminded_at IS NULL AND remind_at <= :now",
    ),
    "calls": (
        "SELECT 1 FROM phone_call WHERE live = 1 AND look_at <= :now",
        "SELECT 1 FROM call_command WHERE state IN ('requested','accepted') AND created_at < :minute",
    ),
    "staff": tuple(f"SELECT 1 FROM staff_way WHERE state = 'active' AND EXISTS ({one})" for one in STAFF),
    "push": ("SELECT 1 FROM push_subscription",),
    "imports": ("SELECT 1 FROM contact_import WHERE state IN ('checking', 'running', 'undoing')",),
}
"""Bell -> what it is rung for. Whoever is rung looks closer; what is not here they find by a look of their own now and then."""


def _any(selects: tuple[str, ...]) -> str:
    return " OR ".join(f"EXISTS ({one})" for one in selects)


FOUND: Final = text(
    f"SELECT (SELECT max(seq) FROM event), {', '.join(_any(selects) for selects in DUE.values())}"
)


@dataclass(frozen=True, slots=True)
class Pulse:
    """The head of the live log, and the bells for which something is due."""

    head: int
    due: frozenset[str]


def pulse(connection: Connection, now: int) -> Pulse:
    """How things stand now."""
    times: dict[str, Any] = {
        "now": now, "late": now - LATE, "soon": now - SOON, "forgotten": now - WEEK, "warned": now + WARN_MOST,
        "minute": now - MINUTE,
    }  # fmt: skip
    head, *due = connection.execute(FOUND, times).one()
    return Pulse(head or 0, frozenset(name for name, found in zip(DUE, due, strict=True) if found))
