"""On which of their browsers does a colleague hear of things, and of what have they not been told there?

A browser is a way like a chat or a mail address (storage/ways.py): what was told on it is kept in the same tables under its
id. It ends with the session in which it was switched on.
"""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import Connection, Row, select, text, update

from routing.times import DAY, FOREVER, HOUR, MINUTE, SECOND
from storage import audit, batch
from storage.batch import insert
from storage.errors import Conflict
from storage.ids import new_id
from storage.tables import member, push_subscription, setting
from storage.tables.base import Json
from storage.telling import LATE, SOON
from storage.transaction import Transaction

MOST: Final = 20
"""Browsers a colleague has; the oldest goes for one more."""
AT_ONCE: Final = 50
GREETINGS: Final = 6
"""Tries to show something for a look; what is told later is tried all the same."""
WORKS: Final = DAY
"""So long after it was last told something, a browser reaches its person without a page."""
FIRST_PAUSE: Final = 20 * SECOND
LONGEST_PAUSE: Final = 30 * MINUTE
KEY: Final = "push_key"
ALIVE: Final = (
    "JOIN session s ON s.digest = p.session AND s.expires_at > :now"
    " JOIN member m ON m.id = p.member_id AND m.active = 1"
)
READY: Final = "coalesce(p.retry_at, 0) <= :now"
TO: Final = "p.id AS way_id, p.member_id, p.endpoint, p.sealed, m.prefs"


def key(connection: Connection) -> dict[str, Any]:
    """`{public, sealed}` by which push services know this installation; {} before there is one."""
    found = connection.execute(select(setting.c.value).where(setting.c.name == KEY)).scalar()
    return dict(found or {})


def keep_key(tx: Transaction, public: str, sealed: str, instead_of: str = "") -> None:
    """Keep a key, once: nothing happens when another process was faster. Browsers trust the key they were switched on with
    only, so with another one they go, and come back when their console is next opened."""
    value = {"public": public, "sealed": sealed}
    insert(
        tx.connection, setting, ("name", "value", "updated_at"), [(KEY, {"public": ""}, tx.now)], ignore=True
    )
    tx.connection.execute(text(f"SELECT name FROM setting WHERE name = :name{tx.for_update}"), {"name": KEY})
    if key(tx.connection).get("public", "") == instead_of:
        store_key(tx, value)
        if instead_of:
            tx.connection.execute(push_subscription.delete())


def store_key(tx: Transaction, value: dict[str, Any]) -> None:
    """The key as it is closed now."""
    tx.connection.execute(
        setting.update().where(setting.c.name == KEY).values(value=value, updated_at=tx.now)
    )


def subscribe(tx: Transaction, member_id: str, session: str, endpoint: str, sealed: str, name: str) -> str:
    """Tell this member's things to this browser from now on; its id. Whoever had it before is told nothing there any more."""
    tx.connection.execute(text(f"SELECT id FROM member WHERE id = :id{tx.for_update}"), {"id": member_id})
    tx.connection.execute(
        push_subscription.delete().where(
            ((push_subscription.c.endpoint == endpoint) & (push_subscription.c.member_id != member_id))
            | ((push_subscription.c.session == session) & (push_subscription.c.endpoint != endpoint))
        )
    )  # the second: the browser was given another address
    columns = ("id", "member_id", "session", "endpoint", "sealed", "name", "made_at")
    row = (new_id(tx.now), member_id, session, endpoint, sealed, name, tx.now)
    fresh = insert(tx.connection, push_subscription, columns, [row], ignore=True)
    mine = push_subscription.c.endpoint == endpoint
    tx.connection.execute(
        update(push_subscription).where(mine).values(session=session, sealed=sealed, name=name, error="", retry_at=None)
    )  # fmt: skip
    if fresh:
        _only_the_newest(tx, member_id)
        audit.note(tx, member_id, "device.add", "member", member_id, {"name": name})
        tx.ring("push")
    return str(tx.connection.execute(select(push_subscription.c.id).where(mine)).scalar_one())


def _only_the_newest(tx: Transaction, member_id: str) -> None:
    for row in of_member(tx.connection, member_id)[:-MOST]:
        _drop(tx, row.id)


