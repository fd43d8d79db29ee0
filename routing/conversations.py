"""Does a conversation need an answer, by when, and which comes first?

`heard` and `answered` are called once a message; their result does not depend on the order in which the
messages of clients are processed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Final

from routing.codes import ConversationState, Place, ReplyKind, SkipReason
from routing.schedule import ALWAYS, Schedule, add_working
from routing.times import HOUR, MINUTE, Micros
from routing.values import value

TARGETS: Final[Mapping[ReplyKind, Micros]] = {
    "messenger": 15 * MINUTE,
    "form": 15 * MINUTE,
    "missed_call": 15 * MINUTE,
    "mail": 4 * HOUR,
}
"""How soon an answer is due, in working time, where the source says nothing else."""
CLOSING_SOON: Final = 30 * MINUTE
OFFERED_FOR: Final = 5 * MINUTE
"""How long an offered conversation is left to the managers."""


@value(frozen=True, kw_only=True, slots=True)
class Status:
    """Whose turn it is in a conversation."""

    state: ConversationState = "waiting"
    waiting_since: Micros | None = None
    """When the first unanswered message was said; None: nothing to answer."""
    heard_at: Micros = 0
    """When we last received a message that needs an answer."""
    answered_at: Micros = 0
    """When a person of ours last answered, or said that no answer is needed."""
    snoozed_until: Micros | None = None


NEW: Final = Status()


def heard(status: Status, said_at: Micros, received_at: Micros) -> Status:
    """After a client's message that needs an answer: no reaction, edit, bounce or auto-reply.

    What we received before the last answer was in front of the person who gave it, so it is answered already.
    """
    if received_at <= status.answered_at:
        return status
    waiting = status.waiting_since
    return Status(
        state="open",
        waiting_since=said_at if waiting is None or said_at < waiting else waiting,
        heard_at=received_at if received_at > status.heard_at else status.heard_at,
        answered_at=status.answered_at,
    )


def answered(status: Status, at: Micros, *, unanswered_since: Micros | None = None) -> Status:
    """After a person's answer given at `at`.

    Messages received after it stay unanswered: `unanswered_since` is when the first of them was said, where
    known.
    """
    if at <= status.answered_at:
        return status
    if status.heard_at > at:
        since = status.heard_at if unanswered_since is None else unanswered_since
        return replace(status, waiting_since=since, answered_at=at)
    state: ConversationState = "closed" if status.state == "closed" else "waiting"
    return replace(status, state=state, waiting_since=None, answered_at=at, snoozed_until=None)


def no_answer_needed(status: Status, now: Micros) -> Status:
    """After a person said that none is needed: stops the clock, and is no answer for the reports."""
    return answered(status, now)


def snooze(status: Status, until: Micros) -> Status:
    """Put off until a time, or until the client writes. What is unanswered stays so."""
    return replace(status, state="snoozed", snoozed_until=until)


def wake(status: Status, now: Micros) -> Status:
    """Once the snooze is over. A person wanted to be reminded, so it needs an answer from then on."""
    if status.state != "snoozed" or status.snoozed_until is None or now < status.snoozed_until:
        return status
    since = status.snoozed_until if status.waiting_since is None else status.waiting_since
    return replace(status, state="open", waiting_since=since, snoozed_until=None)


def close(status: Status, now: Micros) -> Status:
    """Finished, answered or not (the caller asks how an unanswered one ended: `codes.CLOSE_WAYS`)."""
    done = now if now > status.answered_at else status.answered_at
    return Status(state="closed", heard_at=status.heard_at, answered_at=done)


def reopen(status: Status) -> Status:
    """Opened again by a person: the client's turn until they write."""
    return replace(status, state="waiting") if status.state == "closed" else status


def answer_due(
    waiting_since: Micros, target: Micros = TARGETS["messenger"], schedule: Schedule = ALWAYS
) -> Micros | None:
    """When an answer is due: `target` of the source's working time after the client's first word."""
    return add_working(schedule, waiting_since, target)


