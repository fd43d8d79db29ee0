"""What has to leave, what is on its way, and what became of it?

One row a part. A row is `sending` before the network is called and only proof ends it: what may have left is never sent
again blindly.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import orjson
from sqlalchemy import Connection, Row, text

from routing.codes import Reach
from routing.conversations import Status, answered
from routing.times import MINUTE, SECOND
from routing.window import Content, WindowPolicy, reply_window
from storage import amends, batch, letters, standing
from storage.calls import owe_again
from storage.errors import Conflict
from storage.leases import Lease, check
from storage.previews import show_newest
from storage.tables import attachment, conversation, message, message_alias, outbox
from storage.transaction import Transaction

PENDING = ("held", "queued", "sending", "postponed")
HOLDS_OTHERS = 15 * MINUTE
LEFT = frozenset({"sent", "undelivered", "failed", "unknown", "cancelled"})
"""States in which a part waits no longer; the account has a column for each."""
WORST = ("failed", "unknown", "undelivered", "postponed", "sending", "queued", "held", "cancelled", "sent")


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """One part of a message as the network takes it."""

    text: str
    files: tuple[dict[str, Any], ...] = ()
    spans: tuple[dict[str, Any], ...] = ()
    letter: dict[str, Any] | None = None
    automatic: bool = False
    """A robot's words."""
    location: dict[str, Any] | None = None
    card: dict[str, Any] | None = None
    sticker: str = ""

    @classmethod
    def of(cls, content: Mapping[str, Any]) -> Part:
        """The part that a row keeps."""
        kept = {name: tuple(content[name]) for name in ("files", "spans") if name in content}
        return cls(**{**content, **kept})

    @property
    def shares(self) -> bool:
        """It carries a place, somebody's card or a sticker."""
        return bool(self.location or self.card or self.sticker)

    def content(self) -> dict[str, Any]:
        """What the row of this part keeps."""
        kept: dict[str, Any] = {"text": self.text, "files": list(self.files)}
        more = {
            "spans": list(self.spans), "letter": self.letter, "automatic": self.automatic,
            "location": self.location, "card": self.card, "sticker": self.sticker,
        }  # fmt: skip
        return {**kept, **{name: value for name, value in more.items() if value}}


@dataclass(frozen=True, kw_only=True, slots=True)
class Outgoing:
    """A message of ours, ready to be stored: id, words and parts."""

    id: str
    conversation_id: str
    source_id: str
    contact_id: str
    deal_id: str | None
    member_id: str
    author_name: str
    text: str
    stems: str
    kind: str
    parts: tuple[Part, ...]
    files: tuple[dict[str, Any], ...]
    reply_to_id: str | None
    content: dict[str, Any]
    not_before: int
    echo_keys: tuple[str, ...] = ()
    author_kind: str = "person"
    purpose: str = "reply"


def store(tx: Transaction, outgoing: Outgoing) -> None:
    """Keep the message, one row a part, and its files; the account counts the parts as accepted."""
    state = "held" if outgoing.not_before > tx.now else "queued"
    row = {
        "id": outgoing.id, "conversation_id": outgoing.conversation_id, "contact_id": outgoing.contact_id,
        "source_id": outgoing.source_id, "deal_id": outgoing.deal_id, "kind": outgoing.kind, "direction": "out",
        "author_kind": outgoing.author_kind, "author_id": outgoing.member_id or None,
        "author_name": outgoing.author_name, "purpose": outgoing.purpose, "nature": "client",
        "text": outgoing.text, "content": outgoing.content, "at": tx.now,
        "seq": 0, "received_at": tx.now, "state": state,
        "reply_to_id": outgoing.reply_to_id, "attachments": len(outgoing.files), "stems": outgoing.stems,
    }  # fmt: skip
    batch.insert(tx.connection, message, tuple(row), [tuple(row.values())])
    _store_files(tx, outgoing)
    place = Place(
        outgoing.id, outgoing.conversation_id, outgoing.source_id, state, tx.now, outgoing.not_before
    )
    store_parts(tx, place, outgoing.parts, outgoing.echo_keys)
    tx.changed("message", outgoing.id, outgoing.contact_id)
    tx.changed("conversation", outgoing.conversation_id, outgoing.contact_id)


