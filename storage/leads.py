"""Which leads wait, who could take them, and what was offered to whom?"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final, TypeAlias

import orjson
from sqlalchemy import Connection, Row, text

from routing.assignment import Lead, Queue, by_hand
from routing.decision import Decision
from routing.ladder import Ladder, withdrawn
from routing.members import Member
from routing.schedule import Schedule, current_shift, in_force, on_leave, working_between
from routing.times import MINUTE, SECOND
from routing.values import value
from storage import batch, calls
from storage.ids import new_id
from storage.tables import deal, decision, member, offer
from storage.transaction import Transaction

MAY_OWN = "lead.accept"
OVERDUE = 30 * MINUTE
DEFAULT_CAPACITY = 10.0


@value(frozen=True, slots=True)
class WaitingLead:
    """A lead without an owner, with where it belongs."""

    lead: Lead
    contact_id: str
    queue_id: str | None
    conversation_id: str | None
    waiting: str
    number: int
    next_at: int | None
    routed: bool = True
    """A sentence of the plan has sent it to its queue already."""
    accept_seconds: int = 0
    operator_first: bool = False
    """Its source lets operators qualify before a manager is asked."""


SELECT = (
    "SELECT d.id, d.created_at, d.source_id, d.contact_id, d.queue_id, d.conversation_id, d.waiting, d.ladder,"
    " d.priority, d.number, d.next_at, d.routed, c.responsible_id, k.last_kind, s.first_answer FROM deal d"
    " JOIN contact c ON c.id = d.contact_id LEFT JOIN conversation k ON k.id = d.conversation_id"
    " LEFT JOIN source s ON s.id = d.source_id WHERE"
)
HELD: Final = " FOR UPDATE OF d SKIP LOCKED"
"""What somebody is just changing (taking it, calling it spam) is looked at once they are done; what is looked at, nobody
changes meanwhile: nobody is offered a lead that was taken or ended in the same moment."""
Below: TypeAlias = tuple[int, int, str]
"""Priority, creation and id of a stuck lead: where a look came to."""


def due_leads(
    connection: Connection, weights: Mapping[str, float], now: int, limit: int
) -> list[WaitingLead]:
    """Waiting leads that it is time to look at, by priority, then by when that was."""
    sql = f"{SELECT} d.waiting <> '' AND d.next_at <= :now ORDER BY d.priority DESC, d.next_at, d.id LIMIT :limit"
    sql += _held(connection)
    return _leads(connection, weights, connection.execute(text(sql), {"now": now, "limit": limit}).all())


def stuck_leads(
    connection: Connection,
    weights: Mapping[str, float],
    queue_id: str | None,
    after: Below | None,
    limit: int,
) -> list[WaitingLead]:
    """Leads of a queue (None: of those that name none) that only an event can help: the oldest within priority, after one."""
    of_queue = "d.queue_id IS NULL" if queue_id is None else "d.queue_id = :queue"
    beyond, values = "", {"queue": queue_id, "limit": limit}
    if after is not None:
        values |= dict(zip(("priority", "created", "id"), after, strict=True))
        beyond = "AND (d.priority < :priority OR d.priority = :priority AND (d.created_at, d.id) > (:created, :id))"
    sql = (
        f"{SELECT} {of_queue} AND d.waiting IN ('nobody', 'sticky') {beyond}"
        f" ORDER BY d.priority DESC, d.created_at, d.id LIMIT :limit{_held(connection)}"
    )
    return _leads(connection, weights, connection.execute(text(sql), values).all())


def stuck_of(
    connection: Connection, weights: Mapping[str, float], responsible: Iterable[str], limit: int
) -> list[WaitingLead]:
    """Stuck leads of clients for whom one of these is responsible, oldest first."""
    ids = batch.select(
        connection,
        "SELECT d.id FROM {wanted} JOIN contact c ON c.responsible_id = w.id JOIN deal d ON d.contact_id = c.id"
        f" AND d.waiting IN ('nobody', 'sticky') ORDER BY d.created_at, d.id LIMIT {int(limit)}",
        {"id": sorted(responsible)},
    )
    rows = batch.select(
        connection, SELECT.replace("FROM deal d", "FROM {wanted} JOIN deal d ON d.id = w.id").removesuffix(" WHERE"),
        {"id": [row.id for row in ids]}, lock=HELD,
    )  # fmt: skip
    return _leads(connection, weights, [row for row in rows if row.waiting in ("nobody", "sticky")])


def _held(connection: Connection) -> str:
    """SQLite has one writer and needs no locks."""
    return HELD if connection.dialect.name == "postgresql" else ""


def below(found: WaitingLead) -> Below:
    """Where a look came to with this lead."""
    return found.lead.priority, found.lead.created_at, found.lead.id


def _leads(
    connection: Connection, weights: Mapping[str, float], rows: Sequence[Row[Any]]
) -> list[WaitingLead]:
    owners = _last_owners(connection, [row.contact_id for row in rows])
    kinds = {"form": "form", "call": "missed_call"}
    leads = []
    for row in rows:
        routed = orjson.loads(row.routed)
        managers = dict.fromkeys(filter(None, (row.responsible_id, owners.get(row.contact_id))))
        lead = Lead(
            id=row.id,
            created_at=row.created_at,
            source_id=row.source_id or "",
            weight=weights.get(row.source_id, 1.0),
            managers=tuple(managers),
            skills=frozenset(routed.get("skills", ())),
            first=routed.get("member", ""),
            priority=row.priority,
            kind=kinds.get(row.last_kind, "message"),  # type: ignore[arg-type]
            handed_over_at=routed.get("handed_over_at"),
            ladder=Ladder.from_json(orjson.loads(row.ladder)),
        )
        leads.append(
            WaitingLead(
                lead,
                row.contact_id,
                row.queue_id,
                row.conversation_id,
                row.waiting,
                row.number,
                row.next_at,
                "plan" in routed,
                int(routed.get("accept_seconds", 0)),
                row.first_answer == "operator",
            )
        )
    return leads


def _last_owners(connection: Connection, contacts: Sequence[str]) -> dict[str, str]:
    """The owner of each client's most recent open deal."""
    rows = batch.select(
        connection,
        "SELECT d.contact_id, d.owner_id FROM {wanted} JOIN deal d ON d.contact_id = w.id AND d.open = 1"
        " AND d.owner_id IS NOT NULL ORDER BY d.last_activity_at, d.id",
        {"id": sorted(set(contacts))},
    )
    return {row.contact_id: row.owner_id for row in rows}


