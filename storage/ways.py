"""Where does a colleague hear of offers, and which have been told there?"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, Row, insert, select, text, update

from routing.times import MINUTE
from storage import audit
from storage.devices import reach
from storage.errors import Conflict
from storage.ids import new_id
from storage.tables import member, staff_notice, staff_way
from storage.tables.base import Json
from storage.transaction import Transaction

CODE_LASTS: Final = 30 * MINUTE
AT_ONCE: Final = 50


@dataclass(frozen=True, slots=True)
class Notice:
    """One offer to tell on one way."""

    id: str
    offer_id: str
    way_id: str
    member_id: str
    source_id: str
    kind: str
    value: str
    thread: str
    name: str
    language: str = ""


def ask(tx: Transaction, member_id: str, source_id: str) -> str:
    """Begin to link a colleague's chat with our bot; the code it is started with, good once and for half an hour."""
    tx.connection.execute(
        staff_way.delete().where(
            staff_way.c.member_id == member_id,
            staff_way.c.source_id == source_id,
            staff_way.c.state == "asked",
        )
    )
    code = f"staff_{secrets.token_hex(12)}"
    tx.connection.execute(
        insert(staff_way).values(
            id=new_id(tx.now), member_id=member_id, source_id=source_id, state="asked", code=code, made_at=tx.now,
            expires_at=tx.now + CODE_LASTS,
        )
    )  # fmt: skip
    return code


def link(tx: Transaction, source_id: str, code: str, kind: str, value: str, thread: str) -> str | None:
    """Whoever started the bot with this code is the colleague who asked for it: their language; None: no such code, or too
    late."""
    row = tx.connection.execute(
        select(staff_way)
        .where(
            staff_way.c.code == code, staff_way.c.source_id == source_id, staff_way.c.state == "asked",
            staff_way.c.expires_at > tx.now,
        )
        .with_for_update()
    ).first()  # fmt: skip
    if row is None:
        return None
    _drop(tx, staff_way.c.source_id == source_id, staff_way.c.value == value)
    _drop(
        tx,
        staff_way.c.source_id == source_id,
        staff_way.c.member_id == row.member_id,
        staff_way.c.state != "asked",
    )
    tx.connection.execute(
        update(staff_way)
        .where(staff_way.c.id == row.id)
        .values(kind=kind, value=value, thread=thread, state="active", code=None, expires_at=None)
    )
    reach(tx, row.member_id)
    audit.note(tx, row.member_id, "way.link", "member", row.member_id, {"source": source_id})
    prefs = tx.connection.execute(select(member.c.prefs).where(member.c.id == row.member_id)).scalar_one()
    return str((prefs or {}).get("language") or "ru")


def add_mail(tx: Transaction, member_id: str, source_id: str, address: str) -> None:
    """Offers go to the colleague's own address from now on, by this mailbox. It makes nobody reachable: mail is slow."""
    _drop(tx, staff_way.c.member_id == member_id, staff_way.c.kind == "email")
    tx.connection.execute(
        insert(staff_way).values(
            id=new_id(tx.now), member_id=member_id, source_id=source_id, kind="email", value=address, thread="",
            state="active", made_at=tx.now,
        )
    )  # fmt: skip
    audit.note(tx, member_id, "way.link", "member", member_id, {"source": source_id})


def remove(tx: Transaction, member_id: str, way_id: str) -> None:
    """The colleague hears nothing there any more. Raises Conflict not_found."""
    if not _drop(tx, staff_way.c.member_id == member_id, staff_way.c.id == way_id):
        raise Conflict("not_found", 404)
    reach(tx, member_id)


def block(tx: Transaction, way_id: str, member_id: str) -> None:
    """The network says that nothing can be told there any more."""
    tx.connection.execute(update(staff_way).where(staff_way.c.id == way_id).values(state="blocked"))
    reach(tx, member_id)


def _drop(tx: Transaction, *which: Any) -> int:
    return tx.connection.execute(staff_way.delete().where(*which)).rowcount


def of_member(connection: Connection, member_id: str) -> list[Row[Any]]:
    """A colleague's ways, oldest first."""
    found = select(staff_way).where(staff_way.c.member_id == member_id)
    return list(connection.execute(found.order_by(staff_way.c.made_at, staff_way.c.id)))


