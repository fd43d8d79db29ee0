"""Which conversations stand in the queue, in which order?

Pages go by keyset: each part of an order is walked along its index, so a page deep down costs as much as the first.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import Connection, Row, text

from routing import conversations
from routing.answering import SILENT
from routing.members import HEARTBEAT
from routing.times import MINUTE
from storage import batch, standing
from storage.reach import Reach, mine_or_lent
from storage.transaction import Transaction

SOON = 30 * MINUTE
CLAIM = 2 * MINUTE

MINE_OR_LENT = mine_or_lent("c")
VIEWS = {
    "unanswered": "c.state = 'open' AND c.waiting_since IS NOT NULL AND c.nature = 'client'",
    "mine": f"c.assignee_id = :me AND c.state <> 'closed' AND (c.nature <> 'personal' OR {MINE_OR_LENT})",
    "all": "c.state <> 'closed' AND c.nature NOT IN ('spam', 'personal', 'blocked')",
    "snoozed": "c.state = 'snoozed' AND c.nature <> 'personal'",
    "closed": "c.state = 'closed' AND c.nature <> 'personal'",
    "nobody": "c.state = 'open' AND c.assignee_id IS NULL AND c.nature = 'client'",
    "spam": "c.nature = 'spam'",
    "blocked": "c.nature = 'blocked'",
    "personal": f"c.nature = 'personal' AND c.state <> 'closed' AND {MINE_OR_LENT}",
}
IS_OWN = {
    "sqlite": "c.id IN (SELECT id FROM own)",
    # An array, so that PostgreSQL looks each of them up: joined, it may read a whole list of others' to find none of theirs.
    "postgresql": "c.id = ANY(ARRAY(SELECT id FROM own))",
}


@dataclass(frozen=True, slots=True)
class Part:
    """One stretch of an order: its rows, the column they go by, and in which direction.

    Each of `wheres` is walked along an index of its own, and the walks are merged.
    """

    wheres: tuple[str, ...]
    column: str
    down: bool


WAITS = "c.state = 'open' AND c.waiting_since IS NOT NULL"
RESTS = "c.state = 'open' AND c.waiting_since IS NULL"
CALM = "(c.state <> 'open' OR c.waiting_since IS NULL)"
URGENT = (
    Part((f"{WAITS} AND c.closes_at > :now AND c.closes_at <= :soon",), "closes_at", False),
    Part(
        (f"{WAITS} AND c.deadline_at IS NOT NULL AND (c.closes_at IS NULL OR c.closes_at > :soon"
         " OR (c.closes_at <= :now AND (c.gone_at IS NULL OR c.gone_at > :now)))",),
        "deadline_at", False,
    ),
    Part((f"{WAITS} AND c.gone_at <= :now",), "waiting_since", True),
)  # fmt: skip
LONGEST = (Part((WAITS,), "waiting_since", False),)
QUIET = (Part((f"c.state <> 'closed' AND {CALM}",), "last_at", True),)
NEWEST = (Part(("1 = 1",), "last_at", True),)


def parts_of(view: str, order: str) -> tuple[Part, ...]:
    """The stretches of an order in a view; those that can have no row there are left out."""
    match view, order:
        case (("closed" | "snoozed" | "spam" | "personal" | "blocked"), _):
            return NEWEST
        case "unanswered", ("urgent" | "longest"):
            return URGENT if order == "urgent" else LONGEST
        case _, "urgent":
            return URGENT + QUIET
        case _, "longest":
            return LONGEST + QUIET
        case "unanswered", _:
            return (Part((WAITS,), "last_at", True),)
        case "all", _:
            return (Part((WAITS, f"c.state <> 'closed' AND {CALM}"), "last_at", True),)
    return NEWEST


ORDERS = ("urgent", "newest", "longest")


@dataclass(frozen=True, kw_only=True, slots=True)
class Ask:
    """A wish for a page of the queue."""

    view: str
    order: str
    reach: Reach
    source_id: str | None = None
    contacts: tuple[str, ...] | None = None
    """Only conversations of these; None: of everybody."""
    cursor: str | None = None
    limit: int = 50


def page(connection: Connection, ask: Ask, now: int) -> tuple[list[str], str | None]:
    """The ids of a page and the cursor of the next; None: that was the last."""
    parts = parts_of(ask.view, ask.order)
    place, after = _read_cursor(ask.cursor, len(parts))
    found: list[tuple[int, int, str]] = []
    while place < len(parts) and len(found) <= ask.limit:
        rows = _walk(connection, ask, parts[place], after, ask.limit + 1 - len(found), now)
        found += [(place, row.at, row.id) for row in rows]
        place, after = place + 1, None
    ids = [row[2] for row in found[: ask.limit]]
    return ids, _cursor(found[ask.limit - 1]) if len(found) > ask.limit else None


def cursor_at(connection: Connection, ask: Ask, conversation_id: str, now: int) -> str | None:
    """Where this conversation stands in the order: the cursor of what comes after it; None: it is not in the list."""
    values = {"id": conversation_id, "me": ask.reach.me, "now": now, "soon": now + SOON}
    for place, part in enumerate(parts_of(ask.view, ask.order)):
        where = " OR ".join(f"({one})" for one in part.wheres)
        row = connection.execute(
            text(
                f"SELECT c.id, c.{part.column} AS at FROM conversation c"
                f" WHERE c.id = :id AND {VIEWS[ask.view]} AND ({where})"
            ),
            values,
        ).first()
        if row is not None:
            return _cursor((place, row.at, row.id))
    return None


def _walk(
    connection: Connection, ask: Ask, part: Part, after: tuple[int, str] | None, limit: int, now: int
) -> Sequence[Row[Any]]:
    sign, direction = ("<", "DESC") if part.down else (">", "ASC")
    parameters: dict[str, Any] = {"me": ask.reach.me, "now": now, "soon": now + SOON, "limit": limit}
    also = ""
    if ask.source_id is not None:
        also += " AND c.source_id = :source"
        parameters["source"] = ask.source_id
    if ask.contacts is not None:
        marks = {f"contact{place}": ref for place, ref in enumerate(ask.contacts)}
        also += f" AND c.contact_id IN ({', '.join(f':{name}' for name in marks) or 'NULL'})"
        parameters |= marks
    if after is not None:
        also += f" AND (c.{part.column}, c.id) {sign} (:after_at, :after_id)"
        parameters["after_at"], parameters["after_id"] = after
    if not ask.reach.everybody:
        also += f" AND {IS_OWN[connection.dialect.name]}"
    walks = [
        f"SELECT c.id, c.{part.column} AS at FROM conversation c WHERE {VIEWS[ask.view]} AND {where}{also}"
        f" ORDER BY c.{part.column} {direction}, c.id {direction} LIMIT :limit"
        for where in part.wheres
    ]
    sql = walks[0]
    if len(walks) > 1:
        merged = " UNION ALL ".join(
            f"SELECT id, at FROM ({walk}) AS w{place}" for place, walk in enumerate(walks)
        )
        sql = f"{merged} ORDER BY at {direction}, id {direction} LIMIT :limit"
    if not ask.reach.everybody:
        sql = f"WITH own AS MATERIALIZED {ask.reach.conversations} {sql}"
        parameters |= ask.reach.values
    return connection.execute(text(sql), parameters).all()


def _cursor(row: tuple[int, int, str]) -> str:
    return base64.urlsafe_b64encode(orjson.dumps(row)).decode().rstrip("=")


def _read_cursor(cursor: str | None, parts: int) -> tuple[int, tuple[int, str] | None]:
    """Where to go on; a cursor nobody gave out begins anew."""
    if cursor is None:
        return 0, None
    try:
        place, at, row_id = orjson.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (ValueError, TypeError):
        return 0, None
    if not (
        isinstance(place, int) and 0 <= place < parts and isinstance(at, int) and isinstance(row_id, str)
    ):
        return 0, None
    return place, (at, row_id)


ROW = (
    "SELECT c.id, c.contact_id, c.source_id, c.identity_id, c.state, c.nature, c.subject, c.waiting_since, c.deadline_at,"
    " c.due_at, c.closes_at, c.gone_at, c.assignee_id, c.deal_id, c.pinned_deal_id, c.last_message_id, c.last_at,"
    " c.last_text, c.last_kind, c.last_author, c.last_author_id, c.last_state, c.inbound, c.snoozed_until, c.private_to,"
    f" {standing.ANCHOR}, {standing.STANDING},"
    " p.name AS contact_name, m.name AS assignee_name, l.name AS last_author_name, d.number AS deal_number,"
    " d.title AS deal_title, d.stage_kind, g.name AS stage_name,"
    f" {standing.UNREACHABLE} AS unreachable, {standing.REASON} AS reach,"
    " k.member_id AS claim_id, k.until AS claim_until, n.name AS claim_name, r.inbound AS read_inbound, r.kept_unread,"
    " r.message_id AS read_message_id, t.text AS draft"
    " FROM {wanted} JOIN conversation c ON c.id = w.id JOIN contact p ON p.id = c.contact_id"
    " LEFT JOIN member m ON m.id = c.assignee_id LEFT JOIN member l ON l.id = c.last_author_id"
    " LEFT JOIN deal d ON d.id = c.deal_id LEFT JOIN stage g ON g.id = d.stage_id"
    " LEFT JOIN address a ON a.source_id = c.source_id AND a.identity_id = c.identity_id"
    f" {standing.JOINED}"
    " LEFT JOIN claim k ON k.conversation_id = c.id LEFT JOIN member n ON n.id = k.member_id"
    " LEFT JOIN read_marker r ON r.conversation_id = c.id AND r.member_id = :me"
    " LEFT JOIN draft t ON t.conversation_id = c.id AND t.member_id = :me AND t.mode = 'reply'"
    " ORDER BY w.n"
)


@dataclass(frozen=True, slots=True)
class Facts:
    """All that rows show, beside the sources' own data."""

    rows: list[Row[Any]]
    offered: dict[str, tuple[str, str]]
    """deal -> (member, name) of one open offer."""
    also: dict[str, list[tuple[str, str]]]
    """contact -> (conversation, source) of its unanswered conversations."""


