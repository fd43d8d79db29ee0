"""What happened to a lead's offers, and what comes next?

Three single offers, then everybody at once, then the head keeps the lead and is reminded, then the deputy,
then the admins. A `Ladder` is a value: each function returns the next one. Its clocks run in the queue's
working time.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final, Protocol, cast

from routing.codes import StepKind
from routing.decision import Facts, Json, flag, moment, number, rows, text, texts
from routing.schedule import Schedule, add_working
from routing.times import FOREVER, MINUTE, Micros
from routing.values import value

REMIND_EVERY: Final = 15 * MINUTE
BREAK_AFTER: Final = 2
"""Expired offers in a row after which a member is put on an automatic break."""


class Keepers(Protocol):
    """The part of a queue that keeps what nobody took."""

    @property
    def hours(self) -> Schedule: ...
    @property
    def heads(self) -> tuple[str, ...]: ...
    @property
    def deputies(self) -> tuple[str, ...]: ...
    @property
    def admins(self) -> tuple[str, ...]: ...


@value(frozen=True, kw_only=True, slots=True)
class Ladder:
    """How far a lead's offers have come."""

    singles: int = 0
    """Single offers made so far."""
    everyone: bool = False
    """It has been offered to everybody at once."""
    open: tuple[str, ...] = ()
    """Members who have an open offer of it."""
    expires_at: Micros | None = None
    declined: tuple[str, ...] = ()
    expired: tuple[tuple[str, Micros], ...] = ()
    """Who let an offer run out, and when last."""
    kept_since: Micros | None = None
    """Since when the head keeps it."""
    reminders: int = 0

    def to_json(self) -> dict[str, Json]:
        """The same as a plain dict, without what is at its beginning."""
        record: dict[str, Json] = {}
        if self.singles:
            record["singles"] = self.singles
        if self.everyone:
            record["everyone"] = True
        if self.open:
            record |= {"open": [*self.open], "expires_at": self.expires_at}
        if self.declined:
            record["declined"] = [*self.declined]
        if self.expired:
            record["expired"] = [{"member": member, "at": at} for member, at in self.expired]
        if self.kept_since is not None:
            record |= {"kept_since": self.kept_since, "reminders": self.reminders}
        return record

    @classmethod
    def from_json(cls, record: Facts) -> Ladder:
        """The ladder that `to_json` made the dict of."""
        return cls(
            singles=number(record, "singles"),
            everyone=flag(record, "everyone"),
            open=texts(record, "open"),
            expires_at=moment(record, "expires_at"),
            declined=texts(record, "declined"),
            expired=tuple((text(row, "member"), number(row, "at")) for row in rows(record, "expired")),
            kept_since=moment(record, "kept_since"),
            reminders=number(record, "reminders"),
        )


FRESH: Final = Ladder()


@value(frozen=True, kw_only=True, slots=True)
class Step:
    """What to do with a lead now, or when to look again (`at`; None: only an event helps)."""

    kind: StepKind
    at: Micros | None = None
    tell: tuple[str, ...] = ()
    """Whom to tell."""


def offered(ladder: Ladder, members: tuple[str, ...], expires_at: Micros, *, everyone: bool) -> Ladder:
    """After an offer was made."""
    return replace(
        ladder,
        singles=ladder.singles + (0 if everyone else 1),
        everyone=ladder.everyone or everyone,
        open=members,
        expires_at=expires_at,
        kept_since=None,
        reminders=0,
    )


def declined(ladder: Ladder, member: str) -> Ladder:
    """After a member said no; others may still have the offer."""
    still = tuple(ref for ref in ladder.open if ref != member)
    refused = ladder.declined if member in ladder.declined else (*ladder.declined, member)
    return replace(ladder, open=still, expires_at=ladder.expires_at if still else None, declined=refused)


def expired(ladder: Ladder, now: Micros) -> Ladder:
    """After the open offers ran out."""
    earlier = tuple(row for row in ladder.expired if row[0] not in ladder.open)
    return replace(
        ladder, open=(), expires_at=None, expired=(*earlier, *((member, now) for member in ladder.open))
    )


def withdrawn(ladder: Ladder) -> Ladder:
    """After the open offers were taken back; nobody is to blame for it."""
    return replace(ladder, open=(), expires_at=None)


def kept(ladder: Ladder, now: Micros, *, ended: bool = False) -> Ladder:
    """After the head was told to keep the lead; `ended`: everybody was asked (reason `ladder_end`)."""
    ended = ended or ladder.everyone
    if ladder.kept_since is None:
        return replace(ladder, kept_since=now, reminders=0, everyone=ended)
    return replace(ladder, everyone=ended)


def reminded(ladder: Ladder) -> Ladder:
    """After those who keep the lead were reminded."""
    return replace(ladder, reminders=ladder.reminders + 1)


def next_step(ladder: Ladder, queue: Keepers, now: Micros) -> Step:
    """What is due: `expire`, `offer` (ask `assignment.route`), `remind` whom, or `wait` until when."""
    if ladder.open:
        ends = FOREVER if ladder.expires_at is None else ladder.expires_at
        return Step(kind="expire" if ends <= now else "wait", at=ends)
    if ladder.kept_since is None:
        return Step(kind="offer", at=now)
    at = add_working(queue.hours, ladder.kept_since, REMIND_EVERY * (ladder.reminders + 1))
    due = at is not None and at <= now
    return Step(kind="remind" if due else "wait", at=at, tell=_told(ladder, queue) if due else ())


def first_told(queue: Keepers) -> tuple[str, ...]:
    """Who is told that nobody takes a lead: the heads, else the deputies, else the admins."""
    return queue.heads or queue.deputies or queue.admins


def takes_break(expired_in_a_row: int) -> bool:
    """Whether a member who let so many offers run out is put on a break."""
    return expired_in_a_row >= BREAK_AFTER


def _told(ladder: Ladder, queue: Keepers) -> tuple[str, ...]:
    """After 15 working minutes the head again, after 30 the deputy too, from 45 on the admins too."""
    told = queue.heads
    if ladder.reminders >= 1:
        told += queue.deputies
    if ladder.reminders >= 2 or not told:
        told += queue.admins
    return cast("tuple[str, ...]", tuple(dict.fromkeys(told)))
