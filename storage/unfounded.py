"""Which leads rest on one call alone, and how do they end when it was no client's?"""

from __future__ import annotations

from typing import Final

from sqlalchemy import Connection, text

from storage import batch, leads
from storage.board import Board
from storage.history import Act
from storage.tasks import close_tasks
from storage.transaction import Transaction

NOT_INCOMING: Final = "not_incoming"
"""Why such a lead ended (`deal.lost_reason`)."""
UNTOUCHED = (
    "SELECT d.id FROM {wanted} JOIN deal d ON d.id = w.id AND d.open = 1 AND d.stage_kind = 'lead'"
    " WHERE NOT EXISTS (SELECT 1 FROM message o WHERE o.deal_id = d.id AND o.id <> w.message_id)"
    " AND NOT EXISTS (SELECT 1 FROM change g WHERE g.object_id = d.id)"
    " AND NOT EXISTS (SELECT 1 FROM offer f WHERE f.deal_id = d.id AND f.state = 'accepted')"
    " AND NOT EXISTS (SELECT 1 FROM stage_history h WHERE h.deal_id = d.id AND h.by_id IS NOT NULL)"
    " AND NOT EXISTS (SELECT 1 FROM task t WHERE t.deal_id = d.id AND t.author_id IS NOT NULL)"
)


def load(connection: Connection, board: Board) -> None:
    """Which of the leads of the batch's calls nobody has said or done anything about."""
    told = sorted(
        {(one.deal_id, one.id) for one in board.messages.values() if one.kind == "call" and one.deal_id}
    )
    deals, messages = zip(*told, strict=True) if told else ((), ())
    rows = batch.select(connection, UNTOUCHED, {"id": list(deals), "message_id": list(messages)})
    board.untouched = {row.id for row in rows}


def end(tx: Transaction, board: Board) -> None:
    """These leads end: what looked like a client's call was one of ours. Their numbers stay, and say so."""
    for deal_id, message_id in sorted(board.unfounded):
        leads.withdraw(tx, deal_id)
        act = Act(tx, "", "deal.unfounded")
        close_tasks(act, deal_id)
        act.set(
            "deal", deal_id, open=0, stage_kind="merged", lost_reason=NOT_INCOMING, waiting="", next_at=None,
            closed_at=tx.now,
        )  # fmt: skip
        act.close("deal", deal_id, {"message": message_id})
        tx.connection.execute(text("DELETE FROM touch WHERE message_id = :id"), {"id": message_id})