def next_look(connection: Connection, now: int) -> int | None:
    """When a waiting lead or an open offer is due next."""
    found: int | None = connection.execute(
        text("SELECT min(next_at) FROM deal WHERE waiting <> '' AND next_at > :now"), {"now": now}
    ).scalar()
    return found


def anything_waits(connection: Connection) -> bool:
    """Whether there is a lead that somebody who is freed could take."""
    sql = "SELECT 1 FROM deal WHERE waiting IN ('nobody', 'sticky') LIMIT 1"
    return connection.execute(text(sql)).first() is not None


def queues(connection: Connection, company: Schedule) -> dict[str, Queue]:
    """Every queue with its members in order, its head and the admins."""
    admins = tuple(
        row.member_id
        for row in connection.execute(
            text(
                "SELECT r.member_id FROM member_role r JOIN member m ON m.id = r.member_id AND m.active = 1"
                " JOIN role o ON o.id = r.role_id WHERE o.name = 'admin' ORDER BY r.member_id"
            )
        )
    )
    order: dict[str, list[str]] = {}
    for row in connection.execute(
        text("SELECT queue_id, member_id FROM queue_member ORDER BY queue_id, position, member_id")
    ):
        order.setdefault(row.queue_id, []).append(row.member_id)
    found = {}
    for row in connection.execute(
        text(
            "SELECT q.id, q.strategy, q.head_id, q.schedule, q.rules, t.deputy_id FROM queue q"
            " LEFT JOIN team t ON t.id = q.team_id"
        )
    ):
        rules = orjson.loads(row.rules)
        durations: dict[str, Any] = {
            name: int(rules[key]) * unit for key, name, unit in CLOCKS if key in rules
        }
        found[row.id] = Queue(
            id=row.id,
            order=tuple(order.get(row.id, ())),
            strategy=row.strategy or "all_at_once",
            hours=hours_of(row.schedule, company),
            heads=(row.head_id,) if row.head_id else (),
            deputies=(row.deputy_id,) if row.deputy_id else (),
            admins=admins,
            singles=int(rules.get("singles", 3)),
            **durations,
        )
    return found


