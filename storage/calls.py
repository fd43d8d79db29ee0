"""Which calls ring, settle, were asked for, and are still to be called back?"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson
from sqlalchemy import Connection, Row, text

from routing.call_backs import NEXT_SECOND
from routing.times import MINUTE, SECOND, Micros
from storage import batch
from storage.board import Board, Command
from storage.owing import LATELY
from storage.tables import call_command, phone_call
from storage.transaction import Transaction

ADOPTED_WITHIN: Final = 5 * MINUTE
"""An outgoing call of the same person to the same number so soon after a command is taken for its call."""
COLUMNS = (
    "source_id", "call", "message_id", "contact_id", "direction", "state", "outcome", "line", "member_id", "ringing",
    "rang", "live", "stale", "repaired", "started_at", "ended_at", "look_at",
)  # fmt: skip
MAY_OWN = "lead.accept"


def load(connection: Connection, board: Board) -> None:
    """Who may own leads, and which commands to call have no call yet."""
    rows = connection.execute(
        text(
            "SELECT DISTINCT r.member_id FROM member_role r JOIN role_permission p ON p.role_id = r.role_id"
            " WHERE p.permission = :permission"
        ),
        {"permission": MAY_OWN},
    )
    board.may_own = {row.member_id for row in rows}
    open_ones = connection.execute(
        text(
            "SELECT id, source_id, member_id, extension, number, deal_id, COALESCE(ref, '') AS ref, created_at"
            " FROM call_command WHERE state IN ('requested','accepted') AND created_at > :since ORDER BY created_at DESC"
        ),
        {"since": board.now - ADOPTED_WITHIN},
    )
    board.commands = [Command(*row) for row in open_ones]


def write(tx: Transaction, board: Board) -> None:
    """Keep what the batch's calls come to, and tell the consoles."""
    rows = [
        {"source_id": pair[0], "call": pair[1], **call.row}
        for pair, call in sorted(board.calls.items())
        if call.row is not None
    ]
    values = [tuple(row[name] for name in COLUMNS) for row in rows]
    batch.insert(tx.connection, phone_call, COLUMNS, values, ignore=True)
    batch.update(tx.connection, phone_call, COLUMNS[:2], COLUMNS[2:], values)
    for row in rows:
        if row["message_id"]:
            tx.changed("call", row["message_id"], row["contact_id"])
        if row["live"]:
            tx.ring("calls")
    batch.update(tx.connection, call_command, ("id",), ("state", "message_id"), sorted(set(board.linked)))


def due(connection: Connection, now: Micros, limit: int) -> list[tuple[str, str]]:
    """Calls that settle or have to be given up, the oldest first."""
    rows = connection.execute(
        text(
            "SELECT source_id, call FROM phone_call WHERE live = 1 AND look_at <= :now ORDER BY look_at LIMIT :limit"
        ),
        {"now": now, "limit": limit},
    )
    return [(row.source_id, row.call) for row in rows]


def look_later(tx: Transaction, source_id: str, call: str, at: Micros) -> None:
    """It could not be looked at now."""
    tx.connection.execute(
        text("UPDATE phone_call SET look_at = :at WHERE source_id = :source AND call = :call AND live = 1"),
        {"at": at, "source": source_id, "call": call},
    )


def let_go(tx: Transaction, source_id: str, call: str) -> None:
    """Its source is gone: nobody looks at the call any more."""
    tx.connection.execute(
        text("UPDATE phone_call SET live = 0, look_at = NULL WHERE source_id = :source AND call = :call"),
        {"source": source_id, "call": call},
    )


def next_look(connection: Connection) -> Micros | None:
    """When the next call is to be looked at."""
    found: int | None = connection.execute(
        text("SELECT min(look_at) FROM phone_call WHERE live = 1")
    ).scalar()
    return found


def on_call(connection: Connection) -> set[str]:
    """Members who talk now."""
    rows = connection.execute(
        text(
            "SELECT DISTINCT member_id FROM phone_call WHERE live = 1 AND state = 'answered' AND member_id IS NOT NULL"
        )
    )
    return {row.member_id for row in rows}


