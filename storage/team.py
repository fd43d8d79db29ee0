"""Who works here, and what may they do?"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import Connection, Row, insert, select, text, update

from storage import batch
from storage.errors import Conflict
from storage.ids import new_id
from storage.reach import Reach, circles
from storage.stages import first_pipeline
from storage.tables import (
    member,
    member_role,
    queue,
    queue_member,
    role,
    role_permission,
    setting,
)
from storage.transaction import Transaction

KNOWN = "permissions"
"""The setting that names every permission this installation ever knew."""
WIDTH = {"own": 0, "team": 1, "below": 2, "all": 3}


@dataclass(frozen=True, slots=True)
class Account:
    """A member who is signed in: who, with what rights."""

    id: str
    name: str
    email: str
    roles: tuple[str, ...]
    permissions: Mapping[str, str]
    prefs: Mapping[str, Any]
    presence: str
    presence_until: int | None
    presence_automatic: bool
    needs_setup: bool
    password_hash: str
    active: bool
    circles: Mapping[str, Reach] = field(default_factory=dict)
    """scope -> whom it covers, where a permission has that scope."""

    def may(self, permission: str) -> bool:
        """Whether the member has the permission at all, in whatever scope."""
        return permission in self.permissions

    def everywhere(self, permission: str) -> bool:
        """Whether the permission covers everything, not only their own."""
        return self.permissions.get(permission) == "all"

    def reach(self, *permissions: str) -> Reach:
        """Whose things all of these permissions cover: the narrowest of them; nobody's without one of them."""
        scopes = [self.permissions.get(one, "") for one in permissions]
        narrowest = min(scopes, key=lambda scope: WIDTH.get(scope, -1))
        match narrowest:
            case "all":
                return Reach(self.id)
            case "own":
                return Reach(self.id, frozenset({self.id}))
        return self.circles.get(narrowest, Reach(self.id, frozenset()))


def account_of(connection: Connection, member_id: str) -> Account | None:
    """The member with their rights; None: there is none."""
    row = connection.execute(select(member).where(member.c.id == member_id)).first()
    return None if row is None else _account(connection, row)


def account_by_email(connection: Connection, email: str) -> Account | None:
    """The member who signs in with this address."""
    row = connection.execute(select(member).where(member.c.email == email.strip().casefold())).first()
    return None if row is None else _account(connection, row)


def _account(connection: Connection, row: Row[Any]) -> Account:
    granted: dict[str, str] = {}
    roles = []
    for found in connection.execute(
        select(role.c.name, role_permission.c.permission, role_permission.c.scope)
        .join(member_role, member_role.c.role_id == role.c.id)
        .outerjoin(role_permission, role_permission.c.role_id == role.c.id)
        .where(member_role.c.member_id == row.id)
        .order_by(role.c.name)
    ):
        roles.append(found.name)
        if found.permission is not None:
            widest = max(found.scope, granted.get(found.permission, "own"), key=lambda scope: WIDTH[scope])
            granted[found.permission] = widest
    spans = any(scope in ("team", "below") for scope in granted.values())
    return Account(
        row.id, row.name, row.email or "", tuple(dict.fromkeys(roles)), granted, row.prefs, row.presence or "off",
        row.presence_until, bool(row.presence_automatic), bool(row.needs_setup), row.password_hash, bool(row.active),
        circles(connection, row.id) if spans else {},
    )  # fmt: skip


def allowed(connection: Connection, member_id: str, permission: str) -> bool:
    """Whether the member has the permission in any scope."""
    found = account_of(connection, member_id)
    return found is not None and found.active and found.may(permission)


def roles_with(connection: Connection, permission: str) -> set[str]:
    """Names of the roles that hold a permission in any scope."""
    rows = connection.execute(
        select(role.c.name)
        .join(role_permission, role_permission.c.role_id == role.c.id)
        .where(role_permission.c.permission == permission)
    )
    return {row.name for row in rows}


def anybody(connection: Connection) -> bool:
    """Whether there is a member already."""
    return connection.execute(select(member.c.id).limit(1)).first() is not None


