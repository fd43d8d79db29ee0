"""Which answers wait for their time or for the client, and what becomes of each when its moment comes?

A row is no message: nothing is answered, counted or shown as said before it goes. Then it is accepted like any answer, in one
transaction with the row that says so, so that it goes once, whoever asks; what may not go stays with its words and its reason.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any, Final

import orjson
from sqlalchemy import Connection, Row, text, update

from routing.scheduled import PAUSE, Present, Scheduled, stopped
from routing.times import DAY, Micros
from storage import acts, audit, batch, drafts, heads
from storage.errors import Conflict
from storage.replying import (
    Order,
    Target,
    accept,
    closed,
    conversation_held,
    nobody_answered,
    parts_of_order,
    spans_json,
    window_of,
)
from storage.tables import scheduled
from storage.transaction import Transaction

AT_ONCE: Final = 100
MOST: Final = 20
"""Answers that may wait in one conversation."""
KEPT: Final = 7 * DAY
"""For so long it can be seen that one was taken back."""
BY_COLLEAGUE: Final = "colleague_stopped"
SHOWN: Final = "s.state IN ('waiting', 'stopped')"
FIELDS: Final = (
    "s.id, s.conversation_id, s.member_id, s.waits_for, s.at, s.anyway, s.heard, s.deal_id, s.text, s.content, s.state,"
    " s.reason, s.version, s.created_at, s.confirmed_at, m.name AS author_name, m.active AS author_works, c.source_id,"
    " c.contact_id"
)
JOINED: Final = "JOIN conversation c ON c.id = s.conversation_id LEFT JOIN member m ON m.id = s.member_id"


def find(connection: Connection, ref: str) -> Row[Any] | None:
    """One of them, whatever became of it."""
    sql = f"SELECT {FIELDS} FROM scheduled s {JOINED} WHERE s.id = :id"
    return connection.execute(text(sql), {"id": ref}).first()


def found(connection: Connection, ids: Iterable[str]) -> dict[str, Row[Any]]:
    """Those that wait or were stopped, by id."""
    sql = f"SELECT {FIELDS} FROM {{wanted}} JOIN scheduled s ON s.id = w.id AND {SHOWN} {JOINED}"
    return {row.id: row for row in batch.select(connection, sql, {"id": sorted(set(ids))})}


def beside(connection: Connection, conversation_id: str) -> list[str]:
    """All conversations of the client of this one."""
    sql = (
        "SELECT o.id FROM conversation c JOIN conversation o ON o.contact_id = c.contact_id WHERE c.id = :id"
    )
    return [row.id for row in connection.execute(text(sql), {"id": conversation_id})]


def page(
    connection: Connection, conversation_ids: Sequence[str], cursor: str | None, limit: int
) -> tuple[list[Row[Any]], str | None]:
    """What waits or was stopped in these conversations, the soonest first, and the cursor of what comes behind."""
    at, ref = _read_cursor(cursor)
    rows = batch.select(
        connection,
        f"SELECT {FIELDS} FROM {{wanted}} JOIN scheduled s ON s.conversation_id = w.ref AND {SHOWN}"
        f" AND (s.at, s.id) > (:at, :id) {JOINED} ORDER BY s.at, s.id LIMIT :limit",
        {"ref": list(conversation_ids)},
        limit=limit + 1,
        at=at,
        id=ref,
    )
    kept = rows[:limit]
    return kept, _cursor(kept[-1]) if len(rows) > limit else None


def _cursor(row: Row[Any]) -> str:
    return base64.urlsafe_b64encode(orjson.dumps([row.at, row.id])).decode().rstrip("=")


def _read_cursor(cursor: str | None) -> tuple[int, str]:
    """Where to go on; a cursor nobody gave out begins anew."""
    try:
        at, ref = orjson.loads(base64.urlsafe_b64decode((cursor or "") + "=" * (-len(cursor or "") % 4)))
    except (ValueError, TypeError):
        return 0, ""
    return (at, ref) if isinstance(at, int) and isinstance(ref, str) else (0, "")


def files_of(connection: Connection, rows: Iterable[Row[Any]]) -> dict[str, Row[Any]]:
    """The uploads that go along with these, by id."""
    ids = {ref for row in rows for ref in orjson.loads(row.content).get("file_ids", ())}
    sql = "SELECT u.id, u.name, u.mime, u.size FROM {wanted} JOIN upload u ON u.id = w.id"
    return {row.id: row for row in batch.select(connection, sql, {"id": sorted(ids)})}


def due(connection: Connection, now: Micros) -> list[Row[Any]]:
    """Those whose time has come or whose client has written, the oldest first."""
    by_time = f"SELECT {FIELDS} FROM scheduled s {JOINED} WHERE s.state = 'waiting' AND s.at <= :now"
    by_client = (
        f"SELECT {FIELDS} FROM scheduled s {JOINED} WHERE s.state = 'waiting' AND s.waits_for = 'client'"
        " AND s.at > :now AND c.inbound > s.heard AND c.heard_at <= :said"
    )
    return list(
        connection.execute(
            text(
                f"SELECT * FROM ({by_time} UNION ALL {by_client}) AS due ORDER BY created_at, id LIMIT :limit"
            ),
            {"now": now, "said": now - PAUSE, "limit": AT_ONCE},
        )
    )


def next_at(connection: Connection) -> Micros | None:
    """When the next one's time comes."""
    sql = "SELECT min(at) FROM scheduled WHERE state = 'waiting'"
    soonest: Micros | None = connection.execute(text(sql)).scalar()
    return soonest


