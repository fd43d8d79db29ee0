"""Whom does a letter of ours go to, and what became of it at each of them?"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Row, text

from storage import batch, likeness
from storage.ids import new_id
from storage.tables import contact, contact_identity, conversation, identity, recipient, thread_member
from storage.transaction import Transaction

MAIL = "email"
"""The kind of identity that letters go to."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Addressee:
    """One address a letter goes to; `kind` is to, cc or bcc."""

    address: str
    name: str = ""
    kind: str = "to"


@dataclass(frozen=True, kw_only=True, slots=True)
class Letter:
    """What makes a message a letter. All of it is frozen with the message: later changes of settings do not reach it."""

    recipients: tuple[Addressee, ...]
    subject: str
    signature: str = ""
    references: tuple[str, ...] = ()
    """External ids of the letters before it, oldest first; () begins a thread."""
    answers: str = ""
    """External id of the letter it answers."""
    quoted: Mapping[str, Any] | None = None
    carried: tuple[dict[str, Any], ...] = ()
    """Files of the letter that is handed on."""
    inline: frozenset[str] = field(default_factory=frozenset)
    """Uploads that are shown inside it."""

    def content(self) -> dict[str, Any]:
        """What its part keeps."""
        people = [{"address": r.address, "name": r.name, "kind": r.kind} for r in self.recipients]
        return {
            "recipients": people, "subject": self.subject, "signature": self.signature, "answers": self.answers,
            "references": list(self.references), "quoted": self.quoted,
        }  # fmt: skip

    def shown(self) -> dict[str, Any]:
        """What the message shows above its words."""
        by = {kind: [_line(r) for r in self.recipients if r.kind == kind] for kind in ("to", "cc", "bcc")}
        return {"from": "", **by, "reply_to": "", "references": list(self.references)}


def _line(one: Addressee) -> str:
    return f"{one.name} <{one.address}>" if one.name else one.address


def store_recipients(
    tx: Transaction, message_id: str, conversation_id: str, people: Sequence[Addressee]
) -> None:
    """Keep whom a letter goes to; from now on they take part in its thread."""
    columns = ("message_id", "address", "name", "kind", "state", "changed_at")
    rows = [(message_id, one.address, one.name, one.kind, "waiting", tx.now) for one in people]
    batch.insert(tx.connection, recipient, columns, rows, ignore=True)
    members = sorted({(conversation_id, one.address) for one in people})
    batch.insert(tx.connection, thread_member, ("conversation_id", "address"), members, ignore=True)


def dead_addresses(connection: Connection, source_id: str, addresses: Iterable[str]) -> list[str]:
    """Those that an earlier letter from this source came back from for good."""
    values = sorted(set(addresses))
    rows = batch.select(
        connection,
        "SELECT w.value FROM {wanted} JOIN identity i ON i.kind = w.kind AND i.value = w.value"
        " JOIN address a ON a.identity_id = i.id AND a.source_id = :source AND a.unreachable = 1 ORDER BY w.value",
        {"value": values, "kind": [MAIL] * len(values)},
        source=source_id,
    )
    return [row.value for row in rows]