def first_start(tx: Transaction, presets: Mapping[str, Mapping[str, str]], admin_name: str) -> str:
    """Make what an installation begins with: roles, the first admin, queue «Все», the pipeline. Their id.

    When it was done before, only permissions that are new since then are given to the presets (`grant_new`).
    """
    connection = tx.connection
    known = _first_member(connection)
    if known is None and not _begin_to_count(connection):
        known = _first_member(connection)  # another process, which we waited for, has just made it all
    if known is not None:
        grant_new(tx, presets)
        return known
    for name, permissions in presets.items():
        role_id = new_id(tx.now)
        connection.execute(insert(role).values(id=role_id, name=name, preset=1))
        rows = [(role_id, what, scope) for what, scope in permissions.items()]
        batch.insert(connection, role_permission, ("role_id", "permission", "scope"), rows)
    admin = add_member(tx, admin_name, None, ("admin", "head"), needs_setup=True)
    queue_id = new_id(tx.now)
    connection.execute(
        insert(queue).values(
            id=queue_id, name="Все", strategy="all_at_once", head_id=admin, created_at=tx.now
        )
    )
    connection.execute(insert(queue_member).values(queue_id=queue_id, member_id=admin, position=0))
    first_pipeline(tx)
    values = {"name": "", "timezone": "Europe/Moscow", "hours": [[] for _ in range(7)], "public_url": ""}
    connection.execute(insert(setting).values(name="company", value=values, updated_at=tx.now))
    _remember(tx, {what for permissions in presets.values() for what in permissions})
    return admin


def grant_new(tx: Transaction, presets: Mapping[str, Mapping[str, str]]) -> None:
    """Give the preset roles what their presets have gained since this installation last started.

    A permission that was known here before is left as people set it: what they took away stays away.
    """
    connection = tx.connection
    told = connection.execute(select(setting.c.value).where(setting.c.name == KNOWN)).scalar()
    # Installations from before this was remembered: whatever some role has was known to them.
    known = set(
        told if told is not None else connection.execute(select(role_permission.c.permission)).scalars()
    )
    every = {what for permissions in presets.values() for what in permissions}
    if told is not None and every <= known:
        return
    roles = connection.execute(select(role.c.id, role.c.name).where(role.c.preset == 1)).all()
    rows = [
        (one.id, what, scope)
        for one in roles
        for what, scope in presets.get(one.name, {}).items()
        if what not in known
    ]
    batch.insert(connection, role_permission, ("role_id", "permission", "scope"), rows, ignore=True)
    _remember(tx, every | known)


def _remember(tx: Transaction, permissions: Iterable[str]) -> None:
    row = (KNOWN, sorted(permissions), tx.now)
    batch.insert(tx.connection, setting, ("name", "value", "updated_at"), [row], ignore=True)
    batch.update(tx.connection, setting, ("name",), ("value", "updated_at"), [row])


def _first_member(connection: Connection) -> str | None:
    return connection.execute(select(member.c.id).order_by(member.c.created_at).limit(1)).scalar()


def _begin_to_count(connection: Connection) -> bool:
    """Set the deals' counter; False: it was set. Processes that start together wait here for the first of them."""
    sql = "INSERT INTO counter (name, value) VALUES ('deal', 1000) ON CONFLICT (name) DO NOTHING"
    return connection.execute(text(sql)).rowcount > 0


def add_member(
    tx: Transaction,
    name: str,
    email: str | None,
    roles: Sequence[str],
    *,
    needs_setup: bool = False,
    demo: int = 0,
) -> str:
    """A new member; their id. Raises Conflict bad_request for an unknown role or an address in use."""
    address = email.strip().casefold() if email else None
    if address and tx.connection.execute(select(member.c.id).where(member.c.email == address)).first():
        raise Conflict("bad_request", 422, field="email", reason="in_use")
    member_id = new_id(tx.now)
    tx.connection.execute(
        insert(member).values(
            id=member_id, name=name.strip(), email=address, active=1, needs_setup=int(needs_setup), presence="on_shift",
            demo=demo, created_at=tx.now,
        )
    )  # fmt: skip
    set_roles(tx, member_id, roles)
    tx.changed("member", member_id)
    return member_id