def facts(connection: Connection, ids: Sequence[str], member_id: str) -> Facts:
    """What the rows of these conversations show to a member; three statements whatever their number."""
    rows = batch.select(connection, ROW, {"id": list(ids)}, me=member_id)
    deals = sorted({row.deal_id for row in rows if row.deal_id and row.stage_kind == "lead"})
    offers = batch.select(
        connection,
        "SELECT o.deal_id, o.member_id, m.name FROM {wanted} JOIN offer o ON o.deal_id = w.id AND o.state = 'open'"
        " JOIN member m ON m.id = o.member_id ORDER BY o.id",
        {"id": deals},
    )
    others = batch.select(
        connection,
        "SELECT c.contact_id, c.id, c.source_id FROM {wanted} JOIN conversation c ON c.contact_id = w.id"
        " AND c.state = 'open' AND c.waiting_since IS NOT NULL",
        {"id": sorted({row.contact_id for row in rows})},
    )
    also: dict[str, list[tuple[str, str]]] = {}
    for row in others:
        also.setdefault(row.contact_id, []).append((row.id, row.source_id))
    return Facts(rows, {row.deal_id: (row.member_id, row.name) for row in offers}, also)


def visible(connection: Connection, ids: Sequence[str], reach: Reach) -> set[str]:
    """Those of the conversations that are there and that the member may see."""
    sql = (
        "SELECT c.id FROM {wanted} JOIN conversation c ON c.id = w.id"
        f" WHERE (c.nature <> 'personal' OR {MINE_OR_LENT})"
    )
    if not reach.everybody:
        sql += f" AND {reach.conversation('c')}"
    return {row.id for row in batch.select(connection, sql, {"id": list(ids)}, **reach.given(sql))}