@dataclass(frozen=True, slots=True)
class Place:
    """Where the parts of a message stand in the line."""

    message_id: str
    conversation_id: str
    source_id: str
    state: str
    created_at: int
    not_before: int


def store_parts(tx: Transaction, place: Place, parts: Sequence[Part], echo_keys: Sequence[str]) -> None:
    """One row a part, counted as accepted."""
    columns = (
        "id", "message_id", "conversation_id", "source_id", "part", "act", "state", "content", "created_at",
        "not_before", "echo_key",
    )  # fmt: skip
    rows = [
        (
            part_id(place.message_id, number), place.message_id, place.conversation_id, place.source_id, number, "send",
            place.state, part.content(), place.created_at, place.not_before,
            (echo_keys[number] if number < len(echo_keys) else "") or None,
        )
        for number, part in enumerate(parts)
    ]  # fmt: skip
    batch.insert(tx.connection, outbox, columns, rows)
    tx.count(place.source_id, accepted=len(rows))
    tx.ring("outbox")


def part_id(message_id: str, place: int) -> str:
    """The row's id and idempotency key: the message's id for the first part, a mark behind it for the others."""
    return message_id if place == 0 else f"{message_id}.{place}"


def _store_files(tx: Transaction, outgoing: Outgoing) -> None:
    columns = (
        "id", "message_id", "position", "kind", "name", "mime", "size", "source_id", "ref", "state", "digest",
        "inline_id",
    )  # fmt: skip
    batch.insert(
        tx.connection, attachment, columns,
        [
            (
                file["id"], outgoing.id, place, file["kind"], file["name"], file["mime"], file["size"],
                outgoing.source_id, "", "ready", file["digest"], file.get("inline_id", ""),
            )
            for place, file in enumerate(outgoing.files)
        ],
    )  # fmt: skip
    for file in outgoing.files:
        tx.connection.execute(
            text('UPDATE file SET "references" = "references" + 1 WHERE digest = :digest'),
            {"digest": file["digest"]},
        )


@dataclass(frozen=True, slots=True)
class Ready:
    """A part to send now, with all its network call needs."""

    id: str
    message_id: str
    act: str
    conversation_id: str
    contact_id: str
    thread: str
    identity_kind: str
    identity_value: str
    contact_name: str
    subject: str
    content: Mapping[str, Any]
    reply_to: str
    references: tuple[str, ...]
    attempts: int
    created_at: int
    waiting: tuple[str, ...] = ()
    """Addresses that a letter still has to reach."""
    prepared: bytes = b""


def sources_with_work(connection: Connection) -> dict[str, int]:
    """Sources that have something pending, and from when on the first of it may go."""
    rows = connection.execute(
        text(
            "SELECT source_id, min(not_before) AS at FROM outbox"
            " WHERE state IN ('held', 'queued', 'sending', 'postponed') GROUP BY source_id"
        )
    )
    return {row.source_id: row.at for row in rows}


def tries(connection: Connection, source_id: str, since: int) -> list[tuple[str, int]]:
    """(thread, when) of a source's calls since then, oldest first; one whose end is known counts from its end."""
    rows = connection.execute(
        text(
            "SELECT c.thread, CASE WHEN o.settled_at > o.tried_at THEN o.settled_at ELSE o.tried_at END AS at FROM outbox o"
            " JOIN conversation c ON c.id = o.conversation_id WHERE o.source_id = :source AND o.tried_at > :since ORDER BY at"
        ),
        {"source": source_id, "since": since},
    )
    return [(row.thread, row.at) for row in rows]


def unknown_ones(connection: Connection, now: int, limit: int) -> list[Row[Any]]:
    """Parts of unknown fate that are to be looked up now."""
    return list(
        connection.execute(
            text(
                "SELECT id, message_id, source_id, attempts FROM outbox WHERE state = 'unknown'"
                " AND not_before BETWEEN 1 AND :now ORDER BY not_before LIMIT :limit"
            ),
            {"now": now, "limit": limit},
        )
    )