def untold(connection: Connection) -> list[Notice]:
    """Open offers that were not told yet on a way that their member has."""
    rows = connection.execute(
        text("SELECT o.id AS offer_id, w.id AS way_id, w.member_id, w.source_id, w.kind, w.value, w.thread, m.name, m.prefs"
             " FROM offer o JOIN staff_way w ON w.member_id = o.member_id AND w.state = 'active'"
             " JOIN member m ON m.id = w.member_id WHERE o.state = 'open' AND NOT EXISTS"
             " (SELECT 1 FROM staff_notice n WHERE n.offer_id = o.id AND n.way_id = w.id)"
             " ORDER BY o.offered_at, w.id LIMIT :limit").columns(prefs=Json()),
        {"limit": AT_ONCE},
    )  # fmt: skip
    return [_notice(**row._mapping) for row in rows]


def _notice(*, prefs: dict[str, Any], **values: str) -> Notice:
    return Notice(id="", language=str(prefs.get("language", "")), **values)


def begin(tx: Transaction, notice: Notice) -> tuple[str, str]:
    """It is about to be told: the notice's id and the secret of its link. What stops in between is never told twice."""
    made, token = new_id(tx.now), secrets.token_urlsafe(24)
    tx.connection.execute(
        insert(staff_notice).values(
            id=made, offer_id=notice.offer_id, way_id=notice.way_id, member_id=notice.member_id, state="sending",
            digest=digest(token), at=tx.now,
        )
    )  # fmt: skip
    return made, token


def digest(token: str) -> str:
    """What is kept of a link's secret."""
    return hashlib.sha256(token.encode()).hexdigest()


def told(tx: Transaction, notice_id: str, external_id: str, error: str = "") -> None:
    """It was told, or it could not be."""
    state = "failed" if error else "sent"
    tx.connection.execute(
        update(staff_notice)
        .where(staff_notice.c.id == notice_id)
        .values(state=state, external_id=external_id, error=error)
    )


def not_told(tx: Transaction, notice_id: str) -> None:
    """It surely did not leave."""
    tx.connection.execute(staff_notice.delete().where(staff_notice.c.id == notice_id))


def over(connection: Connection) -> list[Row[Any]]:
    """Told offers that are over, and have not been changed to their outcome yet."""
    return list(
        connection.execute(
            text("SELECT n.id, n.external_id, o.id AS offer_id, o.state, w.source_id, w.kind, w.value, w.thread, d.number,"
                 " m.name AS owner, k.prefs FROM staff_notice n JOIN member k ON k.id = n.member_id"
                 " JOIN offer o ON o.id = n.offer_id AND o.state <> 'open'"
                 " JOIN staff_way w ON w.id = n.way_id JOIN deal d ON d.id = o.deal_id"
                 " LEFT JOIN member m ON m.id = d.owner_id WHERE n.state = 'sent' ORDER BY n.at"
                 " LIMIT :limit").columns(prefs=Json()),
            {"limit": AT_ONCE},
        )
    )  # fmt: skip


def settle(tx: Transaction, notice_id: str) -> None:
    """It shows what became of the offer, or never will."""
    tx.connection.execute(update(staff_notice).where(staff_notice.c.id == notice_id).values(state="settled"))


def give_up(tx: Transaction, before: int) -> None:
    """What was about to be told when a process died stays as it is: it may have been."""
    tx.connection.execute(
        update(staff_notice)
        .where(staff_notice.c.state == "sending", staff_notice.c.at < before)
        .values(state="failed", error="unknown")
    )


def pressed(connection: Connection, source_id: str, value: str, notice_id: str) -> Row[Any] | None:
    """The notice under which this person pressed a button: offer_id, member_id; None: it is not theirs."""
    return connection.execute(
        text("SELECT n.offer_id, n.member_id FROM staff_notice n JOIN staff_way w ON w.id = n.way_id"
             " WHERE n.id = :id AND w.source_id = :source AND w.value = :value AND w.state = 'active'"),
        {"id": notice_id, "source": source_id, "value": value},
    ).first()  # fmt: skip


def by_token(connection: Connection, token: str) -> Row[Any] | None:
    """The notice a letter's link belongs to, with its offer and what became of it; None: there is none."""
    return connection.execute(
        text("SELECT n.offer_id, n.member_id, o.state, o.expires_at, d.number, d.title, m.name AS owner, s.name AS source,"
             " k.prefs"
             " FROM staff_notice n JOIN offer o ON o.id = n.offer_id JOIN deal d ON d.id = o.deal_id"
             " JOIN member k ON k.id = n.member_id AND k.active = 1 LEFT JOIN member m ON m.id = d.owner_id"
             " LEFT JOIN source s ON s.id = d.source_id WHERE n.digest = :digest").columns(prefs=Json()),
        {"digest": digest(token)},
    ).first()  # fmt: skip