@value(frozen=True, kw_only=True, slots=True)
class Answering:
    """How soon answers are due: `targets` are a source's first and next, in working time of `schedule`."""

    targets: Mapping[str, tuple[Micros, Micros]]
    schedule: Schedule

    def due(self, source_id: str, since: Micros | None, answered_at: Micros) -> Micros | None:
        """When who waits since then is to be answered; None: nobody waits."""
        if since is None:
            return None
        first, later = self.targets.get(source_id, (TARGETS["messenger"], TARGETS["messenger"]))
        return answer_due(since, later if answered_at else first, self.schedule)


def deadline(due_at: Micros | None, closes_at: Micros | None) -> Micros | None:
    """The earlier of the answer's due time and the window's end; None: neither."""
    if due_at is None or closes_at is None:
        return closes_at if due_at is None else due_at
    return closes_at if closes_at < due_at else due_at


@value(frozen=True, kw_only=True, slots=True)
class Row:
    """A conversation in the one queue."""

    id: str
    state: ConversationState = "open"
    waiting_since: Micros | None = None
    due_at: Micros | None = None
    """`answer_due`."""
    closes_at: Micros | None = None
    """When the window's first phase ends; None: no window."""
    gone_at: Micros | None = None
    """From when on nothing at all may be sent (`window.gone_at`); None: never."""
    last_at: Micros = 0
    claimed_by: str = ""
    claimed_until: Micros = 0
    offered: bool = False
    """Its lead has an open offer."""
    assignee: str = ""
    assignee_on_shift: bool = False
    open_to_queue: bool = False
    """As `answering.assign` says."""
    allowed: bool = True
    """Whether the person who asks may answer it."""


@value(frozen=True, kw_only=True, slots=True)
class Rank:
    """Where a row stands and why; rows sort by `key`, smaller first."""

    key: tuple[int, Micros, str]
    reason: Place


@value(frozen=True, kw_only=True, slots=True)
class Taken:
    """What Take next gives; `row` None: nothing left. `skipped` says why rows before it were passed over."""

    row: Row | None
    skipped: tuple[tuple[str, SkipReason], ...] = ()


def unanswered(row: Row) -> bool:
    """Whether the row needs an answer now."""
    return row.state == "open" and row.waiting_since is not None


def rank(row: Row, now: Micros) -> Rank:
    """The row's place in the one queue."""
    since = row.waiting_since
    if row.state != "open" or since is None:
        return Rank(key=(4, -row.last_at, row.id), reason="rest")
    if row.gone_at is not None and row.gone_at <= now:
        return Rank(key=(3, -since, row.id), reason="call_them")
    closing = row.closes_at if row.closes_at is None or row.closes_at > now else row.gone_at
    if closing is not None and closing - now <= CLOSING_SOON:
        return Rank(key=(1, closing, row.id), reason="closing")
    by = deadline(row.due_at, closing)
    reason: Place = "window_end" if closing is not None and by == closing else "target"
    if reason == "target" and row.due_at is not None and row.due_at <= now:
        reason = "overdue"
    return Rank(key=(2, since if by is None else by, row.id), reason=reason)


def in_order(rows: Iterable[Row], now: Micros) -> list[Row]:
    """The one queue."""
    return sorted(rows, key=lambda row: rank(row, now).key)


def skip_reason(row: Row, member: str, now: Micros) -> SkipReason | None:
    """Why Take next does not give this row to the member; None: it does."""
    if not unanswered(row):
        return "answered"
    if not row.allowed:
        return "not_allowed"
    if row.claimed_by not in ("", member) and row.claimed_until > now:
        return "claimed"
    if row.offered and row.waiting_since is not None and now < row.waiting_since + OFFERED_FOR:
        return "offered"
    if row.assignee_on_shift and row.assignee not in ("", member) and not row.open_to_queue:
        return "owned"
    return None


def take_next(rows: Iterable[Row], member: str, now: Micros) -> Taken:
    """The first row, in the queue's order, that the member may take."""
    skipped: list[tuple[str, SkipReason]] = []
    for row in in_order(rows, now):
        reason = skip_reason(row, member, now)
        if reason is None:
            return Taken(row=row, skipped=tuple(skipped))
        if reason != "answered":
            skipped.append((row.id, reason))
    return Taken(row=None, skipped=tuple(skipped))
