"""Which tasks must people be told about, and which does the system give at the end of a day?"""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import Row, text

from routing.schedule import Schedule, closed_since, local_day, next_opening, noon_after
from routing.times import DAY, HOUR
from storage import leads, once, tasks
from storage.attention import SINGLY, Chains, tell
from storage.history import Act
from storage.ids import new_id
from storage.tables import task
from storage.transaction import Transaction

AT_ONCE: Final = 500
CONTACT_CLIENT: Final = "Связаться с клиентом"
EVENING: Final = 2 * HOUR
"""So long after the end of a day its evening may still be made up for."""


def remind(tx: Transaction) -> int:
    """Tell owners of tasks that they asked to be reminded of; how many."""
    rows = tx.connection.execute(
        text("UPDATE task SET reminded_at = :now WHERE done_at IS NULL AND reminded_at IS NULL AND remind_at <= :now"
             " RETURNING id, owner_id"),
        {"now": tx.now},
    ).all()  # fmt: skip
    for row in rows:
        if row.owner_id:
            tx.changed("notification", f"task_reminder:{row.id}", audience=f"member:{row.owner_id}")
    return len(rows)


def tell_overdue(tx: Transaction) -> int:
    """Tell owner and head once of each task whose time is over; more than five an hour are told as one."""
    rows = tx.connection.execute(
        text("SELECT id, owner_id, author_id, due_at FROM task WHERE done_at IS NULL AND due_at <= :now"
             " AND due_at > :oldest AND told_at IS NULL AND kind <> 'call_back' ORDER BY due_at, id LIMIT :limit"),
        {"now": tx.now, "oldest": tx.now - 7 * DAY, "limit": AT_ONCE},
    ).all()  # fmt: skip
    if not rows:
        return 0
    chains = Chains(tx.connection)
    of_person: dict[str, list[str]] = {}
    for row in rows:
        for member_id in _concerned(chains, row):
            of_person.setdefault(member_id, []).append(row.id)
        tx.changed("task", row.id)
    tx.connection.execute(
        text("UPDATE task SET told_at = :now WHERE id = :id"),
        [{"now": tx.now, "id": row.id} for row in rows],
    )
    for member_id, ids in of_person.items():
        _tell_within_reason(tx, member_id, ids)
    return len(rows)


def _concerned(chains: Chains, row: Row[Any]) -> list[str]:
    if row.owner_id is None:
        return [row.author_id] if row.author_id else []
    return list(dict.fromkeys([row.owner_id, *chains.above(row.owner_id)[:1]]))


def _tell_within_reason(tx: Transaction, member_id: str, ids: list[str]) -> None:
    said = once.count_since(tx, "overdue", member_id, tx.now - HOUR)
    if said + len(ids) <= SINGLY:
        tell(tx, member_id, "task_overdue", ids)
        once.remember(tx, [("overdue", member_id, tx.now + place) for place in range(len(ids))])
    elif once.first_time(tx, "overdue_many", member_id, tx.now // HOUR):
        tx.changed("notification", "task_overdue_many", audience=f"member:{member_id}")


def deputies(tx: Transaction) -> int:
    """A question that the head left open for a working day goes to the deputy too; how many."""
    rows = tx.connection.execute(
        text("SELECT id, deputy_id, deputy_at FROM approval WHERE state = 'open' AND deputy_at <= :now"),
        {"now": tx.now},
    ).all()
    told = [row for row in rows if row.deputy_id and once.first_time(tx, "approval", row.id, row.deputy_at)]
    for row in told:
        tx.changed("notification", f"approval:{row.id}", audience=f"member:{row.deputy_id}")
    return len(told)


def evening(tx: Transaction, company: Schedule) -> int:
    """«Связаться с клиентом» on each deal without a task of everybody whose day has just ended; how many."""
    made = 0
    for row in tx.connection.execute(
        text("SELECT id, schedule FROM member WHERE active = 1 ORDER BY id")
    ).all():
        hours = leads.hours_of(row.schedule, company)
        ended = closed_since(hours, tx.now)
        if ended is None or tx.now - ended > EVENING or not _day_is_over(hours, ended, tx.now):
            continue
        if once.first_time(tx, "evening", row.id, ended):
            made += _give_tasks(tx, row.id, hours)
    return made


def _day_is_over(hours: Schedule, ended: int, now: int) -> bool:
    """Whether no further interval of the same day follows."""
    opens = next_opening(hours, now)
    return opens is None or local_day(hours.zone, opens) > local_day(hours.zone, ended - 1)


def _give_tasks(tx: Transaction, member_id: str, hours: Schedule) -> int:
    due = noon_after(hours, tx.now)
    deals = tasks.deals_without(tx.connection, member_id)
    for deal_id in deals:
        row = tx.connection.execute(
            text("SELECT contact_id, conversation_id FROM deal WHERE id = :id"), {"id": deal_id}
        ).one()
        act = Act(tx, "", "deal.evening")
        made = new_id(tx.now)
        tx.connection.execute(
            task.insert().values(
                id=made, deal_id=deal_id, contact_id=row.contact_id, conversation_id=row.conversation_id,
                owner_id=member_id, kind="contact", title=CONTACT_CLIENT, due_at=due, created_at=tx.now,
            )
        )  # fmt: skip
        act.made("task", made)
        act.close("deal", deal_id)
        tx.changed("task", made, row.contact_id)
    if deals:
        tx.changed("notification", "evening_tasks", audience=f"member:{member_id}")
    return len(deals)