def looked_up(tx: Transaction, outcome: Outcome) -> None:
    """What a look at the network tells of a part of unknown fate; nothing, when somebody concluded it meanwhile."""
    lock = tx.for_update
    state = tx.connection.execute(
        text(f"SELECT state FROM outbox WHERE id = :id{lock}"), {"id": outcome.id}
    ).scalar()
    if state != "unknown":
        return
    if outcome.state == "unknown":
        tx.connection.execute(
            text("UPDATE outbox SET not_before = :at WHERE id = :id"),
            {"at": outcome.not_before, "id": outcome.id},
        )
    else:
        settle(tx, None, [outcome])


def left_since(connection: Connection, source_id: str, since: int) -> list[int]:
    """When parts left since then, oldest first. Slow on a long outbox: asked once a process."""
    rows = connection.execute(
        text(
            "SELECT settled_at FROM outbox WHERE source_id = :source AND state = 'sent' AND act = 'send'"
            " AND settled_at > :since ORDER BY settled_at"
        ),
        {"source": source_id, "since": since},
    )
    return [row.settled_at for row in rows]


def recover(tx: Transaction, held: Lease, source_id: str, idempotent: bool, look_up_at: int = 0) -> None:
    """What a dead sender left as `sending`: again where the network knows our key, else a person decides."""
    check(tx, [held])
    lock = tx.for_update
    rows = tx.connection.execute(
        text(
            "SELECT id, message_id, act FROM outbox WHERE source_id = :source AND state = 'sending' AND token <> :token"
            f" ORDER BY id{lock}"
        ),
        {"source": source_id, "token": held.token},
    ).all()
    again = [row for row in rows if idempotent or row.act != "send"]  # a later act done twice is done once
    values = [(row.id, "queued", tx.now) for row in again]
    batch.update(tx.connection, outbox, ("id",), ("state", "not_before"), values)
    _refresh(tx, [row.message_id for row in again])
    lost = [row for row in rows if row not in again]
    outcomes = [
        Outcome(row.id, row.message_id, "unknown", reason="sender_died", not_before=look_up_at)
        for row in lost
    ]
    settle(tx, held, outcomes)


def take_ready(
    tx: Transaction,
    held: Lease,
    source_id: str,
    policy: WindowPolicy,
    limit: int,
    lent_policy: WindowPolicy | None = None,
) -> list[Ready]:
    """The oldest part of each conversation that may go now, marked `sending`; the window is checked once more.

    `lent_policy` holds for conversations on private accounts; None: the same.

    A part whose window closed meanwhile ends as undelivered: never sent late, never dropped.
    """
    check(tx, [held])
    first: dict[str, Row[Any]] = {}
    for row in _pending(tx.connection, source_id):
        if row.conversation_id not in first and not _stands_aside(row, tx.now):
            first[row.conversation_id] = row
    due = [row for row in first.values() if row.state != "sending" and row.not_before <= tx.now][:limit]
    due = _unchanged(tx, due)
    allowed: list[tuple[Row[Any], str | None]] = []
    closed: list[tuple[Row[Any], str | None]] = []
    for row in due:
        # A bounce or block that came meanwhile counts too.
        to_its_own = "letter" not in orjson.loads(row.content)
        reach: Reach = "blocked_by_client" if row.unreachable and to_its_own else "ok"
        if not standing.may_speak(row):
            reach = "no_permission_at_provider"
        holds = standing.policy_of(row, policy, lent_policy or policy)
        window = reply_window(holds, row.last_client_at, tx.now, Content(), reach=reach)
        overridden = bool(orjson.loads(row.message_content).get("override"))
        may = window.allow or (overridden and window.overridable) or row.act == "delete"
        (allowed if may else closed).append((row, window.refusal))
    settle(
        tx,
        held,
        [
            Outcome(row.id, row.message_id, "undelivered", reason=refusal or "window_closed")
            for row, refusal in closed
        ],
    )
    ready = [row for row, _ in allowed]
    marks = [
        (row.id, "sending", row.attempts + 1, tx.now, row.first_tried_at or tx.now, held.token)
        for row in ready
    ]
    batch.update(
        tx.connection, outbox, ("id",), ("state", "attempts", "tried_at", "first_tried_at", "token"), marks
    )
    _refresh(tx, [row.message_id for row in ready])
    references = _references(tx.connection, {row.conversation_id for row in ready})
    waiting = letters.waiting_of(tx.connection, [row.message_id for row in ready])
    return [
        _ready(row, references.get(row.conversation_id, ()), waiting.get(row.message_id, ())) for row in ready
    ]


