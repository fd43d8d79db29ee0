"""May an answer that was written for later still go, now that its moment has come?

A person wrote it looking at a conversation that may have changed since. What changed stops it, and a person decides anew;
whether the network and the reply window let it through is asked where every answer is (routing/window.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from routing.times import DAY, HOUR, SECOND, Micros

LATE: Final = HOUR
"""So long after its time an answer may still go: «Доброе утро» is not said in the evening."""
OLD: Final = DAY
"""An answer that waited longer for the client is asked about again (rules.md, 1.6)."""
PAUSE: Final = 3 * SECOND
"""After the client's words, for more may follow."""
FARTHEST: Final = 366 * DAY
"""No answer is written for longer ahead."""

WaitsFor: TypeAlias = Literal["time", "client"]
Stop: TypeAlias = Literal[
    "", "author_gone", "no_right", "spam", "blocked", "deal_closed", "colleague_wrote", "client_wrote", "never_wrote",
    "too_old", "late",
]  # fmt: skip


@dataclass(frozen=True, kw_only=True, slots=True)
class Scheduled:
    """An answer as its author left it. `at`: when it goes; when it waits for the client, when it is given up."""

    waits_for: WaitsFor
    at: Micros
    confirmed_at: Micros
    anyway: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Present:
    """How things stand now."""

    nature: str
    client_wrote: bool
    colleague_wrote: bool
    deal_closed: bool
    author_works: bool = True
    author_may: bool = True


def stopped(plan: Scheduled, present: Present, now: Micros) -> Stop:
    """Why the answer does not go; "" it goes. Asked when its time has come or its client has written."""
    if not present.author_works:
        return "author_gone"
    if not present.author_may:
        return "no_right"
    if present.nature == "spam":
        return "spam"
    if present.nature == "blocked":
        return "blocked"
    if present.deal_closed:
        return "deal_closed"
    if present.colleague_wrote and not plan.anyway:
        return "colleague_wrote"
    return _for_client(plan, present, now) if plan.waits_for == "client" else _in_time(plan, present, now)


def _in_time(plan: Scheduled, present: Present, now: Micros) -> Stop:
    if present.client_wrote and not plan.anyway:
        return "client_wrote"
    return "late" if now - plan.at > LATE else ""


def _for_client(plan: Scheduled, present: Present, now: Micros) -> Stop:
    if not present.client_wrote:
        return "never_wrote"
    return "too_old" if now - plan.confirmed_at > OLD else ""