def of_member(connection: Connection, member_id: str) -> list[Row[Any]]:
    """A colleague's browsers, oldest first, those too whose session is over."""
    found = select(push_subscription).where(push_subscription.c.member_id == member_id)
    return list(connection.execute(found.order_by(push_subscription.c.made_at, push_subscription.c.id)))


def remove(tx: Transaction, member_id: str, device_id: str) -> None:
    """The colleague is told nothing there any more. Raises Conflict not_found."""
    if device_id not in [row.id for row in of_member(tx.connection, member_id)]:
        raise Conflict("not_found", 404)
    _drop(tx, device_id)
    audit.note(tx, member_id, "device.remove", "member", member_id)
    reach(tx, member_id)


def greet(tx: Transaction, member_id: str, device_id: str) -> None:
    """Show something there, so that one sees that it works. Raises Conflict not_found."""
    asked = (
        update(push_subscription)
        .where(push_subscription.c.id == device_id, push_subscription.c.member_id == member_id)
        .values(greeted_at=None, retry_at=None, failures=0)
    )
    if not tx.connection.execute(asked).rowcount:
        raise Conflict("not_found", 404)
    tx.ring("push")


def gone(tx: Transaction, device_id: str, member_id: str) -> None:
    """Its push service knows it no more."""
    _drop(tx, device_id)
    reach(tx, member_id)


def _drop(tx: Transaction, device_id: str) -> None:
    tx.connection.execute(push_subscription.delete().where(push_subscription.c.id == device_id))
    tx.connection.execute(
        text("UPDATE staff_notice SET state = 'settled' WHERE way_id = :id AND state IN ('sending', 'sent')"),
        {"id": device_id},
    )


def worked(tx: Transaction, device_id: str, member_id: str, *, greeted: bool = False) -> None:
    """Its push service took something for it."""
    values: dict[str, Any] = {"worked_at": tx.now, "retry_at": None, "failures": 0, "error": ""}
    if greeted:
        values["greeted_at"] = tx.now
    tx.connection.execute(
        update(push_subscription).where(push_subscription.c.id == device_id).values(**values)
    )
    reach(tx, member_id)


def wait(tx: Transaction, device_id: str, error: str, pause: int | None) -> None:
    """Its push service took nothing: not before a pause (microseconds; None: twice as long as the last one) again."""
    failures = tx.connection.execute(
        select(push_subscription.c.failures).where(push_subscription.c.id == device_id)
    ).scalar()
    doubled = FIRST_PAUSE << min(failures or 0, 10)
    tx.connection.execute(
        update(push_subscription)
        .where(push_subscription.c.id == device_id)
        .values(
            failures=push_subscription.c.failures + 1, error=error,
            retry_at=tx.now + min(doubled if pause is None else pause, LONGEST_PAUSE),
        )
    )  # fmt: skip


def reach(tx: Transaction, member_id: str) -> None:
    """Until when a person is reached though no page is open: by a chat for ever, by a browser for a day after it worked."""
    row = tx.connection.execute(
        text("SELECT m.reachable_until AS known, (SELECT max(p.worked_at) FROM push_subscription p"
             " JOIN session s ON s.digest = p.session AND s.expires_at > :now WHERE p.member_id = m.id) AS worked,"
             " (SELECT count(*) FROM staff_way w WHERE w.member_id = m.id AND w.state = 'active' AND w.kind <> 'email') AS chats"
             " FROM member m WHERE m.id = :id"),
        {"id": member_id, "now": tx.now},
    ).first()  # fmt: skip
    if row is None:
        return
    until = FOREVER if row.chats else row.worked + WORKS if row.worked else None
    if until == row.known or (until and row.known and 0 <= until - row.known < HOUR):
        return  # nothing that anybody has to be told of
    tx.connection.execute(update(member).where(member.c.id == member_id).values(reachable_until=until))
    tx.changed("member", member_id)
    tx.ring("router")


def any_at_all(connection: Connection) -> bool:
    """Whether anybody is told anything in a browser."""
    return connection.execute(text("SELECT 1 FROM push_subscription LIMIT 1")).first() is not None


def _read(connection: Connection, sql: str, **values: int) -> list[Row[Any]]:
    return list(connection.execute(text(sql).columns(prefs=Json()), {"limit": AT_ONCE, **values}))


