"""Which clients have a responsible who owns none of their deals since we last looked, and what does the policy make of them?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson
from sqlalchemy import Connection, Row

from routing import responsible as rule
from routing.codes import MismatchPolicy
from routing.responsible import Held, Mismatch
from storage import batch, leads, log, responsible
from storage.history import Act, row_of
from storage.transaction import Transaction

AT_ONCE = 500


def touched(connection: Connection, since: int) -> tuple[list[str], int]:
    """Mismatched contacts of which something changed after this number of the live log, and how far was looked."""
    entries = log.after(connection, since, AT_ONCE)
    if not entries:
        return [], since
    contacts = {entry.contact_id for entry in entries if entry.contact_id}
    contacts |= {entry.object_id for entry in entries if entry.type == "contact"}
    alone = sorted({entry.object_id for entry in entries if entry.type == "deal" and not entry.contact_id})
    rows = batch.select(
        connection, "SELECT d.contact_id FROM {wanted} JOIN deal d ON d.id = w.id", {"id": alone}
    )
    contacts |= {row.contact_id for row in rows}
    return responsible.mismatched(connection, sorted(contacts)), entries[-1].seq


def settle(tx: Transaction, contact_id: str, policy: MismatchPolicy) -> str:
    """Let the policy settle a mismatch, with its decision, undone like any act; the act, "" where a person is asked."""
    contact = row_of(tx, "contact", contact_id)
    rows = responsible.mismatch_of(tx.connection, contact_id)
    if not rows:
        return ""
    decision = rule.settle(policy, _mismatch(tx, contact.responsible_id, contact_id, rows))
    if not decision.chosen or not responsible.working(tx, decision.chosen):
        return ""
    act = Act(tx, "", "contact.responsible")
    responsible.apply(act, contact_id, rows, policy)
    done = act.close("contact", contact_id, {"policy": policy, "automatic": True})
    leads.keep_decision(tx, decision, deal_id=rows[0].deal_id, conversation_id=None, contact_id=contact_id)
    return done


def _mismatch(tx: Transaction, responsible_id: str, contact_id: str, rows: Sequence[Row[Any]]) -> Mismatch:
    given = _given_by_hand(tx.connection, [contact_id, *(row.deal_id for row in rows)])
    deals = []
    for row in rows:
        since, taken = row.accepted_at or 0, given.get(row.deal_id)
        by_hand = taken is not None and taken[0] == row.owner_id and taken[1] >= since
        deals.append(
            Held(
                deal_id=row.deal_id,
                owner=row.owner_id,
                since=taken[1] if taken and by_hand else since,
                by_hand=by_hand,
            )
        )
    named = given.get(contact_id)
    return Mismatch(
        responsible=responsible_id, deals=deals,
        named_at=named[1] if named is not None and named[0] == responsible_id else None,
        works=bool(responsible.working(tx, [responsible_id])),
    )  # fmt: skip


def _given_by_hand(connection: Connection, ids: Sequence[str]) -> dict[str, tuple[str, int]]:
    """contact or deal -> to whom a person gave it last, and when; not those that a rule of ours gave on since."""
    rows = batch.select(
        connection,
        "SELECT c.object_id, c.after, c.by_id, c.at FROM {wanted} JOIN change c ON c.object_id = w.id"
        " AND c.field IN ('owner_id', 'responsible_id') ORDER BY c.at, c.id",
        {"id": list(ids)},
    )
    newest = {row.object_id: row for row in rows}
    return {
        ref: (str(orjson.loads(row.after or "null")), row.at)
        for ref, row in newest.items()
        if row.by_id is not None
    }