MOST = 10_000
"""Nobody needs a larger number on a filter exactly."""


def counters(connection: Connection, reach: Reach, now: int) -> dict[str, int]:
    """The numbers on the filters, counted along partial indexes as far as `MOST`."""
    own = "" if reach.everybody else f" AND c.id IN {reach.conversations}"

    def number(where: str) -> str:
        return f"(SELECT count(*) FROM (SELECT 1 FROM conversation c WHERE {where} LIMIT {MOST}) AS n)"

    row = connection.execute(
        text(
            f"SELECT {number(VIEWS['unanswered'] + own)} AS unanswered, {number(VIEWS['mine'])} AS mine,"
            f" {number(WAITS + own)} + {number(RESTS + own)} AS everything,"
            f" {number(VIEWS['snoozed'] + own)} AS snoozed,"
            " (SELECT count(*) FROM offer WHERE member_id = :me AND state = 'open' AND expires_at > :now) AS offers,"
            " (SELECT count(*) FROM source WHERE state = 'broken') AS broken,"
            " (SELECT coalesce(sum(set_aside), 0) FROM account) AS aside"
        ),
        {**reach.values, "now": now},
    ).one()
    return {
        "unanswered": row.unanswered, "mine": row.mine, "all": row.everything, "snoozed": row.snoozed,
        "offers": row.offers, "sources_broken": row.broken, "set_aside": int(row.aside),
    }  # fmt: skip