CARD = (
    "SELECT p.message_id, p.source_id, p.call, p.contact_id, p.direction, p.state, p.line, p.member_id, p.ringing, p.rang,"
    " p.started_at, p.live, p.stale, m.nature, m.conversation_id, d.id AS deal_id, c.name, c.responsible_id, d.number, d.title,"
    " d.stage_kind, d.owner_id, s.name AS stage, i.value AS phone, a.name AS answered_name, r.name AS responsible_name,"
    " (SELECT t.campaign FROM touch t WHERE t.message_id = p.message_id LIMIT 1) AS campaign,"
    " (SELECT count(*) FROM phone_call o WHERE o.contact_id = p.contact_id AND o.started_at > :since) AS calls,"
    " (SELECT min(t.done_at) FROM task t WHERE t.contact_id = m.contact_id AND t.kind = 'call_back'"
    f" AND t.done_at >= COALESCE(p.ended_at, p.started_at) + {NEXT_SECOND}) AS dealt_with_at"
)
FROM = (
    " JOIN message m ON m.id = p.message_id JOIN conversation v ON v.id = m.conversation_id"
    " JOIN contact c ON c.id = p.contact_id LEFT JOIN identity i ON i.id = v.identity_id"
    " LEFT JOIN member a ON a.id = p.member_id LEFT JOIN member r ON r.id = c.responsible_id"
    " LEFT JOIN deal d ON d.id = COALESCE(m.deal_id, (SELECT x.id FROM deal x JOIN deal_party y ON y.deal_id = x.id"
    " WHERE y.contact_id = p.contact_id AND x.open = 1 ORDER BY x.last_activity_at DESC, x.id LIMIT 1))"
    " LEFT JOIN stage s ON s.id = d.stage_id"
)
RECENT: Final = 30 * 24 * 60 * MINUTE
SHOWN_AFTER: Final = 10 * MINUTE
"""A missed call's card stays so long."""


@dataclass(frozen=True, slots=True)
class Cards:
    """Calls as ringing cards show them, and to whom a call rings that reaches nobody's telephone yet."""

    rows: list[Row[Any]]
    queues: dict[str, tuple[str, ...]]
    """source -> members of its queue on shift."""


def cards(connection: Connection, message_ids: Iterable[str], now: Micros) -> Cards:
    """The cards of these calls."""
    rows = batch.select(
        connection,
        f"{CARD} FROM {{wanted}} JOIN phone_call p ON p.message_id = w.id{FROM}",
        {"id": sorted(set(message_ids))},
        since=now - RECENT,
    )
    return Cards(rows, _queues(connection, {row.source_id for row in rows}))


def current(connection: Connection, now: Micros) -> Cards:
    """The cards of every call that rings or talks now, or was missed just now."""
    rows = connection.execute(
        text(
            f"{CARD} FROM phone_call p{FROM} WHERE p.started_at > :after AND p.direction = 'in'"
            " AND (p.live = 1 OR p.state = 'missed') AND p.stale = 0 ORDER BY p.started_at"
        ),
        {"since": now - RECENT, "after": now - SHOWN_AFTER},
    ).all()
    return Cards(list(rows), _queues(connection, {row.source_id for row in rows}))


def _queues(connection: Connection, sources: set[str]) -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for row in batch.select(
        connection,
        "SELECT s.id AS source_id, q.member_id FROM {wanted} JOIN source s ON s.id = w.id"
        " JOIN queue_member q ON q.queue_id = s.queue_id JOIN member m ON m.id = q.member_id"
        " AND m.active = 1 AND m.presence = 'on_shift' ORDER BY q.position",
        {"id": sorted(sources)},
    ):
        found.setdefault(row.source_id, []).append(row.member_id)
    return {source: tuple(members) for source, members in found.items()}


def shown_to(cards: Cards, row: Row[Any]) -> tuple[str, ...]:
    """Whose screen the card stands on. While it rings: whose telephone rings, else who should take it. While they talk:
    who talks. Missed: whoever was rung, else who should have been, until somebody has dealt with it. Only a client's."""
    if row.nature != "client":
        return ()
    if row.direction != "in" or row.stale or (row.state == "missed" and row.dealt_with_at is not None):
        return ()
    rings, rang = orjson.loads(row.ringing), orjson.loads(row.rang)
    should = [one for one in (row.owner_id, row.responsible_id) if one][:1]
    whole_queue = list(cards.queues.get(row.source_id, ()))
    match row.state:
        case "ringing":
            return tuple(rings or should or whole_queue)
        case "answered":
            return (row.member_id,) if row.member_id else ()
        case "missed":
            return tuple(rang or should or whole_queue)
    return ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Order:
    """A member has a number called."""

    id: str
    member_id: str
    extension: str
    source_id: str
    number: str
    contact_id: str | None
    deal_id: str | None