CLOCKS: Final = (
    ("accept_seconds", "accept_within", SECOND), ("everyone_seconds", "everyone_for", SECOND),
    ("sticky_minutes", "sticky_wait", MINUTE), ("qualify_minutes", "qualify_within", MINUTE),
    ("retry_minutes", "retry_after", MINUTE),
)  # fmt: skip
"""What a queue's rules may set: their name, routing's, and the unit."""


def shares(connection: Connection) -> dict[tuple[str, str], float]:
    """(queue, member) -> the share of its leads, where it is not one."""
    rows = connection.execute(text("SELECT queue_id, member_id, weight FROM queue_member WHERE weight <> 1"))
    return {(row.queue_id, row.member_id): row.weight for row in rows}


def asked(
    queue: Queue, lead: Lead, people: Mapping[str, Member], shares: Mapping[tuple[str, str], float]
) -> list[Member]:
    """Whom routing looks at: the queue's members with their shares in it, and the client's own managers."""
    refs = dict.fromkeys([*queue.order, *lead.managers, *([lead.first] if lead.first else [])])
    known = [people[ref] for ref in refs if ref in people]
    if not shares:
        return known
    return [
        replace(one, weight=weight)
        if (weight := shares.get((queue.id, one.id), one.weight)) != one.weight
        else one
        for one in known
    ]


_hours: dict[tuple[str, int], tuple[Schedule, Schedule]] = {}
"""Stored hours and company -> what holds, with all that it has worked out so far; the company's keeps its number taken."""
MOST_HOURS = 4096


def hours_of(stored: str, company: Schedule) -> Schedule:
    """The working time of a member or a queue by its stored document: its own, the company's where it has none."""
    known = _hours.get((stored, id(company)))
    if known is None:
        record = orjson.loads(stored)
        if len(_hours) >= MOST_HOURS:
            _hours.clear()
        own = Schedule.from_json(record) if record else None
        known = _hours[stored, id(company)] = (in_force(own, company), company)
    return known[0]


def schedule_of(connection: Connection, member_id: str | None, company: Schedule) -> Schedule:
    """A person's own hours, the company's where they have none."""
    stored = connection.execute(
        text("SELECT schedule FROM member WHERE id = :id"), {"id": member_id}
    ).scalar()
    return hours_of(stored or "{}", company)


def members(
    connection: Connection, company: Schedule, weights: Mapping[str, float], now: int
) -> dict[str, Member]:
    """Everybody as the rules see them now; a handful of statements whatever their number."""
    may_own = {
        row.member_id
        for row in connection.execute(
            text(
                "SELECT DISTINCT r.member_id FROM member_role r JOIN role_permission p ON p.role_id = r.role_id"
                " WHERE p.permission = :permission"
            ),
            {"permission": MAY_OWN},
        )
    }
    offers = _open_offers(connection)
    talking = calls.on_call(connection)
    load = _load(connection, weights, offers)
    found = {}
    for row in connection.execute(
        text(
            "SELECT id, active, schedule, timezone, presence, presence_until, seen_at, reachable_until, capacity, skills,"
            " last_offer_at, gate_override_until, substitute_id, extension FROM member"
        )
    ):
        hours = hours_of(row.schedule, company)
        lifted = row.gate_override_until
        found[row.id] = Member(
            id=row.id,
            active=bool(row.active),
            shift=current_shift(hours, now),
            on_leave=on_leave(hours, now),
            presence=row.presence or "off",
            presence_until=row.presence_until,
            seen_at=row.seen_at or 0,
            push_until=row.reachable_until or 0,
            on_call=row.id in talking,
            may_own=row.id in may_own,
            skills=frozenset(orjson.loads(row.skills)),
            load=load.get(row.id, 0.0),
            capacity=DEFAULT_CAPACITY if row.capacity is None else row.capacity,
            open_offers=offers.get(row.id, 0),
            last_offer_at=row.last_offer_at or 0,
            lifted={"discipline": lifted} if lifted else None,
            substitute=row.substitute_id or "",
            extension=row.extension,
        )
    return _with_discipline(connection, found, company, now)