def unheard(connection: Connection, now: int) -> list[Row[Any]]:
    """Browsers in which nothing was shown yet to see whether they work."""
    return _read(
        connection,
        f"SELECT {TO} FROM push_subscription p {ALIVE} WHERE p.greeted_at IS NULL AND p.failures < :tries"
        f" AND {READY} ORDER BY p.id LIMIT :limit",
        now=now,
        tries=GREETINGS,
    )


def offers(connection: Connection, now: int) -> list[Row[Any]]:
    """Open offers that were not told yet in a browser of their member."""
    return _read(
        connection,
        f"SELECT o.id AS offer_id, o.expires_at, {TO} FROM offer o JOIN push_subscription p ON p.member_id = o.member_id {ALIVE}"
        f" WHERE o.state = 'open' AND o.expires_at > :now AND {READY} AND NOT EXISTS"
        " (SELECT 1 FROM staff_notice n WHERE n.offer_id = o.id AND n.way_id = p.id) ORDER BY o.offered_at, p.id LIMIT :limit",
        now=now,
    )


def over(connection: Connection, now: int) -> list[Row[Any]]:
    """Told offers that are over, and do not say so in that browser yet."""
    return _read(
        connection,
        f"SELECT n.id, n.offer_id, o.state, d.number, k.name AS owner, {TO} FROM staff_notice n"
        f" JOIN push_subscription p ON p.id = n.way_id {ALIVE} JOIN offer o ON o.id = n.offer_id AND o.state <> 'open'"
        f" JOIN deal d ON d.id = o.deal_id LEFT JOIN member k ON k.id = d.owner_id"
        f" WHERE n.state = 'sent' AND {READY} ORDER BY n.at LIMIT :limit",
        now=now,
    )


def notices(connection: Connection, now: int) -> list[Row[Any]]:
    """Notices nobody read yet that were not told in a browser of their member, oldest first."""
    return _read(
        connection,
        f"SELECT n.id, n.code, n.about, n.at, {TO} FROM notice n JOIN push_subscription p ON p.member_id = n.member_id {ALIVE}"
        f" WHERE n.at > :late AND n.at <= :soon AND n.read_at IS NULL AND {READY} AND NOT EXISTS"
        " (SELECT 1 FROM notice_told t WHERE t.notice_id = n.id AND t.way_id = p.id) ORDER BY n.at, n.id, p.id LIMIT :limit",
        now=now,
        late=now - LATE,
        soon=now - SOON,
    )


def words(connection: Connection, now: int) -> list[Row[Any]]:
    """One's own conversations whose client wrote, unread and untold in a browser; `id` is the newest message."""
    return _read(
        connection,
        f"SELECT c.last_message_id AS id, c.id AS conversation_id, c.heard_at AS at, c.last_text, k.name, {TO}"
        f" FROM push_subscription p {ALIVE} JOIN conversation c ON c.assignee_id = p.member_id AND c.state = 'open'"
        " JOIN contact k ON k.id = c.contact_id"
        " LEFT JOIN read_marker r ON r.member_id = p.member_id AND r.conversation_id = c.id"
        " WHERE c.nature = 'client' AND c.last_author = 'client' AND c.last_message_id IS NOT NULL"
        f" AND c.heard_at > :late AND c.heard_at <= :soon AND coalesce(r.inbound, 0) < c.inbound AND {READY}"
        " AND NOT EXISTS (SELECT 1 FROM notice_told t WHERE t.notice_id = c.last_message_id AND t.way_id = p.id)"
        " ORDER BY c.heard_at, p.id LIMIT :limit",
        now=now,
        late=now - LATE,
        soon=now - SOON,
    )


def sweep(tx: Transaction) -> int:
    """Forget browsers whose session is over; how many."""
    return tx.connection.execute(
        text("DELETE FROM push_subscription WHERE NOT EXISTS"
             " (SELECT 1 FROM session s WHERE s.digest = push_subscription.session)")
    ).rowcount  # fmt: skip


def sealed(connection: Connection) -> list[Row[Any]]:
    """(id, sealed) of every browser, to be closed with another key."""
    return list(connection.execute(select(push_subscription.c.id, push_subscription.c.sealed)))


def reseal(tx: Transaction, anew: dict[str, str]) -> None:
    """The same keys, closed with another key."""
    batch.update(tx.connection, push_subscription, ("id",), ("sealed",), list(anew.items()))
