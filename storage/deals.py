"""What do people do with deals? Make, change, move between stages, give away; every act with its way back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, Row, text

from routing.pipelines import ON_CONTACT, Attempt, Attempts, Move, Standing, count_attempts, filled, may_move
from routing.schedule import Schedule, add_working
from routing.times import MINUTE
from storage import audit, automations, batch, doubts, leads, standing
from storage.errors import Conflict
from storage.history import Act, row_of
from storage.ids import new_id
from storage.moving import new_lead
from storage.responsible import give, must_work
from storage.stages import rules_of, stage_of
from storage.tables import deal as deal_table
from storage.tables import stage_history, task
from storage.tables.base import Json
from storage.tasks import close_tasks
from storage.transaction import Transaction

COLUMNS: Final = frozenset({"title", "amount", "currency"})
"""What lies in columns of its own; everything else is a field."""


@dataclass(frozen=True, slots=True)
class Moved:
    """What came of a wish to move: an act, or what is in the way."""

    move: Move
    act: str = ""
    attempts: Attempts | None = None


def make(
    tx: Transaction, by: str, contact_id: str, stage: tuple[str, str], title: str, owner_id: str | None,
    queue_id: str | None,
) -> str:  # fmt: skip
    """A deal made by hand: its maker's (`owner_id`) unless given to a queue. Its id. Raises Conflict."""
    row_of(tx, "contact", contact_id)
    conversation = tx.connection.execute(
        text("SELECT id, source_id FROM conversation WHERE contact_id = :id ORDER BY last_at DESC LIMIT 1"),
        {"id": contact_id},
    ).first()
    if conversation is None:
        conversation = tx.connection.execute(text("SELECT NULL AS id, NULL AS source_id")).one()
    act = Act(tx, by, "deal.make")
    place = _Place(conversation.id, conversation.source_id, contact_id)
    deal_id = new_lead(act, place, owner_id, stage, title)
    if queue_id is not None:
        tx.connection.execute(
            text("UPDATE deal SET queue_id = :queue WHERE id = :id"), {"queue": queue_id, "id": deal_id}
        )
    must_work(tx, owner_id)
    act.close("deal", deal_id)
    return deal_id


@dataclass(frozen=True, slots=True)
class _Place:
    id: str | None
    source_id: str | None
    contact_id: str


def held(tx: Transaction, deal_id: str) -> Row[Any]:
    """The deal, its contact held before it. Raises Conflict not_found."""
    contact_id = tx.connection.execute(
        text("SELECT contact_id FROM deal WHERE id = :id"), {"id": deal_id}
    ).scalar()
    if contact_id is None:
        raise Conflict("not_found", 404)
    row_of(tx, "contact", contact_id)
    return row_of(tx, "deal", deal_id)


def change(tx: Transaction, deal_id: str, by: str, values: Mapping[str, Any], was: Mapping[str, Any]) -> str:
    """Change fields of a deal; the act. `was` is what the person saw: Conflict changed when a colleague was faster."""
    row = held(tx, deal_id)
    for name, seen in was.items():
        present = getattr(row, name) if name in COLUMNS else row.fields.get(name)
        if present != seen and present != values.get(name):
            by_name, at = _changer(tx, deal_id, name)
            raise Conflict(
                "changed",
                field=name,
                value="" if present is None else str(present),
                by=by_name,
                at=at,
            )
    act = Act(tx, by, "deal.change")
    _give_values(act, deal_id, values)
    automations.move_with(tx, row_of(tx, "deal", deal_id))
    if act.rows:
        tx.connection.execute(
            text("UPDATE deal SET last_activity_at = :now WHERE id = :id"), {"now": tx.now, "id": deal_id}
        )
    return act.close("deal", deal_id)


def _changer(tx: Transaction, deal_id: str, name: str) -> tuple[str, int]:
    """Who gave a field the value it has, and when; ("", 0): nobody of ours."""
    found = tx.connection.execute(
        text("SELECT m.name, c.at FROM change c JOIN member m ON m.id = c.by_id WHERE c.object_id = :id AND c.field = :field"
             " ORDER BY c.at DESC, c.id DESC LIMIT 1"),
        {"id": deal_id, "field": name if name in COLUMNS else f"fields.{name}"},
    ).first()  # fmt: skip
    return ("", 0) if found is None else (found.name, found.at)


def _give_values(act: Act, deal_id: str, values: Mapping[str, Any]) -> None:
    columns = {name: value for name, value in values.items() if name in COLUMNS}
    fields = {name: value for name, value in values.items() if name not in COLUMNS}
    act.set("deal", deal_id, **columns, **({"fields": fields} if fields else {}))