SAME_WITHIN: Final = 10 * SECOND
ORDER = (
    "id",
    "source_id",
    "member_id",
    "extension",
    "number",
    "contact_id",
    "deal_id",
    "state",
    "created_at",
)


def command(tx: Transaction, order: Order) -> tuple[str, bool]:
    """Keep the command; its id, and whether it is new: the same within ten seconds is the one before, though both were
    pressed at once."""
    held = f"SELECT id FROM member WHERE id = :id{tx.for_update}"
    tx.connection.execute(text(held), {"id": order.member_id})
    before = tx.connection.execute(
        text(
            "SELECT id FROM call_command WHERE member_id = :member AND number = :number AND created_at > :since"
            " AND state IN ('requested','accepted','linked') ORDER BY created_at DESC LIMIT 1"
        ),
        {"member": order.member_id, "number": order.number, "since": tx.now - SAME_WITHIN},
    ).scalar()
    if before is not None:
        return str(before), False
    row = (
        order.id, order.source_id, order.member_id, order.extension, order.number, order.contact_id, order.deal_id,
        "requested", tx.now,
    )  # fmt: skip
    batch.insert(tx.connection, call_command, ORDER, [row])
    return order.id, True


def commanded(tx: Transaction, command_id: str, state: str, *, ref: str = "", reason: str = "") -> None:
    """What became of a command."""
    tx.connection.execute(
        text(
            "UPDATE call_command SET state = CASE WHEN state = 'linked' THEN state ELSE :state END,"
            " ref = COALESCE(:ref, ref), reason = :reason WHERE id = :id"
        ),
        {"id": command_id, "state": state, "ref": ref or None, "reason": reason},
    )


def recent_commands(connection: Connection, member_id: str, since: Micros) -> int:
    """How many calls a member has asked for lately."""
    found: int = connection.execute(
        text("SELECT count(*) FROM call_command WHERE member_id = :member AND created_at > :since"),
        {"member": member_id, "since": since},
    ).scalar_one()
    return found


def give_up(tx: Transaction, patience: Micros) -> Sequence[str]:
    """Commands that no call followed: their members are told."""
    rows = tx.connection.execute(
        text(
            "UPDATE call_command SET state = 'expired' WHERE state IN ('requested','accepted') AND created_at < :before"
            " RETURNING id, member_id"
        ),
        {"before": tx.now - patience},
    ).all()
    for row in rows:
        tx.changed("notification", "call_not_placed", audience=f"member:{row.member_id}")
    return [row.id for row in rows]


def close_call_backs(tx: Transaction, contact_id: str, member_id: str | None, result: str) -> list[str]:
    """People are in touch again: the client's call-back task is done; which."""
    rows = tx.connection.execute(
        text(
            "UPDATE task SET done_at = :now, done_by_id = :member, result = :result,"
            " attempted_at = COALESCE(attempted_at, :now)"
            " WHERE contact_id = :contact AND kind = 'call_back' AND done_at IS NULL RETURNING id"
        ),
        {"now": tx.now, "member": member_id, "result": result, "contact": contact_id},
    ).all()
    for row in rows:
        tx.changed("task", row.id, contact_id)
    tell_missed(tx, [row.id for row in rows])
    return [row.id for row in rows]


TOUCHED: Final = ("", "done", "reached", "wrote")
"""Results of a call-back task that mean that we were in touch with the client; "": a call proved it."""