def set_roles(tx: Transaction, member_id: str, roles: Sequence[str]) -> None:
    """Give exactly these roles. Raises Conflict bad_request for an unknown one, not_now for the last admin."""
    known = {row.name: row.id for row in tx.connection.execute(select(role.c.name, role.c.id))}
    unknown = [name for name in roles if name not in known]
    if unknown or not roles:
        raise Conflict("bad_request", 422, field="roles")
    one_at_a_time(tx)
    tx.connection.execute(member_role.delete().where(member_role.c.member_id == member_id))
    rows = [{"member_id": member_id, "role_id": known[name]} for name in dict.fromkeys(roles)]
    tx.connection.execute(insert(member_role), rows)
    if not admins(tx.connection):
        raise Conflict("not_now", reason="last_admin")
    tx.changed("member", member_id)


def one_at_a_time(tx: Transaction) -> None:
    """Of two administrators who let each other go in the same moment, the second finds that they are the last."""
    tx.connection.execute(text(f"SELECT id FROM role WHERE name = 'admin'{tx.for_update}"))


def admins(connection: Connection) -> list[str]:
    """Active members who are administrators."""
    rows = connection.execute(
        text(
            "SELECT r.member_id FROM member_role r JOIN role o ON o.id = r.role_id AND o.name = 'admin'"
            " JOIN member m ON m.id = r.member_id AND m.active = 1"
        )
    )
    return [row.member_id for row in rows]


def change_member(tx: Transaction, member_id: str, /, **values: Any) -> None:
    """Set columns of a member. Raises Conflict not_found, not_now for the last administrator."""
    if values.get("active") == 0:
        one_at_a_time(tx)
    if not tx.connection.execute(update(member).where(member.c.id == member_id).values(**values)).rowcount:
        raise Conflict("not_found", 404)
    if values.get("active") == 0 and not admins(tx.connection):
        raise Conflict("not_now", reason="last_admin")
    tx.changed("member", member_id)
    tx.ring("router")


def prefer(tx: Transaction, member_id: str, change: Mapping[str, Any]) -> None:
    """Change these preferences and leave the others, which may be changed in the same moment."""
    held = select(member.c.prefs).where(member.c.id == member_id).with_for_update()
    stored = tx.connection.execute(held).scalar_one()
    change_member(tx, member_id, prefs={**(stored or {}), **change})


def set_presence(tx: Transaction, member_id: str, state: str, until: int | None) -> None:
    """What the member chose; the router looks at once."""
    change_member(tx, member_id, presence=state, presence_until=until, presence_automatic=0)


def seen(tx: Transaction, member_ids: Sequence[str]) -> None:
    """Heartbeats of open consoles."""
    back = 0
    for member_id in sorted(member_ids):
        row = tx.connection.execute(
            select(member.c.seen_at, member.c.presence, member.c.presence_automatic, member.c.presence_until)
            .where(member.c.id == member_id)
        ).first()  # fmt: skip
        if row is not None and tx.now - (row.seen_at or 0) > 60_000_000:
            back += 1
        if row is not None and idle(row):
            change_member(tx, member_id, presence="on_shift", presence_automatic=0)
        tx.connection.execute(update(member).where(member.c.id == member_id).values(seen_at=tx.now))
    if back:  # somebody became reachable: a lead may be waiting for them
        tx.ring("router")


def idle(row: Any) -> bool:
    """Whether a member is on a break only because nothing was heard of them; a break that ends by itself is another."""
    return row.presence == "break" and bool(row.presence_automatic) and row.presence_until is None


def members(connection: Connection) -> list[Row[Any]]:
    """Everybody, with their roles as a comma-separated text, by name."""
    return list(
        connection.execute(
            text(
                "SELECT m.id, m.name, m.email, m.active, m.presence, m.presence_until, m.presence_automatic, m.capacity,"
                " m.password_hash, m.needs_setup, m.team_id, m.seen_at, m.demo FROM member m ORDER BY m.name, m.id"
            )
        )
    )


def roles_of(connection: Connection) -> dict[str, list[str]]:
    """Each member's roles."""
    found: dict[str, list[str]] = {}
    for row in connection.execute(
        text("SELECT r.member_id, o.name FROM member_role r JOIN role o ON o.id = r.role_id ORDER BY o.name")
    ):
        found.setdefault(row.member_id, []).append(row.name)
    return found