def _open_offers(connection: Connection) -> dict[str, int]:
    rows = connection.execute(
        text("SELECT member_id, count(*) AS n FROM offer WHERE state = 'open' GROUP BY member_id")
    )
    return {row.member_id: row.n for row in rows}


def _load(
    connection: Connection, weights: Mapping[str, float], offers: Mapping[str, int]
) -> dict[str, float]:
    """Open offers, accepted leads without human contact, assigned conversations in `open`; by channel weight."""
    load: dict[str, float] = {member: float(count) for member, count in offers.items()}
    for sql in (
        "SELECT owner_id AS member, source_id, count(*) AS n FROM deal WHERE open = 1 AND stage_kind = 'lead'"
        " AND owner_id IS NOT NULL AND first_contact_at IS NULL AND quiet = 0 GROUP BY owner_id, source_id",
        "SELECT assignee_id AS member, source_id, count(*) AS n FROM conversation WHERE state = 'open'"
        " AND assignee_id IS NOT NULL GROUP BY assignee_id, source_id",
    ):
        for row in connection.execute(text(sql)):
            load[row.member] = load.get(row.member, 0.0) + row.n * weights.get(row.source_id, 1.0)
    return load


def _with_discipline(
    connection: Connection, found: dict[str, Member], company: Schedule, now: int
) -> dict[str, Member]:
    """Tasks overdue and deals without a task, by more than 30 working minutes."""
    overdue: dict[str, int] = {}
    for row in connection.execute(
        text(
            "SELECT owner_id, due_at FROM task WHERE done_at IS NULL AND owner_id IS NOT NULL AND due_at < :at"
        ),
        {"at": now - OVERDUE},
    ):
        if working_between(company, row.due_at, now) > OVERDUE:
            overdue[row.owner_id] = overdue.get(row.owner_id, 0) + 1
    idle: dict[str, int] = {}
    for row in connection.execute(
        text(
            "SELECT d.owner_id, d.accepted_at FROM deal d WHERE d.open = 1 AND d.owner_id IS NOT NULL AND d.quiet = 0"
            " AND d.accepted_at < :at AND NOT EXISTS"
            " (SELECT 1 FROM task t WHERE t.deal_id = d.id AND t.done_at IS NULL)"
        ),
        {"at": now - OVERDUE},
    ):
        if working_between(company, row.accepted_at, now) > OVERDUE:
            idle[row.owner_id] = idle.get(row.owner_id, 0) + 1
    for ref in overdue.keys() | idle.keys():
        if ref in found:
            found[ref] = replace(found[ref], overdue_tasks=overdue.get(ref, 0), idle_deals=idle.get(ref, 0))
    return found


DECISION = (
    "id", "kind", "rule", "chosen", "message_id", "conversation_id", "deal_id", "contact_id", "record", "at",
    "candidates_id",
)  # fmt: skip


def keep_decision(
    tx: Transaction, record: Decision, *, deal_id: str | None, conversation_id: str | None, contact_id: str,
    message_id: str | None = None,
) -> str:  # fmt: skip
    """Store one decision; its id."""
    decision_id = new_id(tx.now)
    row = decision_row(
        decision_id, record, record.to_json(), tx.now,
        deal_id=deal_id, conversation_id=conversation_id, contact_id=contact_id, message_id=message_id,
    )  # fmt: skip
    batch.insert(tx.connection, decision, DECISION, [row])
    return decision_id


def keep_by_hand(tx: Transaction, lead: Row[Any], owner_id: str, by: str) -> None:
    """Remember that a person took a lead, or gave it to somebody. `lead` is its row as it was."""
    record = by_hand(lead.id, lead.waiting, owner_id, by, tx.now)
    keep_decision(
        tx, record, deal_id=lead.id, conversation_id=lead.conversation_id, contact_id=lead.contact_id
    )


