"""May a deal go to this stage, and what happens when it arrives?

What is missing is asked before the move, never undone after it. What was planned to happen later looks again at why it
was planned when its time comes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal, TypeAlias

from routing.schedule import Schedule, local_day, next_opening
from routing.times import HOUR, Micros

StageKind: TypeAlias = Literal["lead", "open", "won", "lost", "merged"]
Obstacle: TypeAlias = Literal[
    "fields", "comment", "attempts", "approval", "not_a_stage", "closed", "other_pipeline"
]  # fmt: skip
Premise: TypeAlias = Literal[
    "on_stage", "deal_open", "unanswered", "client_silent", "no_activity", "window_open", "task_open"
]  # fmt: skip

ATTEMPTS_WANTED: Final = 3
ATTEMPTS_APART: Final = 2 * HOUR
DECENT: Final = (9 * 60, 21 * 60)
ON_CONTACT: Final = frozenset({"name", "phone", "email", "payment", "segment"})
"""Required things that lie on the contact, not on the deal."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Stage:
    """One stage of a pipeline."""

    id: str
    kind: StageKind
    pipeline_id: str = ""
    code: str = ""
    """"stopped_responding", "too_expensive", "junk": what rules know a lost stage by."""
    required: tuple[str, ...] = ()
    """What must be filled to leave it (not asked when losing): title, amount, currency, a deal's field, or of the contact."""
    comment: bool = False
    """Losing here needs a comment."""
    attempts: bool = False
    """Losing here needs three attempts and the head's word."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Standing:
    """What a move looks at."""

    open: bool = True
    filled: frozenset[str] = frozenset()
    """Names of the things that have a value, those given with the move too."""
    comment: str = ""
    attempts: Attempts | None = None
    approved: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Move:
    """The answer: allowed, or what is in the way and what of it can be given now."""

    obstacle: Obstacle | None = None
    missing: tuple[str, ...] = ()

    @property
    def allowed(self) -> bool:
        """Whether the deal goes."""
        return self.obstacle is None


@dataclass(frozen=True, kw_only=True, slots=True)
class Attempt:
    """One try to reach a client who does not answer."""

    at: Micros
    channel: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Attempts:
    """Which tries count: at least two hours apart, and together on two days and over two channels where there are two."""

    counted: tuple[Attempt, ...]
    days: int
    channels: int
    missing: tuple[Literal["attempts", "days", "channels"], ...]

    @property
    def enough(self) -> bool:
        """Whether the deal may be given up for want of an answer."""
        return not self.missing


def may_move(start: Stage, to: Stage, standing: Standing) -> Move:
    """Whether a deal on `start` may go to `to`; a refusal names everything that is missing at once."""
    if not standing.open and to.kind not in ("lead", "open"):
        return Move(obstacle="closed")
    if to.kind == "merged":
        return Move(obstacle="not_a_stage")
    if to.pipeline_id != start.pipeline_id:
        return Move(obstacle="other_pipeline")
    if to.kind != "lost":
        missing = tuple(name for name in start.required if name not in standing.filled)
        return Move(obstacle="fields", missing=missing) if missing else Move()
    if to.comment and not standing.comment.strip():
        return Move(obstacle="comment", missing=("comment",))
    if to.attempts and not standing.approved:
        enough = standing.attempts is not None and standing.attempts.enough
        return Move(obstacle="approval" if enough else "attempts")
    return Move()


def count_attempts(tries: Sequence[Attempt], since: Micros, reachable: int, zone: str) -> Attempts:
    """Of all tries those that count: after `since` (the client's last sign of life, or entering the stage).

    `reachable` is how many channels there are to reach the client by.
    """
    counted: list[Attempt] = []
    for one in sorted(tries, key=lambda row: (row.at, row.channel)):
        if one.at > since and (not counted or one.at - counted[-1].at >= ATTEMPTS_APART):
            counted.append(one)
    days = len({local_day(zone, one.at) for one in counted})
    channels = len({one.channel for one in counted})
    missing: list[Literal["attempts", "days", "channels"]] = []
    if len(counted) < ATTEMPTS_WANTED:
        missing.append("attempts")
    if days < 2:
        missing.append("days")
    if channels < min(2, max(1, reachable)):
        missing.append("channels")
    return Attempts(counted=tuple(counted), days=days, channels=channels, missing=tuple(missing))


@dataclass(frozen=True, kw_only=True, slots=True)
class Present:
    """How things are at the moment an automatic act fires."""

    open: bool
    stage_id: str
    waiting_since: Micros | None = None
    """Since when the client waits for our answer; None: it is the client's turn."""
    last_client_at: Micros = 0
    """When the client last said something."""
    last_activity_at: Micros = 0
    window_open: bool = True
    due_at: Micros | None = None
    """The moment that was meant, as it stands now (a meeting may have been moved); None: there is none any more."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Planned:
    """An automatic act that waits for its time, and why it was planned."""

    stage_id: str
    planned_at: Micros
    premises: frozenset[Premise] = field(default_factory=frozenset)
    due_at: Micros | None = None
    """The moment it was planned for, when it hangs on one."""


def stale(planned: Planned, now: Present) -> str:
    """Why the act must not fire any more, "" when its premise still holds."""
    checks: Mapping[Premise, bool] = {
        "deal_open": now.open,
        "on_stage": now.open and now.stage_id == planned.stage_id,
        "unanswered": now.waiting_since is not None,
        "client_silent": now.last_client_at <= planned.planned_at,
        "no_activity": now.last_activity_at <= planned.planned_at,
        "window_open": now.window_open,
        "task_open": now.due_at is not None,
    }
    for premise, holds in checks.items():
        if premise in planned.premises and not holds:
            return premise
    if planned.due_at is not None and now.due_at != planned.due_at:
        return "moved"
    return ""


def decent_hour(zone: str, at: Micros) -> Micros:
    """When a robot may write: at once between 9 and 21 of that zone, else at the next nine o'clock."""
    hours = Schedule(zone=zone, week=((DECENT,),) * 7)
    return next_opening(hours, at) or at


def filled(values: Mapping[str, Any]) -> frozenset[str]:
    """Names of what has a value: not empty, not blank."""
    return frozenset(
        name
        for name, value in values.items()
        if value not in (None, "", [], {}) and not (isinstance(value, str) and not value.strip())
    )