def queues(connection: Connection) -> list[Row[Any]]:
    """Every queue."""
    return list(
        connection.execute(
            text(
                "SELECT id, name, strategy, head_id, team_id, schedule, rules FROM queue ORDER BY created_at, id"
            )
        )
    )


def queue_members(connection: Connection) -> dict[str, list[str]]:
    """The members of each queue in their order."""
    found: dict[str, list[str]] = {}
    for row in connection.execute(
        text("SELECT queue_id, member_id FROM queue_member ORDER BY queue_id, position, member_id")
    ):
        found.setdefault(row.queue_id, []).append(row.member_id)
    return found


QUEUE_RULES: Final = (
    "accept_seconds", "everyone_seconds", "singles", "sticky_minutes", "qualify_minutes", "retry_minutes",
)  # fmt: skip
"""What a queue may set for itself (storage/leads.py reads it)."""


def queue_shares(connection: Connection, queue_id: str) -> dict[str, float]:
    """Each member's share of a queue's leads."""
    rows = connection.execute(
        select(queue_member.c.member_id, queue_member.c.weight).where(queue_member.c.queue_id == queue_id)
    )
    return {row.member_id: row.weight for row in rows}


def join_queues(tx: Transaction, member_id: str, wanted: Mapping[str, bool]) -> None:
    """Let a member into queues (true), or out of them, whoever changes these queues meanwhile.

    Raises Conflict not_found for an unknown queue, queue_empty for one that would have nobody.
    """
    for queue_id, joins in sorted(wanted.items()):
        held = tx.connection.execute(select(queue.c.id).where(queue.c.id == queue_id).with_for_update())
        if held.first() is None:
            raise Conflict("not_found", 404)
        people = queue_members(tx.connection).get(queue_id, [])
        mine = queue_member.c.queue_id == queue_id, queue_member.c.member_id == member_id
        if joins and member_id not in people:
            row = (queue_id, member_id, len(people), 1)
            columns = ("queue_id", "member_id", "position", "weight")
            batch.insert(tx.connection, queue_member, columns, [row], ignore=True)
        elif not joins and people == [member_id]:
            raise Conflict("queue_empty", 422)
        elif not joins:
            tx.connection.execute(queue_member.delete().where(*mine))
    tx.ring("router")


def save_queue(
    tx: Transaction, queue_id: str | None, values: Mapping[str, Any], people: Sequence[str] | None
) -> str:
    """Make or change a queue; its id. Raises Conflict queue_empty when it would have nobody or no head."""
    made = queue_id or new_id(tx.now)
    columns = {name: values[name] for name in ("name", "strategy", "head_id") if values.get(name) is not None}
    columns |= {name: values[name] for name in ("team_id", "schedule") if name in values}
    given = {name: values[name] for name in QUEUE_RULES if values.get(name) is not None}
    if given:
        held = select(queue.c.rules).where(queue.c.id == made).with_for_update()
        stored = tx.connection.execute(held).scalar() or {}
        columns["rules"] = {**stored, **given}
    if people is None and values.get("weights"):
        people = queue_members(tx.connection).get(made, [])
    weights = values.get("weights") or {}
    if queue_id is None:
        tx.connection.execute(insert(queue).values(id=made, created_at=tx.now, **columns))
    elif tx.connection.execute(select(queue.c.id).where(queue.c.id == made)).first() is None:
        raise Conflict("not_found", 404)
    elif columns:
        tx.connection.execute(update(queue).where(queue.c.id == made).values(**columns))
    if people is not None:
        known = queue_shares(tx.connection, made)
        tx.connection.execute(queue_member.delete().where(queue_member.c.queue_id == made))
        rows = [
            {
                "queue_id": made,
                "member_id": ref,
                "position": place,
                "weight": weights.get(ref, known.get(ref, 1)),
            }
            for place, ref in enumerate(dict.fromkeys(people))
        ]
        if rows:
            tx.connection.execute(insert(queue_member), rows)
    row = tx.connection.execute(select(queue.c.head_id).where(queue.c.id == made)).one()
    if row.head_id is None or not queue_members(tx.connection).get(made):
        raise Conflict("queue_empty", 422)
    tx.ring("router")
    return made