def decision_row(
    decision_id: str, record: Decision, shown: Mapping[str, Any], at: int, *, deal_id: str | None,
    conversation_id: str | None, contact_id: str, message_id: str | None = None, candidates_id: str = "",
) -> tuple[Any, ...]:  # fmt: skip
    """A row of decisions, by `DECISION`."""
    chosen = record.chosen[0] if record.chosen else None
    return (
        decision_id, record.kind, record.rule, chosen, message_id, conversation_id, deal_id or None, contact_id or None,
        shown, at, candidates_id or None,
    )  # fmt: skip


def next_rungs(connection: Connection, deal_ids: Iterable[str]) -> dict[str, int]:
    """The number of each deal's next offer."""
    rows = batch.select(
        connection,
        "SELECT o.deal_id, max(o.rung) + 1 AS next FROM {wanted} JOIN offer o ON o.deal_id = w.id GROUP BY o.deal_id",
        {"id": sorted(deal_ids)},
    )
    return {row.deal_id: row.next for row in rows}


def last_rule(connection: Connection, deal_ids: Iterable[str]) -> dict[str, str]:
    """The rule of each deal's newest route decision, so that the same answer is not stored again and again."""
    rows = batch.select(
        connection,
        "SELECT d.deal_id, d.rule FROM {wanted} JOIN decision d ON d.deal_id = w.id AND d.kind = 'route'"
        " ORDER BY d.at",
        {"id": sorted(deal_ids)},
    )
    return {row.deal_id: row.rule for row in rows}


OFFER = (
    "id",
    "deal_id",
    "member_id",
    "rung",
    "broadcast",
    "state",
    "offered_at",
    "expires_at",
    "decision_id",
)


def add_offers(tx: Transaction, rows: Sequence[tuple[Any, ...]]) -> None:
    """Show a lead to people."""
    batch.insert(tx.connection, offer, OFFER, rows)
    asked = sorted({row[2] for row in rows})
    batch.update(tx.connection, member, ("id",), ("last_offer_at",), [(ref, tx.now) for ref in asked])
    for row in rows:
        tx.changed("offer", row[0], audience=f"member:{row[2]}")
    if rows:
        tx.ring("staff")


def settle_offers(tx: Transaction, deal_id: str, state: str) -> list[str]:
    """End every open offer of a deal; who had one."""
    rows = tx.connection.execute(
        text(
            "UPDATE offer SET state = :state, settled_at = :now WHERE deal_id = :deal AND state = 'open'"
            " RETURNING id, member_id"
        ),
        {"state": state, "now": tx.now, "deal": deal_id},
    ).all()
    for row in rows:
        tx.changed("offer", row.id, audience=f"member:{row.member_id}")
    tx.ring("staff")
    return [row.member_id for row in rows]


def withdraw(tx: Transaction, deal_id: str) -> None:
    """Nobody is asked about this lead now; should it be routed again, nobody is to blame for this offer."""
    # Held first: the router may be offering it just now, and what it offers has to end too.
    found = tx.connection.execute(
        text(f"SELECT waiting, ladder FROM deal WHERE id = :id{tx.for_update}"), {"id": deal_id}
    ).one()
    settle_offers(tx, deal_id, "withdrawn")
    if found.waiting == "offered":
        ladder = withdrawn(Ladder.from_json(orjson.loads(found.ladder)))
        set_waiting(tx, deal_id, "new", ladder, tx.now)


def set_waiting(tx: Transaction, deal_id: str, waiting: str, ladder: Ladder, next_at: int | None) -> None:
    """Where the lead stands."""
    set_all_waiting(tx, [(deal_id, waiting, ladder.to_json(), next_at)])


def set_all_waiting(tx: Transaction, rows: Sequence[tuple[str, str, Any, int | None]]) -> None:
    """Where leads stand; each row is (deal, waiting, ladder as JSON, next_at)."""
    batch.update(
        tx.connection, deal, ("id",), ("waiting", "ladder", "next_at"), sorted(rows, key=lambda row: row[0])
    )
    for row in rows:
        tx.changed("deal", row[0])