def add(tx: Transaction, order: Order, target: Target, plan: Scheduled, letter: dict[str, Any] | None) -> str:
    """Keep an answer for later; its id. The same id again is the same answer. Raises Conflict; nothing is changed then."""
    asked = conversation_held(tx, order.conversation_id)
    known = find(tx.connection, order.id)
    if known is not None:
        if (known.member_id, known.conversation_id) != (order.member_id, order.conversation_id):
            raise Conflict("bad_request", 422, field="id")
        return order.id
    if tx.connection.execute(text("SELECT 1 FROM message WHERE id = :id"), {"id": order.id}).first():
        raise Conflict("bad_request", 422, field="id")
    _room(tx, order.conversation_id)
    values = _checked(tx, order, target, plan, asked)
    names = ("id", "conversation_id", "member_id", "state", "created_at", *values, "content")
    row = (order.id, asked.id, order.member_id, "waiting", tx.now, *values.values(), _content(order, letter))
    batch.insert(tx.connection, scheduled, names, [row])
    drafts.drop(tx, order.member_id, order.conversation_id, "reply")
    audit.note(tx, order.member_id, "message.schedule", "conversation", asked.id, {"message": order.id})
    _changed(tx, order.id, asked.contact_id)
    return order.id


def change(
    tx: Transaction,
    order: Order,
    target: Target,
    plan: Scheduled,
    letter: dict[str, Any] | None,
    version: int,
) -> None:
    """Other words, another moment; one that was stopped waits again. Raises Conflict."""
    row, asked = _held(tx, order.id)
    if row.member_id != order.member_id:
        raise Conflict("forbidden", 403, reason="author")
    if row.state not in ("waiting", "stopped"):
        raise Conflict("too_late")
    if row.version != version:
        raise Conflict("changed")
    values = _checked(tx, order, target, plan, asked)
    tx.connection.execute(
        update(scheduled)
        .where(scheduled.c.id == row.id)
        .values(**values, content=_content(order, letter), state="waiting", reason="", version=version + 1)
    )
    _changed(tx, row.id, row.contact_id)


def cancel(tx: Transaction, ref: str, member_id: str, anyones: bool) -> None:
    """Take it back before it goes; `restore` undoes that. A colleague stops what waits, so that its author keeps the words
    and is told. Raises Conflict too_late, forbidden."""
    row, _ = _held(tx, ref)
    _own(row, member_id, anyones)
    if row.state == "sent":
        raise Conflict("too_late")
    if row.state == "waiting" and row.member_id != member_id:
        _stop(tx, row, BY_COLLEAGUE)
        audit.note(tx, member_id, "message.unschedule", "conversation", row.conversation_id, {"message": ref})
    elif row.state != "cancelled":
        _settle(tx, row, "cancelled", row.reason)
        audit.note(tx, member_id, "message.unschedule", "conversation", row.conversation_id, {"message": ref})


def restore(tx: Transaction, ref: str, member_id: str, anyones: bool) -> None:
    """Let it wait again; one whose time went by meanwhile stays stopped. Raises Conflict not_now, forbidden."""
    row, _ = _held(tx, ref)
    _own(row, member_id, anyones)
    stopped_by_hand = row.state == "stopped" and row.reason == BY_COLLEAGUE
    if row.state != "cancelled" and not stopped_by_hand:
        raise Conflict("not_now")
    reason = ("" if stopped_by_hand else row.reason) or ("late" if row.at <= tx.now else "")
    _settle(tx, row, "stopped" if reason else "waiting", reason)