def waiting_of(connection: Connection, message_ids: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """message -> addresses that it still has to reach."""
    found: dict[str, tuple[str, ...]] = {}
    for row in batch.select(
        connection,
        "SELECT r.message_id, r.address FROM {wanted} JOIN recipient r ON r.message_id = w.id"
        " AND r.state = 'waiting' ORDER BY r.message_id, r.address",
        {"id": sorted(set(message_ids))},
    ):
        found[row.message_id] = (*found.get(row.message_id, ()), row.address)
    return found


def of_messages(connection: Connection, message_ids: Iterable[str]) -> dict[str, list[Row[Any]]]:
    """message -> its addressees with what became of each."""
    found: dict[str, list[Row[Any]]] = {}
    for row in batch.select(
        connection,
        "SELECT r.message_id, r.address, r.name, r.kind, r.state, r.reason, r.detail FROM {wanted}"
        " JOIN recipient r ON r.message_id = w.id ORDER BY r.message_id, r.kind DESC, r.address",
        {"id": sorted(set(message_ids))},
    ):
        found.setdefault(row.message_id, []).append(row)
    return found


@dataclass(frozen=True, slots=True)
class Told:
    """What became of a letter at one address. `dead`: the address itself does not exist."""

    address: str
    state: str
    reason: str = ""
    detail: str = ""
    dead: bool = False


def settle_recipients(tx: Transaction, told: Iterable[tuple[str, Told]]) -> None:
    """Store what became of letters (message, what) at their addressees."""
    rows = [(message, t.address, t.state, t.reason, t.detail[:500], tx.now) for message, t in told]
    batch.update(
        tx.connection, recipient, ("message_id", "address"), ("state", "reason", "detail", "changed_at"), rows
    )


def settle_waiting(tx: Transaction, states: Mapping[str, tuple[str, str, str]]) -> None:
    """What became of a whole letter (message -> state, reason, detail) is true of all whom it still had to reach."""
    waiting = waiting_of(tx.connection, states)
    settle_recipients(
        tx,
        [
            (message, Told(address, *states[message]))
            for message, addresses in waiting.items()
            for address in addresses
        ],
    )


def mark_dead(tx: Transaction, source_id: str, addresses: Iterable[str], reason: str) -> None:
    """These addresses do not exist: the next letter to one is asked about first."""
    for value in sorted(set(addresses)):
        tx.connection.execute(
            text(
                "INSERT INTO address (source_id, identity_id, unreachable, reason, changed_at)"
                " SELECT :source, i.id, 1, :reason, :now FROM identity i WHERE i.kind = :kind AND i.value = :value"
                " ON CONFLICT (source_id, identity_id) DO UPDATE SET unreachable = 1, reason = excluded.reason,"
                " changed_at = excluded.changed_at"
            ),
            {"source": source_id, "reason": reason, "now": tx.now, "kind": MAIL, "value": value},
        )


def begin(tx: Transaction, source_id: str, to: Addressee, subject: str, member_id: str) -> str:
    """A conversation that we begin with somebody, known or not; its id."""
    identity_id = _identity(tx, to.address)
    contact_id = _contact(tx, identity_id, to)
    made = new_id(tx.now)
    columns = (
        "id", "source_id", "thread", "contact_id", "identity_id", "nature", "state", "subject", "last_at",
        "assignee_id", "attribution", "demo", "created_at", "updated_at",
    )  # fmt: skip
    values: tuple[Any, ...] = (
        made, source_id, f"new:{made}", contact_id, identity_id, "client", "waiting", subject[:500], tx.now, member_id,
        {}, 0, tx.now, tx.now,
    )  # fmt: skip
    batch.insert(tx.connection, conversation, columns, [values])
    return made


def _identity(tx: Transaction, address: str) -> str:
    rows = [(new_id(tx.now), MAIL, address, tx.now)]
    batch.insert(tx.connection, identity, ("id", "kind", "value", "created_at"), rows, ignore=True)
    lock = tx.for_update
    found: str = tx.connection.execute(
        text(f"SELECT id FROM identity WHERE kind = :kind AND value = :value{lock}"),
        {"kind": MAIL, "value": address},
    ).scalar_one()
    return found


def _contact(tx: Transaction, identity_id: str, to: Addressee) -> str:
    """The one person of this address; a new one where nobody or several are known by it."""
    known = tx.connection.execute(
        text("SELECT contact_id FROM contact_identity WHERE identity_id = :id LIMIT 2"), {"id": identity_id}
    ).all()
    if len(known) == 1:
        found: str = known[0].contact_id
        return found
    made = new_id(tx.now)
    columns = ("id", "name", "name_from", "attribution", "demo", "created_at", "updated_at")
    values: tuple[Any, ...] = (
        made, (to.name or to.address)[:200], "stated" if to.name else "address", {}, 0, tx.now, tx.now,
    )  # fmt: skip
    batch.insert(tx.connection, contact, columns, [values])
    batch.insert(
        tx.connection, contact_identity, ("contact_id", "identity_id", "origin", "verified", "name", "created_at"),
        [(made, identity_id, "stated", 0, to.name, tx.now)], ignore=True,
    )  # fmt: skip
    likeness.note(tx, [(made, identity_id)])
    tx.changed("contact", made, made)
    return made