def hand_over(tx: Transaction, deal_id: str, by: str, owner_id: str | None, *, contact: bool) -> str:
    """Give a deal to somebody (None: to routing), with `contact` the client too. The act. Raises Conflict."""
    row = held(tx, deal_id)
    must_work(tx, owner_id)
    if not row.open:
        raise Conflict("not_now")
    act = Act(tx, by, "deal.give")
    if contact:
        act.set("contact", row.contact_id, responsible_id=owner_id)
    leads.withdraw(tx, deal_id)
    give(act, deal_id, owner_id)
    if owner_id is not None and row.stage_kind == "lead" and owner_id != row.owner_id:
        leads.keep_by_hand(tx, row, owner_id, by)
    return act.close("deal", deal_id, {"to": owner_id})


def to_managers(tx: Transaction, deal_id: str, by: str) -> None:
    """The lead waits for its qualification no more. Raises Conflict not_found, not_now for one that does not."""
    row = held(tx, deal_id)
    if row.waiting != "being_qualified":
        raise Conflict("not_now")
    tx.connection.execute(
        deal_table.update()
        .where(deal_table.c.id == deal_id)
        .values(routed={**row.routed, "handed_over_at": tx.now}, waiting="new", next_at=tx.now)
    )
    audit.note(tx, by, "lead.to_managers", "deal", deal_id)
    tx.changed("deal", deal_id, row.contact_id)
    tx.ring("router", "leads")


def move(
    tx: Transaction, deal_id: str, by: str, stage_id: str, given: Mapping[str, Any], comment: str, company: Schedule,
    *, only_look: bool = False,
) -> Moved:  # fmt: skip
    """Put a deal on another stage, with what was missing given along; or say what is in the way and change nothing.

    Raises Conflict not_found.
    """
    row = held(tx, deal_id)
    start, to = stage_of(tx.connection, row.stage_id), stage_of(tx.connection, stage_id)
    if start.id == to.id:
        return Moved(Move())
    attempts = attempts_of(tx.connection, row, company.zone) if to.attempts else None
    standing = Standing(
        open=bool(row.open), filled=_filled(tx.connection, row, given), comment=comment, attempts=attempts,
        approved=approved(tx.connection, deal_id, stage_id),
    )  # fmt: skip
    found = may_move(rules_of(start), rules_of(to), standing)
    if not found.allowed or only_look:
        return Moved(found, attempts=attempts)
    act = Act(tx, by, "deal.move")
    _give(act, row, given)
    enter(act, row, to, comment, company)
    return Moved(found, act.close("deal", deal_id, {"from": start.id, "to": to.id}), attempts)


def _filled(connection: Connection, row: Row[Any], given: Mapping[str, Any]) -> frozenset[str]:
    contact = connection.execute(
        text("SELECT name, name_from, fields FROM contact WHERE id = :id").columns(fields=Json()),
        {"id": row.contact_id},
    ).one()
    kinds = {
        one.kind
        for one in connection.execute(
            text("SELECT DISTINCT i.kind FROM contact_identity l JOIN identity i ON i.id = l.identity_id"
                 " WHERE l.contact_id = :id"),
            {"id": row.contact_id},
        )
    }  # fmt: skip
    of_contact: dict[str, Any] = {name: value for name, value in contact.fields.items() if name in ON_CONTACT}
    of_contact |= {"name": contact.name if contact.name_from != "address" else ""}
    of_contact |= {kind: kind for kind in ("phone", "email") if kind in kinds}
    own = {"title": row.title, "subject": row.title, "amount": row.amount, "currency": row.currency}
    return filled({**own, **row.fields, **of_contact, **given})


def _give(act: Act, row: Row[Any], given: Mapping[str, Any]) -> None:
    of_deal = {name: value for name, value in given.items() if name not in ON_CONTACT}
    of_contact = {name: value for name, value in given.items() if name in ON_CONTACT}
    if of_contact:
        name = of_contact.pop("name", None)
        named = {"name": name, "name_from": "person"} if name else {}
        act.set("contact", row.contact_id, **named, **({"fields": of_contact} if of_contact else {}))
        if of_contact.get("phone"):
            doubts.note_phone(act.tx, row.contact_id, str(of_contact["phone"]))
    if of_deal:
        _give_values(act, row.id, of_deal)


def enter(act: Act, row: Row[Any], to: Row[Any], comment: str, company: Schedule) -> None:
    """What entering a stage does: the old stage's tasks end, its own begin, what comes later is planned."""
    tx = act.tx
    ends = to.kind in ("won", "lost")
    values: dict[str, Any] = {
        "stage_id": to.id, "stage_kind": to.kind, "open": int(not ends), "last_activity_at": tx.now,
        "closed_at": tx.now if ends else None, "lost_reason": (to.code or to.id) if to.kind == "lost" else "",
    }  # fmt: skip
    if to.kind != "lead":
        values["quiet"] = 0
        if row.waiting:  # qualified by a person before anybody was found: it waits for an owner no more
            leads.withdraw(tx, row.id)
            values |= {"waiting": "", "next_at": None, "owner_id": row.owner_id or act.by or None}
            if row.owner_id is None and act.by:
                leads.keep_by_hand(tx, row, act.by, act.by)
    if comment:
        values["fields"] = {"loss_comment" if to.kind == "lost" else "comment": comment}
    act.set("deal", row.id, **values)
    close_tasks(act, row.id, ("stage", "contact") if ends else ("stage",))
    entered = (new_id(tx.now), row.id, row.stage_id, to.id, act.by or None, tx.now)
    columns = ("id", "deal_id", "from_id", "to_id", "by_id", "at")
    batch.insert(tx.connection, stage_history, columns, [entered])
    owner_id = values.get("owner_id", row.owner_id)
    if to.task:
        add_task(
            act, row, "stage", to.task["title"], owner_id, int(to.task["minutes"]), company, stage_id=to.id
        )
    automations.plan(tx, row_of(tx, "deal", row.id), to)
    if to.junk:
        _mark_spam(act, row)