def tell_missed(tx: Transaction, task_ids: Sequence[str]) -> None:
    """Show the missed calls of these call-back tasks anew: somebody has dealt with them, or nobody has after all."""
    for row in batch.select(
        tx.connection,
        "SELECT m.id, m.contact_id FROM {wanted} JOIN task t ON t.id = w.id AND t.kind = 'call_back'"
        " JOIN message m ON m.contact_id = t.contact_id AND m.at > t.created_at - :late"
        " AND m.kind = 'call' AND m.state = 'missed' ORDER BY m.id",
        {"id": sorted(set(task_ids))},
        late=LATELY,
    ):
        tx.changed("message", row.id, row.contact_id)
        tx.changed("call", row.id, row.contact_id)


def called_back(connection: Connection, contact_ids: Iterable[str]) -> dict[str, list[Row[Any]]]:
    """contact -> when we were in touch after a call of theirs was missed, and how (`done_at`, `result`), earliest first."""
    found: dict[str, list[Row[Any]]] = {}
    for row in batch.select(
        connection,
        "SELECT t.contact_id, t.done_at, t.result FROM {wanted} JOIN task t ON t.contact_id = w.id"
        " AND t.kind = 'call_back' AND t.done_at IS NOT NULL ORDER BY t.done_at",
        {"id": sorted(set(contact_ids))},
    ):
        if row.result in TOUCHED:
            found.setdefault(row.contact_id, []).append(row)
    return found


def owe_again(tx: Transaction, task_ids: Sequence[str]) -> None:
    """What was to close them never left: they are open as before. Where the client rang in vain again since, that call back
    stands for both and is due as early as the first was: a client is owed one."""
    for task_id in task_ids:
        if not _handed_on(tx, task_id):
            tx.connection.execute(
                text(
                    "UPDATE task SET done_at = NULL, done_by_id = NULL, result = '' WHERE id = :id AND result = 'wrote'"
                ),
                {"id": task_id},
            )
        tx.changed("task", task_id)
    tell_missed(tx, task_ids)


def _handed_on(tx: Transaction, task_id: str) -> bool:
    found = tx.connection.execute(
        text(
            "UPDATE task SET due_at = CASE WHEN due_at < old.before THEN due_at ELSE old.before END"
            " FROM (SELECT contact_id AS client, due_at AS before FROM task WHERE id = :id AND result = 'wrote') old"
            " WHERE task.contact_id = old.client AND task.kind = 'call_back' AND task.done_at IS NULL RETURNING id"
        ),
        {"id": task_id},
    ).all()
    for row in found:
        tx.connection.execute(
            text("UPDATE task SET result = 'unsent' WHERE id = :id AND result = 'wrote'"), {"id": task_id}
        )
        tx.changed("task", row.id)
    return bool(found)


def overdue(connection: Connection, now: Micros) -> list[Row[Any]]:
    """Call-back tasks whose time is over and that nobody has tried yet."""
    return list(
        connection.execute(
            text(
                "SELECT t.id, t.contact_id, t.owner_id, t.due_at, t.raised, q.head_id, x.deputy_id FROM task t"
                " LEFT JOIN conversation c ON c.id = t.conversation_id LEFT JOIN source s ON s.id = c.source_id"
                " LEFT JOIN queue q ON q.id = s.queue_id LEFT JOIN team x ON x.id = q.team_id"
                " WHERE t.kind = 'call_back' AND t.done_at IS NULL AND t.attempted_at IS NULL AND t.due_at <= :now"
                " AND t.raised < 3 ORDER BY t.due_at LIMIT 200"
            ),
            {"now": now},
        )
    )


def raised(tx: Transaction, task_id: str, step: int, members: Sequence[str]) -> None:
    """Tell these people that a client still waits for a call."""
    done = tx.connection.execute(
        text("UPDATE task SET raised = :step WHERE id = :id AND raised < :step AND done_at IS NULL"),
        {"id": task_id, "step": step},
    ).rowcount
    if not done:
        return
    for member_id in members:
        tx.changed("notification", f"call_back_overdue:{task_id}", audience=f"member:{member_id}")
    tx.changed("task", task_id)


def admins(connection: Connection) -> list[str]:
    """Active administrators."""
    rows = connection.execute(
        text(
            "SELECT r.member_id FROM member_role r JOIN member m ON m.id = r.member_id AND m.active = 1"
            " JOIN role o ON o.id = r.role_id WHERE o.name = 'admin' ORDER BY r.member_id"
        )
    )
    return [row.member_id for row in rows]