def fire(tx: Transaction, order: Order, target: Target, version: int, author_may: bool) -> str:
    """Let it go, or keep it with the reason why not: "" it went, "later" it is not its turn. Never twice, whoever asks.
    `version` is the one that `order` was made of.

    Raises Conflict with the code of what is in the way; nothing is changed then.
    """
    row, asked = _held(tx, order.id)
    present = _present(tx, row, asked, author_may)
    came = row.waits_for == "client" and present.client_wrote
    if row.state != "waiting" or row.version != version or (row.at > tx.now and not came):
        return "later"
    reason = stopped(plan_of(row), present, tx.now)
    if reason:
        _stop(tx, row, reason)
        return reason
    unheard = present.client_wrote and row.waits_for == "time"
    _accept(tx, row, order, target, answers=not unheard)
    return ""


def send_now(tx: Transaction, order: Order, target: Target, version: int) -> None:
    """Its author looked, and sends it at once. Raises Conflict: too_late, changed, or what is in the way."""
    row, _ = _held(tx, order.id)
    if row.state not in ("waiting", "stopped"):
        raise Conflict("too_late")
    if row.version != version:
        raise Conflict("changed")
    _accept(tx, row, order, target, answers=True)


def stop(tx: Transaction, ref: str, version: int, reason: str) -> None:
    """It cannot go, for a reason that was met on the way; nothing, when somebody changed it meanwhile."""
    row, _ = _held(tx, ref)
    if row.state == "waiting" and row.version == version:
        _stop(tx, row, reason)


def heard_anew(tx: Transaction, conversation_id: str, inbound: int) -> None:
    """The conversation's words are counted anew: what the authors knew of them is counted with it."""
    tx.connection.execute(
        text(
            "UPDATE scheduled SET heard = heard + :inbound - (SELECT c.inbound FROM conversation c WHERE c.id = :id)"
            " WHERE conversation_id = :id AND state IN ('waiting', 'stopped')"
        ),
        {"inbound": inbound, "id": conversation_id},
    )


def sweep(tx: Transaction) -> int:
    """Forget what went or was taken back long ago; how many."""
    return tx.connection.execute(
        text("DELETE FROM scheduled WHERE state IN ('sent', 'cancelled') AND settled_at < :before"),
        {"before": tx.now - KEPT},
    ).rowcount


def plan_of(row: Row[Any]) -> Scheduled:
    """What its author wished."""
    return Scheduled(
        waits_for=row.waits_for, at=row.at, confirmed_at=row.confirmed_at, anyway=bool(row.anyway)
    )


def _content(order: Order, letter: dict[str, Any] | None) -> dict[str, Any]:
    """What the row keeps besides the words."""
    kept = {
        "spans": spans_json(order.spans), "file_ids": list(order.file_ids), "reply_to": order.reply_to,
        "letter": letter, "location": order.location, "card": order.card, "sticker": order.sticker,
    }  # fmt: skip
    return {name: value for name, value in kept.items() if value}


def _room(tx: Transaction, conversation_id: str) -> None:
    waiting: int = tx.connection.execute(
        text(f"SELECT count(*) FROM scheduled s WHERE s.conversation_id = :id AND {SHOWN}"),
        {"id": conversation_id},
    ).scalar_one()
    if waiting >= MOST:
        raise Conflict("too_many_kept", limit=MOST)


def _checked(
    tx: Transaction, order: Order, target: Target, plan: Scheduled, asked: Row[Any]
) -> dict[str, Any]:
    """The columns of an answer that could go as far as can be known now. Raises Conflict."""
    if asked.nature in ("spam", "blocked"):
        raise Conflict("not_now", reason=asked.nature)
    parts_of_order(tx.connection, order, target)
    fresh = _unseen(tx, order)
    if plan.waits_for == "time":
        nobody_answered(tx.connection, order)
        if fresh:
            raise Conflict(
                "stale_context", author=fresh[0].author_name, text=fresh[0].text[:200], id=fresh[0].id
            )
        if order.letter is None:
            _open_then(tx, target, plan.at, asked)
    inbound, deal_id = tx.connection.execute(
        text(
            "SELECT c.inbound, d.id FROM conversation c LEFT JOIN deal d ON d.id = c.deal_id AND d.open = 1 WHERE c.id = :id"
        ),
        {"id": asked.id},
    ).one()
    return {
        "waits_for": plan.waits_for, "at": plan.at, "anyway": int(plan.anyway), "heard": inbound - len(fresh),
        "deal_id": deal_id, "text": order.text, "confirmed_at": tx.now,
    }  # fmt: skip