def add_task(
    act: Act, row: Row[Any], kind: str, title: str, owner_id: str | None, minutes: int, company: Schedule,
    stage_id: str | None = None,
) -> str:  # fmt: skip
    """A task on a deal, due after so much of its owner's working time; its id."""
    tx = act.tx
    task_id = new_id(tx.now)
    hours = leads.schedule_of(tx.connection, owner_id, company)
    tx.connection.execute(
        task.insert().values(
            id=task_id, deal_id=row.id, contact_id=row.contact_id, conversation_id=row.conversation_id,
            owner_id=owner_id, author_id=act.by or None, kind=kind, title=title,
            due_at=add_working(hours, tx.now, minutes * MINUTE), stage_id=stage_id, created_at=tx.now,
        )
    )  # fmt: skip
    act.made("task", task_id)
    tx.changed("task", task_id, row.contact_id)
    return task_id


def _mark_spam(act: Act, row: Row[Any]) -> None:
    """Losing on a junk stage marks the address the lead came from."""
    if row.conversation_id is None:
        return
    found = act.tx.connection.execute(
        text("SELECT identity_id FROM conversation WHERE id = :id"), {"id": row.conversation_id}
    ).scalar()
    if found:
        act.set("identity", found, spam=1)
    act.set("conversation", row.conversation_id, nature="spam")


def attempts_of(connection: Connection, row: Row[Any], zone: str) -> Attempts:
    """Which tries to reach the client count on this stage: our messages, calls and «не дозвонился»."""
    since = connection.execute(
        text("SELECT max(at) FROM stage_history WHERE deal_id = :id AND to_id = :stage"),
        {"id": row.id, "stage": row.stage_id},
    ).scalar() or row.created_at  # fmt: skip
    sign = connection.execute(
        text("SELECT max(at) FROM message WHERE contact_id = :id AND direction = 'in' AND nature = 'client'"),
        {"id": row.contact_id},
    ).scalar()
    last_sign = max(since, sign or 0)
    tries = [
        Attempt(at=one.at, channel=one.channel or "call")
        for one in connection.execute(
            text("SELECT m.at, CASE WHEN m.kind = 'call' THEN 'call' ELSE m.source_id END AS channel FROM message m"
                 " WHERE m.contact_id = :id AND m.direction = 'out' AND m.author_kind = 'person' AND m.at > :since"
                 " AND m.kind <> 'note' AND m.state NOT IN ('cancelled', 'failed', 'undelivered', 'held')"
                 " UNION ALL SELECT t.done_at, 'call' FROM task t WHERE t.contact_id = :id AND t.done_at > :since"
                 " AND t.result = 'not_reached'"),
            {"id": row.contact_id, "since": last_sign},
        )
    ]  # fmt: skip
    return count_attempts(tries, last_sign, _reachable(connection, row.contact_id), zone)


def _reachable(connection: Connection, contact_id: str) -> int:
    """How many ways there are to reach the client: conversations that can be written to, and a telephone."""
    found = connection.execute(
        text("SELECT count(DISTINCT c.source_id) FROM conversation c LEFT JOIN address a ON a.source_id = c.source_id"
             f" AND a.identity_id = c.identity_id WHERE c.contact_id = :id AND {standing.UNREACHABLE} = 0"),
        {"id": contact_id},
    ).scalar_one()  # fmt: skip
    return int(found)


def approved(connection: Connection, deal_id: str, stage_id: str) -> bool:
    """Whether the head agreed to this loss, and nothing came from the client since."""
    found = connection.execute(
        text("SELECT 1 FROM approval p JOIN deal d ON d.id = p.deal_id WHERE p.deal_id = :id AND p.stage_id = :stage"
             " AND p.state = 'approved' AND NOT EXISTS (SELECT 1 FROM message m WHERE m.contact_id = d.contact_id"
             " AND m.direction = 'in' AND m.nature = 'client' AND m.received_at > p.asked_at) LIMIT 1"),
        {"id": deal_id, "stage": stage_id},
    ).first()  # fmt: skip
    return found is not None