def claim(tx: Transaction, conversation_id: str, member_id: str) -> bool:
    """Claim a conversation for two minutes; False: somebody else has it."""
    row = tx.connection.execute(
        text(
            "INSERT INTO claim (conversation_id, member_id, until) VALUES (:id, :me, :until)"
            " ON CONFLICT (conversation_id) DO UPDATE SET member_id = :me, until = :until"
            " WHERE claim.until <= :now OR claim.member_id = :me RETURNING conversation_id"
        ),
        {"id": conversation_id, "me": member_id, "until": tx.now + CLAIM, "now": tx.now},
    ).first()
    if row is not None:
        tx.changed("conversation", conversation_id)
    return row is not None


def take(tx: Transaction, conversation_id: str, member_id: str, leaves: str | None = None) -> bool:
    """Claim the conversation if Take next may give it to the member now; False: it may not, or somebody was faster.
    `leaves`: the one they go on from is free for colleagues again."""
    lock = tx.for_update
    tx.connection.execute(text(f"SELECT id FROM conversation WHERE id = :id{lock}"), {"id": conversation_id})
    if not takeable(tx.connection, conversation_id, member_id, tx.now):
        return False
    if not claim(tx, conversation_id, member_id):
        return False
    if leaves is not None:
        unclaim(tx, leaves, member_id)
    return True


def unclaim(tx: Transaction, conversation_id: str, member_id: str) -> None:
    """Give a claim back."""
    gone = tx.connection.execute(
        text("DELETE FROM claim WHERE conversation_id = :id AND member_id = :me"),
        {"id": conversation_id, "me": member_id},
    )
    if gone.rowcount:
        tx.changed("conversation", conversation_id)


def takeable(connection: Connection, conversation_id: str, member_id: str, now: int) -> bool:
    """Whether Take next may give this conversation to the member: not claimed, not offered, not a colleague's at work."""
    row = connection.execute(
        text(
            "SELECT c.id, c.state, c.waiting_since, c.due_at, c.closes_at, c.gone_at, c.last_at, c.assignee_id,"
            " k.member_id AS claimed_by, k.until AS claimed_until, m.presence, m.seen_at, m.active,"
            " EXISTS (SELECT 1 FROM offer o WHERE o.deal_id = c.deal_id AND o.state = 'open') AS offered"
            " FROM conversation c LEFT JOIN claim k ON k.conversation_id = c.id"
            " LEFT JOIN member m ON m.id = c.assignee_id WHERE c.id = :id"
        ),
        {"id": conversation_id},
    ).first()
    if row is None:
        return False
    there = bool(row.active) and row.presence == "on_shift" and now - (row.seen_at or 0) <= HEARTBEAT
    late = row.waiting_since is not None and now - row.waiting_since > SILENT
    standing = conversations.Row(
        id=row.id, state=row.state, waiting_since=row.waiting_since, due_at=row.due_at, closes_at=row.closes_at,
        gone_at=row.gone_at, last_at=row.last_at, claimed_by=row.claimed_by or "",
        claimed_until=row.claimed_until or 0, offered=bool(row.offered), assignee=row.assignee_id or "",
        assignee_on_shift=there, open_to_queue=late,
    )  # fmt: skip
    return conversations.skip_reason(standing, member_id, now) is None