def _unseen(tx: Transaction, order: Order) -> Sequence[Row[Any]]:
    """The client's words that came while this was written, the newest first."""
    if order.last_seen is None:
        return ()
    return tx.connection.execute(
        text(
            "SELECT m.id, m.author_name, m.text FROM message s JOIN message m ON m.conversation_id = s.conversation_id"
            " AND (m.at, m.seq, m.id) > (s.at, s.seq, s.id) WHERE s.id = :seen AND s.conversation_id = :conversation"
            " AND m.direction = 'in' ORDER BY m.at DESC, m.seq DESC, m.id DESC LIMIT 100"
        ),
        {"seen": order.last_seen, "conversation": order.conversation_id},
    ).all()


def _open_then(tx: Transaction, target: Target, at: Micros, asked: Row[Any]) -> None:
    """Raise Conflict unless the window is open now and still will be then; only the client makes it longer."""
    if asked.source_id != target.source_id:
        return  # answered at another address, which is looked for when it goes
    window = window_of(tx, asked.identity_id, target, asked.id)
    if not window.allow:
        raise closed(window)
    if window.closes_at is not None and at >= window.closes_at:
        raise Conflict(
            "window_closed", closed_at=window.closes_at, reason="closes_before", may_override=False
        )


def _held(tx: Transaction, ref: str) -> tuple[Row[Any], Row[Any]]:
    """The row and its conversation, held in the order of locks. Raises Conflict not_found."""
    known = find(tx.connection, ref)
    if known is None:
        raise Conflict("not_found", 404)
    asked = conversation_held(tx, known.conversation_id)
    tx.connection.execute(text(f"SELECT id FROM scheduled WHERE id = :id{tx.for_update}"), {"id": ref})
    row = find(tx.connection, ref)
    if row is None:
        raise Conflict("not_found", 404)
    return row, asked


def _own(row: Row[Any], member_id: str, anyones: bool) -> None:
    if row.member_id != member_id and not anyones:
        raise Conflict("forbidden", 403, reason="author")


def _present(tx: Transaction, row: Row[Any], asked: Row[Any], author_may: bool) -> Present:
    facts = tx.connection.execute(
        text(
            "SELECT c.inbound, (SELECT d.stage_kind FROM deal d WHERE d.id = :deal) AS deal,"
            " EXISTS (SELECT 1 FROM message m WHERE m.conversation_id = c.id AND m.at > :since AND m.direction = 'out'"
            " AND m.author_kind = 'person' AND coalesce(m.author_id, '') <> :me AND m.deleted = 0) AS colleague"
            " FROM conversation c WHERE c.id = :id"
        ),
        {"id": asked.id, "deal": row.deal_id, "since": row.confirmed_at, "me": row.member_id},
    ).one()
    return Present(
        nature=asked.nature, client_wrote=facts.inbound > row.heard, colleague_wrote=bool(facts.colleague),
        deal_closed=facts.deal in ("won", "lost"), author_works=bool(row.author_works), author_may=author_may,
    )  # fmt: skip


def _accept(tx: Transaction, row: Row[Any], order: Order, target: Target, *, answers: bool) -> None:
    accept(tx, replace(order, answers=answers), target)
    _settle(tx, row, "sent", "")


def _settle(tx: Transaction, row: Row[Any], state: str, reason: str) -> None:
    tx.connection.execute(
        update(scheduled)
        .where(scheduled.c.id == row.id)
        .values(state=state, reason=reason, settled_at=tx.now, version=row.version + 1)
    )
    _changed(tx, row.id, row.contact_id)


def _stop(tx: Transaction, row: Row[Any], reason: str) -> None:
    """Its words stay; its author, or whoever stands in for them, is told, and so is who reads the conversation."""
    _settle(tx, row, "stopped", reason)
    conversation = acts.locked(tx, row.conversation_id)
    acts.system_line(tx, conversation, {"code": "scheduled_stopped", "by": row.member_id, "reason": reason})
    told = row.member_id if row.author_works else _stand_in(tx, row, conversation)
    if told is not None:
        tx.changed("notification", f"scheduled_stopped:{row.conversation_id}", audience=f"member:{told}")


def _stand_in(tx: Transaction, row: Row[Any], conversation: Row[Any]) -> str | None:
    """Who cares for the conversation now that the author is gone."""
    chain = [*heads.chain_of(tx.connection, row.member_id)]
    working = tx.connection.execute(
        text("SELECT id FROM member WHERE id = :id AND active = 1"), {"id": conversation.assignee_id}
    ).scalar()
    return working or next(iter(chain), None)


def _changed(tx: Transaction, ref: str, contact_id: str) -> None:
    tx.changed("scheduled", ref, contact_id)
    tx.ring("timers")
