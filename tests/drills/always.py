"""Is everything true that must always be true (design, I1 to I7)? Asked of the rows alone, by plain SQL."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Connection, text

from gateway.context import Gateway
from gateway.sealer import seal_up
from gateway.verifying import verify
from routing.decision import Decision
from routing.replay import reevaluate
from storage.account import balances
from storage.decisions import RECORD, record_of

QUIET: Final = {
    "I1 nothing waits": "SELECT id FROM envelope WHERE state = 0",
    "I1 what was ignored or set aside says why": (
        "SELECT id FROM envelope WHERE (state = 2 AND reason = '') OR (state = 3 AND error = '')"
    ),
    "I4 nothing is under way": "SELECT id FROM outbox WHERE state IN ('held', 'queued', 'sending', 'postponed')",
}
"""True once nothing is left to do."""

ALWAYS: Final = {
    "I2 every envelope's key is known": (
        "SELECT e.id FROM envelope e WHERE e.key IS NOT NULL AND NOT EXISTS"
        " (SELECT 1 FROM envelope_key k WHERE k.source_id = e.source_id AND k.key = e.key)"
    ),
    "I2 an event is journalled once": (
        "SELECT source_id, key FROM envelope WHERE key IS NOT NULL GROUP BY source_id, key HAVING count(*) > 1"
    ),
    "I2 an address that is one person's is one contact's": (
        "SELECT i.id FROM identity i JOIN contact_identity c ON c.identity_id = i.id WHERE i.shared = 0"
        " GROUP BY i.id HAVING count(DISTINCT c.contact_id) > 1"
    ),
    "I2 a contact has one new lead at a time": (
        "SELECT contact_id FROM deal WHERE open = 1 AND stage_kind = 'lead' AND repeat = 0"
        " GROUP BY contact_id HAVING count(*) > 1"
    ),
    "I3 a conversation shows its newest message": (
        "SELECT c.id FROM conversation c JOIN message l ON l.id = c.last_message_id WHERE EXISTS (SELECT 1 FROM message m"
        " WHERE m.conversation_id = c.id AND m.deleted = 0 AND m.direction <> 'none'"
        " AND (m.at > l.at OR (m.at = l.at AND m.seq > l.seq)))"
    ),
    "I3 a conversation counts what came in": (
        "SELECT c.id FROM conversation c WHERE c.inbound <> (SELECT count(*) FROM message m"
        " WHERE m.conversation_id = c.id AND m.direction = 'in')"
    ),
    "I4 what looks sent was sent": (
        "SELECT m.id FROM message m WHERE m.direction = 'out' AND m.state IN ('sent', 'delivered', 'read')"
        " AND EXISTS (SELECT 1 FROM outbox o WHERE o.message_id = m.id AND o.act = 'send' AND o.state <> 'sent')"
    ),
    "I4 what was sent has the network's name": (
        "SELECT m.id FROM message m JOIN outbox o ON o.message_id = m.id WHERE o.act = 'send' AND o.state = 'sent'"
        " AND o.external_ids <> '[]' AND m.external_id IS NULL"
    ),
    "I5 a message is on its conversation's timeline": (
        "SELECT m.id FROM message m LEFT JOIN conversation c ON c.id = m.conversation_id LEFT JOIN contact p"
        " ON p.id = m.contact_id WHERE c.id IS NULL OR p.id IS NULL"
    ),
    "I5 a client's message is on a deal": (
        "SELECT m.id FROM message m LEFT JOIN deal d ON d.id = m.deal_id WHERE m.nature = 'client' AND m.direction = 'in'"
        # a call that rings is nobody's enquiry yet
        " AND d.id IS NULL AND NOT EXISTS (SELECT 1 FROM phone_call p WHERE p.message_id = m.id AND p.live = 1"
        " AND p.state = 'ringing')"
    ),
    "I5 a message has a reason for its deal": (
        "SELECT m.id FROM message m WHERE m.nature = 'client' AND m.direction = 'in' AND m.deal_id IS NOT NULL"
        " AND NOT EXISTS (SELECT 1 FROM decision d WHERE d.message_id = m.id)"
    ),
    "I6 every lead has an owner, an offer or a reason to wait": (
        "SELECT d.id FROM deal d WHERE d.open = 1 AND d.stage_kind = 'lead' AND d.owner_id IS NULL AND d.waiting = ''"
        " AND NOT EXISTS (SELECT 1 FROM offer o WHERE o.deal_id = d.id AND o.state = 'open')"
    ),
}  # fmt: skip


async def broken(gateway: Gateway, *, quiet: bool = True) -> dict[str, list[str]]:
    """rule -> what breaks it; {} when all is well. `quiet`: nothing is left to do any more."""
    found = await gateway.database.read(_rows, {**ALWAYS, **(QUIET if quiet else {})})
    unbalanced = {
        one.source_id: one.differences
        for one in await gateway.database.read_whole(balances)
        if not one.balanced
    }
    if unbalanced:
        found["I1 the accounts balance"] = [str(unbalanced)]
    wrong = await gateway.database.read(_decisions)
    if wrong:
        found["I7 a decision follows from its facts"] = wrong
    await seal_up(gateway)
    verification = await verify(gateway)
    if verification.found:
        found["I9 the chain holds"] = [str(problem) for problem in verification.problems[:5]]
    return found


def _rows(connection: Connection, rules: dict[str, str]) -> dict[str, list[str]]:
    found = {}
    for rule, statement in rules.items():
        rows = connection.execute(text(f"{statement} LIMIT 5")).all()
        if rows:
            found[rule] = [str(tuple(row)) for row in rows]
    return found


def _decisions(connection: Connection) -> list[str]:
    wrong = []
    for row in connection.execute(text(f"SELECT d.id, {RECORD} ORDER BY d.id")):
        stored = Decision.from_json(record_of((row.record, row.list)))
        again = reevaluate(stored)
        if (again.rule, again.chosen) != (stored.rule, stored.chosen):
            wrong.append(f"{row.id}: {stored.rule} {stored.chosen} -> {again.rule} {again.chosen}")
    return wrong[:5]


async def assert_always_true(gateway: Gateway, *, quiet: bool = True) -> None:
    """All of I1 to I7, or which rows break what."""
    found = await broken(gateway, quiet=quiet)
    assert not found, found