def _unchanged(tx: Transaction, rows: Sequence[Row[Any]]) -> list[Row[Any]]:
    """Hold the rows, without those that somebody took back or concluded since they were read."""
    held = batch.select(
        tx.connection,
        "SELECT o.id, o.state FROM {wanted} JOIN outbox o ON o.id = w.id ORDER BY o.id",
        {"id": sorted(row.id for row in rows)},
        lock="FOR UPDATE OF o",
    )
    states = {row.id: row.state for row in held}
    return [row for row in rows if states.get(row.id) == row.state]


def _pending(connection: Connection, source_id: str) -> Sequence[Row[Any]]:
    return connection.execute(
        text(
            "SELECT o.id, o.message_id, o.conversation_id, o.part, o.act, o.state, o.content, o.created_at, o.not_before,"
            " o.attempts, o.first_tried_at, o.prepared, c.thread, c.contact_id, c.subject, i.kind AS identity_kind,"
            " i.value AS identity_value, p.name AS contact_name,"
            f" {standing.UNREACHABLE} AS unreachable, {standing.ANCHOR}, {standing.STANDING},"
            " m.content AS message_content, m.reply_to_external, r.external_id AS reply_to"
            " FROM outbox o JOIN conversation c ON c.id = o.conversation_id JOIN message m ON m.id = o.message_id"
            " JOIN identity i ON i.id = c.identity_id JOIN contact p ON p.id = c.contact_id"
            " LEFT JOIN address a ON a.source_id = o.source_id AND a.identity_id = c.identity_id"
            f" LEFT JOIN message r ON r.id = m.reply_to_id {standing.JOINED}"
            " WHERE o.source_id = :source AND o.state IN ('held', 'queued', 'sending', 'postponed')"
            " ORDER BY o.created_at, o.message_id, o.part LIMIT 500"
        ),
        {"source": source_id},
    ).all()


def _stands_aside(row: Row[Any], now: int) -> bool:
    """A part that was postponed for long lets the later ones pass."""
    return (
        row.state == "postponed" and now - (row.first_tried_at or now) > HOLDS_OTHERS and row.not_before > now
    )


