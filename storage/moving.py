"""What happens when messages turn out to be about another deal? One act, written down, taken back as a whole."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Protocol

from sqlalchemy import Row, text

from storage import batch
from storage.acts import locked
from storage.errors import Conflict
from storage.flush import DEAL, next_numbers
from storage.history import Act, row_of
from storage.ids import new_id
from storage.tables import deal, deal_party, stage_history
from storage.transaction import Transaction

SAID = "kind NOT IN ('note', 'system')"


def move_messages(
    tx: Transaction, message_id: str, by: str, deal_id: str | None, scope: str, stage: tuple[str, str],
    more: Sequence[str] = (),
) -> str:  # fmt: skip
    """Move one message (and `more` of the same contact), it and all later ones, or the whole conversation.

    `deal_id` None is a new lead of their own, so that `following` splits a conversation at a message. All but `one` pin the
    conversation. Returns the act that takes it back; "" when everything was there already. Raises Conflict.
    """
    row, found = _held(tx, message_id)
    act = Act(tx, by, "message.move")
    if deal_id is None:
        deal_id = new_lead(act, row, by, stage)
    else:
        row_of(tx, "deal", deal_id)
    ids = _chosen(tx, found, row, scope, more)
    act.set_many("message", ids, "deal_id", deal_id)
    touches = batch.select(
        tx.connection, "SELECT t.id FROM {wanted} JOIN touch t ON t.message_id = w.id", {"id": ids}
    )
    act.set_many("touch", [touch.id for touch in touches], "deal_id", deal_id)
    act.join(deal_id, row.contact_id)
    if scope != "one":
        act.set("conversation", row.id, pinned_deal_id=deal_id)
    _follow(act, ids)
    tx.changed("contact", row.contact_id, row.contact_id)
    return act.close("conversation", row.id, {"to": deal_id, "scope": scope, "messages": len(ids)})


def _held(tx: Transaction, message_id: str) -> tuple[Row[Any], Row[Any]]:
    """The conversation and the message, held in the order of locks: the contact first. Raises Conflict not_found."""
    found = tx.connection.execute(
        text("SELECT conversation_id, contact_id, at, seq, id FROM message WHERE id = :id"),
        {"id": message_id},
    ).first()
    if found is None:
        raise Conflict("not_found", 404)
    row_of(tx, "contact", found.contact_id)
    row = locked(tx, found.conversation_id)
    if row.contact_id != found.contact_id:  # merged while we waited
        raise Conflict("not_now")
    return row, found


def _chosen(
    tx: Transaction, found: Row[Any], row: Row[Any], scope: str, more: Sequence[str]
) -> list[str]:  # fmt: skip
    where = {
        "one": "id = :id",
        "following": "conversation_id = :conversation AND (at, seq, id) >= (:at, :seq, :id)",
        "conversation": "conversation_id = :conversation",
    }[scope]
    rows = tx.connection.execute(
        text(f"SELECT id FROM message WHERE {where} AND {SAID}"),
        {"id": found.id, "conversation": row.id, "at": found.at, "seq": found.seq},
    )
    ids = [one.id for one in rows]
    others = batch.select(
        tx.connection,
        f"SELECT m.id, m.contact_id FROM {{wanted}} JOIN message m ON m.id = w.id AND m.{SAID}",
        {"id": sorted(set(more) - set(ids))},
    )
    if len(others) != len(set(more) - set(ids)) or any(o.contact_id != row.contact_id for o in others):
        raise Conflict("bad_request", 422, field="message_ids")
    return [*ids, *(one.id for one in others)]


def _follow(act: Act, messages: Iterable[str]) -> None:
    """Every conversation of these messages is about the deal of its newest one."""
    rows = batch.select(
        act.tx.connection,
        "SELECT DISTINCT m.conversation_id FROM {wanted} JOIN message m ON m.id = w.id",
        {"id": sorted(messages)},
    )
    for row in sorted(rows):
        newest = act.tx.connection.execute(
            text("SELECT deal_id FROM message WHERE conversation_id = :id AND direction <> 'none' AND deleted = 0"
                 " ORDER BY at DESC, seq DESC, id DESC LIMIT 1"),
            {"id": row.conversation_id},
        ).scalar()  # fmt: skip
        act.set("conversation", row.conversation_id, deal_id=newest)


class Where(Protocol):
    """Where a lead comes from."""

    @property
    def id(self) -> str | None: ...
    @property
    def source_id(self) -> str | None: ...
    @property
    def contact_id(self) -> str: ...


def new_lead(
    act: Act, row: Where | Row[Any], owner_id: str | None, stage: tuple[str, str], title: str = ""
) -> str:
    """A lead of the person who asks for it: nobody else is to be asked. Without an owner it is routed."""
    tx = act.tx
    deal_id = new_id(tx.now)
    name = tx.connection.execute(
        text("SELECT name FROM contact WHERE id = :id"), {"id": row.contact_id}
    ).scalar()
    waiting, due = ("", None) if owner_id else ("new", tx.now)
    values: tuple[Any, ...] = (
        deal_id, next_numbers(tx.connection, "deal", 1), row.contact_id, stage[0], stage[1], "lead", 1,
        title or name or "", "RUB", owner_id, None, row.source_id, row.id, waiting, due, 0, 0, 0, {}, 0, tx.now, tx.now,
        tx.now if owner_id else None, None, {},
    )  # fmt: skip
    batch.insert(tx.connection, deal, DEAL, [values])
    party = (deal_id, row.contact_id, "client", 1)
    batch.insert(tx.connection, deal_party, ("deal_id", "contact_id", "role", "main"), [party])
    entered = (new_id(tx.now), deal_id, None, stage[1], owner_id, tx.now)
    batch.insert(
        tx.connection, stage_history, ("id", "deal_id", "from_id", "to_id", "by_id", "at"), [entered]
    )
    act.made("deal", deal_id)
    tx.changed("deal", deal_id, row.contact_id)
    if not owner_id:
        tx.ring("router")
    return deal_id


def move_all(act: Act, from_id: str, to_id: str) -> None:
    """Everything said about one deal goes to another, with its enquiries, its people and its conversations' pins."""
    tx = act.tx
    ids = [
        row.id
        for row in tx.connection.execute(text("SELECT id FROM message WHERE deal_id = :id"), {"id": from_id})
    ]
    touches = tx.connection.execute(text("SELECT id FROM touch WHERE deal_id = :id"), {"id": from_id})
    act.set_many("touch", [row.id for row in touches], "deal_id", to_id)
    act.set_many("message", ids, "deal_id", to_id)
    for row in tx.connection.execute(
        text("SELECT contact_id, role FROM deal_party WHERE deal_id = :id ORDER BY contact_id"),
        {"id": from_id},
    ).all():
        act.join(to_id, row.contact_id, row.role)
    for row in tx.connection.execute(
        text(
            "SELECT id, pinned_deal_id FROM conversation WHERE deal_id = :id OR pinned_deal_id = :id ORDER BY id"
        ),
        {"id": from_id},
    ).all():
        pinned = to_id if row.pinned_deal_id == from_id else row.pinned_deal_id
        act.set("conversation", row.id, deal_id=to_id, pinned_deal_id=pinned)