def _references(connection: Connection, conversations: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """The network's ids of each conversation's last messages, oldest first (a letter's References)."""
    rows = batch.select(
        connection,
        "SELECT * FROM (SELECT m.conversation_id, m.external_id, m.at, row_number() OVER"
        " (PARTITION BY m.conversation_id ORDER BY m.at DESC, m.id DESC) AS place FROM {wanted}"
        " JOIN message m ON m.conversation_id = w.id AND m.external_id IS NOT NULL) AS known"
        " WHERE place <= 20 ORDER BY at",
        {"id": sorted(conversations)},
    )
    found: dict[str, tuple[str, ...]] = {}
    for row in rows:
        found[row.conversation_id] = (*found.get(row.conversation_id, ()), row.external_id)
    return found


def _ready(row: Row[Any], references: tuple[str, ...], waiting: tuple[str, ...]) -> Ready:
    return Ready(
        row.id, row.message_id, row.act, row.conversation_id, row.contact_id, row.thread, row.identity_kind,
        row.identity_value, row.contact_name, row.subject, orjson.loads(row.content), row.reply_to or "", references,
        row.attempts + 1, row.created_at, waiting, bytes(row.prepared or b""),
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one attempt: `sent postponed queued failed unknown undelivered cancelled`."""

    id: str
    message_id: str
    state: str
    external_ids: tuple[str, ...] = ()
    reason: str = ""
    detail: str = ""
    not_before: int = 0
    unreachable: str = ""
    """Why the address cannot be written to from now on; "" it can."""
    told: tuple[letters.Told, ...] = ()
    """What is true of single addressees of a letter; the part's own state holds for the others that still wait."""


def settle(tx: Transaction, held: Lease | None, outcomes: Sequence[Outcome]) -> None:
    """Store what became of parts. An echo may have proved a part sent before the call's answer came: that stands."""
    if not outcomes:
        return
    if held is not None:
        check(tx, [held])
    current = {
        row.id: row
        for row in batch.select(
            tx.connection,
            "SELECT o.id, o.state, o.source_id, o.conversation_id, o.message_id, o.act, o.content, o.external_ids FROM {wanted}"
            " JOIN outbox o ON o.id = w.id ORDER BY o.id",
            {"id": sorted(outcome.id for outcome in outcomes)},
            lock="FOR UPDATE OF o",
        )
    }
    valid = [outcome for outcome in outcomes if current[outcome.id].state in (*PENDING, "unknown")]
    valid = _addressees(tx, _not_anothers(tx, valid, current), current)
    batch.update(
        tx.connection, outbox, ("id",),
        ("state", "reason", "detail", "not_before", "external_ids", "settled_at"),
        [
            (o.id, o.state, o.reason, o.detail[:1000], o.not_before, list(o.external_ids), tx.now) for o in valid
        ],
    )  # fmt: skip
    _count(tx, valid, current)
    _name(tx, valid, current)
    _unreachable(tx, valid, current)
    amends.carry_out(tx, [(current[o.id], o.state) for o in valid if current[o.id].act != "send"])
    _refresh(tx, [outcome.message_id for outcome in valid])
    tx.ring("outbox")


def _not_anothers(
    tx: Transaction, outcomes: Sequence[Outcome], current: Mapping[str, Row[Any]]
) -> list[Outcome]:
    """A network that ignores a repeated key answers with the message that had it first: when that is another of ours, this
    one never left."""
    named = [
        (current[o.id].source_id, external_id, o)
        for o in outcomes
        if o.state == "sent" and current[o.id].act == "send"
        for external_id in o.external_ids
    ]
    keys = {"source_id": [one[0] for one in named], "external_id": [one[1] for one in named]}
    ours = "EXISTS (SELECT 1 FROM outbox o WHERE o.message_id = {id} AND o.act = 'send' AND o.state = 'sent')"
    direct = (
        "SELECT m.id, w.external_id FROM {wanted} JOIN message m ON m.source_id = w.source_id"
        f" AND m.external_id = w.external_id WHERE {ours.replace('{id}', 'm.id')}"
    )
    alias = (
        "SELECT a.message_id AS id, w.external_id FROM {wanted} JOIN message_alias a ON a.source_id = w.source_id"
        f" AND a.external_id = w.external_id WHERE {ours.replace('{id}', 'a.message_id')}"
    )
    owners = {
        (row.external_id, row.id) for sql in (direct, alias) for row in batch.select(tx.connection, sql, keys)
    }
    taken = {
        o.id for _, external_id, o in named for name, owner in owners if name == external_id and owner != o.message_id
    }  # fmt: skip
    return [
        replace(o, state="failed", reason="key_taken", external_ids=()) if o.id in taken else o
        for o in outcomes
    ]


def _count(tx: Transaction, outcomes: Sequence[Outcome], current: Mapping[str, Row[Any]]) -> None:
    """The outgoing half of the account; a part that leaves `unknown` gives its place back."""
    for outcome in outcomes:
        row = current[outcome.id]
        if outcome.state in LEFT:
            tx.count(row.source_id, **{outcome.state: 1})
        if row.state in LEFT:
            tx.count(row.source_id, **{row.state: -1})


def _name(tx: Transaction, outcomes: Sequence[Outcome], current: Mapping[str, Row[Any]]) -> None:
    """Remember the network's ids: the first names the message, the others are its aliases."""
    for outcome in outcomes:
        if not outcome.external_ids:
            continue
        first, *others = outcome.external_ids
        named = tx.connection.execute(
            text(
                "UPDATE message SET external_id = :external WHERE id = :id AND external_id IS NULL"
                " AND NOT EXISTS (SELECT 1 FROM message x WHERE x.source_id = :source AND x.external_id = :external)"
            ),
            {"external": first, "id": outcome.message_id, "source": current[outcome.id].source_id},
        ).rowcount
        ids = others if named else [first, *others]
        rows = [(current[outcome.id].source_id, external_id, outcome.message_id) for external_id in ids]
        batch.insert(
            tx.connection, message_alias, ("source_id", "external_id", "message_id"), rows, ignore=True
        )


UNREACHABLE: Final = (
    "UPDATE address SET unreachable = 1, reason = :reason, changed_at = :at WHERE source_id = :source AND identity_id ="
    " (SELECT c.identity_id FROM conversation c WHERE c.id = :conversation AND c.connection = '')",
    "UPDATE conversation SET unreachable = 1, reason = :reason, reach_changed_at = :at"
    " WHERE id = :conversation AND connection <> ''",
)


def _unreachable(tx: Transaction, outcomes: Sequence[Outcome], current: Mapping[str, Row[Any]]) -> None:
    """Providers tell whole seconds: who comes back within the second of our refusal has come back."""
    for outcome in outcomes:
        if outcome.unreachable and "letter" not in orjson.loads(current[outcome.id].content):
            values = {
                "reason": outcome.unreachable, "at": tx.now - tx.now % SECOND,
                "source": current[outcome.id].source_id, "conversation": current[outcome.id].conversation_id,
            }  # fmt: skip
            for sql in UNREACHABLE:
                tx.connection.execute(text(sql), values)


AT_ADDRESSEES = {"sent": "sent", "failed": "failed", "undelivered": "undelivered", "cancelled": "failed"}


def _addressees(
    tx: Transaction, outcomes: Sequence[Outcome], current: Mapping[str, Row[Any]]
) -> list[Outcome]:
    """Store what became of letters at each addressee. One that reached somebody did leave, whatever became of the rest."""
    posted = {o.message_id: o for o in outcomes if "letter" in orjson.loads(current[o.id].content)}
    if not posted:
        return list(outcomes)
    letters.settle_recipients(tx, [(o.message_id, told) for o in posted.values() for told in o.told])
    ended = {
        o.message_id: (AT_ADDRESSEES[o.state], o.reason, o.detail)
        for o in posted.values()
        if o.state in AT_ADDRESSEES
    }
    letters.settle_waiting(tx, ended)
    for outcome in posted.values():
        for told in outcome.told:
            if told.dead:
                letters.mark_dead(tx, current[outcome.id].source_id, [told.address], told.reason)
    failed = [o.message_id for o in posted.values() if o.state == "failed"]
    reached = {
        message
        for message, rows in letters.of_messages(tx.connection, failed).items()
        if any(row.state == "sent" for row in rows)
    }
    return [
        replace(
            o, state="sent", external_ids=o.external_ids or tuple(orjson.loads(current[o.id].external_ids))
        )
        if o.message_id in reached
        else o
        for o in outcomes
    ]


def keep_prepared(tx: Transaction, held: Lease, row_id: str, prepared: bytes) -> None:
    """Remember the bytes of a part before its first attempt."""
    check(tx, [held])
    tx.connection.execute(
        text("UPDATE outbox SET prepared = :prepared WHERE id = :id"), {"prepared": prepared, "id": row_id}
    )


def _refresh(tx: Transaction, messages: Iterable[str]) -> None:
    """Bring messages up to their parts: a message shows the worst of them."""
    ids = sorted(set(messages))
    parts: dict[str, list[Row[Any]]] = {}
    for row in batch.select(
        tx.connection,
        "SELECT o.message_id, o.state, o.reason, m.conversation_id, m.contact_id, m.state AS shown, m.content"
        " FROM {wanted} JOIN outbox o ON o.message_id = w.id AND o.act = 'send' JOIN message m ON m.id = o.message_id"
        " ORDER BY o.part",
        {"id": ids},
    ):
        parts.setdefault(row.message_id, []).append(row)
    shown = []
    for message_id, rows in parts.items():
        state = next(state for state in WORST if any(row.state == state for row in rows))
        reason = next((row.reason for row in rows if row.state == state), "")
        if rows[0].shown in ("delivered", "read") and state == "sent":
            continue
        shown.append((message_id, state, reason))
        tx.changed("message", message_id, rows[0].contact_id)
        tx.changed("conversation", rows[0].conversation_id, rows[0].contact_id)
        if state in ("failed", "undelivered", "cancelled") and rows[0].shown not in (
            "failed",
            "undelivered",
            "cancelled",
        ):
            unanswer(tx, orjson.loads(rows[0].content))
    batch.update(tx.connection, message, ("id",), ("state", "reason"), shown)
    for message_id, state, _ in shown:
        tx.connection.execute(
            text(
                "UPDATE conversation SET last_state = :state WHERE last_message_id = :id AND id = :conversation"
            ),
            {"state": state, "id": message_id, "conversation": parts[message_id][0].conversation_id},
        )


def unanswer(tx: Transaction, content: Mapping[str, Any]) -> None:
    """What did not leave is no answer: conversations stand as before it, unless something happened since."""
    owe_again(tx, content.get("called_back", ()))
    for conversation_id, before in content.get("before", {}).items():
        row = tx.connection.execute(
            text(
                "UPDATE conversation SET state = CASE WHEN state = 'waiting' THEN :state ELSE state END,"
                " waiting_since = COALESCE(:since, waiting_since), due_at = :due, deadline_at = :deadline,"
                " answered_at = :answered WHERE id = :id AND answered_at = :mine RETURNING contact_id"
            ),
            {
                "id": conversation_id, "state": before["state"], "since": before["waiting_since"],
                "due": before["due_at"], "deadline": before["deadline_at"], "answered": before["answered_at"],
                "mine": before["mine"],
            },
        ).first()  # fmt: skip
        if row is not None:
            tx.changed("conversation", conversation_id, row.contact_id)


def mark_answered(tx: Transaction, conversation_id: str, at: int) -> dict[str, Any]:
    """A person answers: stop the clock; returns how it stood, so that a failure can put it back."""
    row = tx.connection.execute(
        text(
            "SELECT state, waiting_since, heard_at, answered_at, snoozed_until, due_at, deadline_at, contact_id"
            " FROM conversation WHERE id = :id"
        ),
        {"id": conversation_id},
    ).one()
    before = Status(
        state=row.state, waiting_since=row.waiting_since, heard_at=row.heard_at, answered_at=row.answered_at,
        snoozed_until=row.snoozed_until,
    )  # fmt: skip
    after = answered(before, at)
    still = after.waiting_since is not None
    columns = ("state", "waiting_since", "answered_at", "snoozed_until", "due_at", "deadline_at")
    values = (
        conversation_id, after.state, after.waiting_since, after.answered_at, after.snoozed_until,
        row.due_at if still else None, row.deadline_at if still else None,
    )  # fmt: skip
    batch.update(tx.connection, conversation, ("id",), columns, [values])
    tx.changed("conversation", conversation_id, row.contact_id)
    return {
        "state": row.state, "waiting_since": row.waiting_since, "due_at": row.due_at,
        "deadline_at": row.deadline_at, "answered_at": row.answered_at, "mine": after.answered_at,
    }  # fmt: skip


def bounced(tx: Transaction, message_id: str, reason: str) -> None:
    """The network took it and brought it back: its parts did not reach the client after all."""
    lock = tx.for_update
    rows = tx.connection.execute(
        text(
            "SELECT id, state, source_id FROM outbox WHERE message_id = :id AND act = 'send' AND state IN ('sent', 'unknown')"
            f" ORDER BY id{lock}"
        ),
        {"id": message_id},
    ).all()
    values = [(row.id, "undelivered", reason, tx.now) for row in rows]
    batch.update(tx.connection, outbox, ("id",), ("state", "reason", "settled_at"), values)
    for row in rows:
        tx.count(row.source_id, **{row.state: -1})
        tx.count(row.source_id, undelivered=1)


def proven(tx: Transaction, row_id: str, external_id: str, at: int) -> bool:
    """The network shows a part of ours: it left, whatever the call's answer was. False when that was known."""
    lock = tx.for_update
    row = tx.connection.execute(
        text(
            "SELECT id, state, source_id FROM outbox WHERE id = :id"
            f" AND state IN ('sending', 'unknown', 'queued', 'postponed'){lock}"
        ),
        {"id": row_id},
    ).first()
    if row is None:
        return False
    values = [(row.id, "sent", [external_id], at, "")]
    batch.update(tx.connection, outbox, ("id",), ("state", "external_ids", "settled_at", "reason"), values)
    if row.state in LEFT:
        tx.count(row.source_id, **{row.state: -1})
    tx.count(row.source_id, sent=1)
    return True


def undo(tx: Transaction, member_id: str, message_id: str) -> tuple[str, list[dict[str, Any]]]:
    """Take a held message back; its words and files. Raises Conflict too_late once a part has left."""
    rows = parts_of(tx, message_id)
    if any(row.state != "held" and row.state != "queued" for row in rows) or rows[0].author_id != member_id:
        raise Conflict("too_late")
    settle(tx, None, [Outcome(row.id, message_id, "cancelled", reason="undone") for row in rows])
    files = [file for row in rows for file in orjson.loads(row.content)["files"]]
    tx.connection.execute(text("UPDATE message SET deleted = 1 WHERE id = :id"), {"id": message_id})
    show_newest(tx, rows[0].conversation_id)
    return rows[0].text, files


def again(tx: Transaction, message_id: str, *, states: tuple[str, ...]) -> None:
    """Put parts that failed (or may have) back into the queue. Raises Conflict not_now."""
    rows = [row for row in parts_of(tx, message_id) if row.state in states]
    if not rows:
        raise Conflict("not_now")
    fresh = [(row.id, "queued", tx.now, 0, None, "") for row in rows]
    columns = ("state", "not_before", "attempts", "first_tried_at", "reason")
    batch.update(tx.connection, outbox, ("id",), columns, fresh)
    tx.connection.execute(
        text(
            "UPDATE recipient SET state = 'waiting', reason = '', detail = '' WHERE message_id = :id AND state <> 'sent'"
        ),
        {"id": message_id},
    )
    for row in rows:
        if row.state in LEFT:
            tx.count(row.source_id, **{row.state: -1})
    _refresh(tx, [message_id])
    tx.ring("outbox")


def conclude(tx: Transaction, message_id: str, state: str, reason: str) -> None:
    """A person says what became of parts that nobody knows about, or gives waiting ones up. Raises Conflict not_now."""
    wanted = ("unknown",) if state == "sent" else ("unknown", "queued", "postponed", "held")
    rows = [row for row in parts_of(tx, message_id) if row.state in wanted]
    if not rows:
        raise Conflict("not_now")
    settle(tx, None, [Outcome(row.id, message_id, state, reason=reason) for row in rows])


def parts_of(tx: Transaction, message_id: str) -> Sequence[Row[Any]]:
    """The parts of a message of ours, held. Raises Conflict not_found."""
    lock = " FOR UPDATE OF o" if tx.connection.dialect.name == "postgresql" else ""
    rows = tx.connection.execute(
        text(
            "SELECT o.id, o.state, o.content, o.source_id, o.conversation_id, o.created_at, o.not_before, o.external_ids,"
            " m.author_id, m.text FROM outbox o"
            f" JOIN message m ON m.id = o.message_id WHERE o.message_id = :id AND o.act = 'send' ORDER BY o.part{lock}"
        ),
        {"id": message_id},
    ).all()
    if not rows:
        raise Conflict("not_found", 404)
    return rows
