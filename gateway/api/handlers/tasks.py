"""What is to be done, by whom, until when?"""

from __future__ import annotations

import itertools
from typing import Any, Literal

from pydantic import Field
from typing_extensions import TypedDict

from gateway.api import build, shapes
from gateway.api.handlers.attaching import Acted, acted
from gateway.api.handlers.boards import Card, cards_of, task_title
from gateway.api.layer import Body, Call, route
from gateway.api.rights import must_lead, must_see_contact, must_see_deal, must_see_task
from gateway.refusals import Refusal
from gateway.rules import setup_of
from routing.schedule import EPOCH, local_day
from routing.times import DAY
from storage import boards, cards, tasks

Every = Literal["", "day", "workday", "week", "month", "year"]


class TaskCard(TypedDict):
    id: str
    kind: str
    title: str
    due_at: int | None
    remind_at: int | None
    done_at: int | None
    result: str
    every: Every
    overdue: bool
    owner: shapes.Ref | None
    contact: shapes.Ref | None
    deal_id: str | None
    deal_number: int | None
    deal_title: str


class TaskCards(TypedDict):
    items: list[TaskCard]


class MyWork(TypedDict):
    """A manager's own page: clients nobody has been in touch with, tasks by when they are due, deals without one."""

    not_contacted: list[Card]
    overdue: list[TaskCard]
    today: list[TaskCard]
    tomorrow: list[TaskCard]
    later: list[TaskCard]
    """After tomorrow, or at no time."""
    without_task: list[shapes.Deal]


class NewTask(Body):
    title: str = Field(min_length=1, max_length=500)
    due_at: int | None = Field(default=None, ge=0, le=2**53)
    remind_at: int | None = Field(default=None, ge=0, le=2**53)
    every: Every = ""
    owner_id: str | None = Field(default=None, max_length=80)
    deal_id: str | None = Field(default=None, max_length=80)
    contact_id: str | None = Field(default=None, max_length=80)


class TaskEdit(Body):
    title: str | None = Field(default=None, min_length=1, max_length=500)
    due_at: int | None = Field(default=None, ge=0, le=2**53)
    remind_at: int | None = Field(default=None, ge=0, le=2**53)
    every: Every | None = None
    owner_id: str | None = Field(default=None, max_length=80)


class Finish(Body):
    result: Literal["", "done", "reached", "not_reached", "not_needed"] = ""


class Attempt(Body):
    """`title` is how the call is named among the tasks; `at`, when to call again, goes with `later`."""

    result: Literal["reached", "not_reached", "later"]
    title: str = Field(min_length=1, max_length=200)
    at: int | None = Field(default=None, ge=0, le=2**53)


@route("GET", "/deals/{id}/tasks", answer=TaskCards, needs="deal.read")
async def deal_tasks(call: Call) -> TaskCards:
    """A deal's tasks, open ones first."""
    await must_see_deal(call, call.path("id"))
    rows = await call.gateway.database.read(tasks.of_deal, call.path("id"))
    return {"items": [_task(call, row) for row in rows]}


def _task(call: Call, row: Any) -> TaskCard:
    names = call.account.may("contact.read")
    return {
        "id": row.id, "kind": row.kind, "title": task_title(row, names), "due_at": row.due_at, "remind_at": row.remind_at,
        "done_at": row.done_at, "result": row.result, "every": row.every,
        "overdue": row.done_at is None and row.due_at is not None and row.due_at < call.now,
        "owner": build.reference(row.owner_id, row.owner_name),
        "contact": build.reference(row.contact_id, row.contact_name) if names else None, "deal_id": row.deal_id,
        "deal_number": row.number, "deal_title": (row.deal_title or "") if call.account.may("conversation.read") else "",
    }  # fmt: skip


@route("GET", "/tasks", answer=MyWork, needs="conversation.reply")
async def my_work(call: Call) -> MyWork:
    """One's own tasks by when they are due, and one's deals without a task."""
    setup = await setup_of(call.gateway)
    midnight = max(call.now, (local_day(setup.schedule.zone, call.now) - EPOCH + 1) * DAY)
    database = call.gateway.database
    ends = (0, call.now, midnight, midnight + DAY, 2**62)
    overdue, today, tomorrow, later = [
        [_task(call, row) for row in await database.read(tasks.of_owner, call.me, since=since, until=until)]
        for since, until in itertools.pairwise(ends)
    ]
    ids = await database.read(tasks.deals_without, call.me)
    words = call.account.may("conversation.read")
    return {
        "not_contacted": await cards_of(call, await database.read(boards.not_contacted, call.me)),
        "overdue": overdue, "today": today, "tomorrow": tomorrow, "later": later,
        "without_task": [build.deal(row, words=words) for row in await database.read(cards.deals, ids)],
    }  # fmt: skip


@route("POST", "/tasks", answer=TaskCard, body=NewTask, needs="conversation.reply", status=201)
async def add_task(call: Call, body: NewTask) -> TaskCard:
    """A task for oneself, or for a colleague."""
    act = "conversation.assign" if body.owner_id not in (None, call.me) else ""
    if act:
        call.need(act)
    if body.deal_id is not None:
        await must_see_deal(call, body.deal_id, act)
    elif body.contact_id is not None:
        await must_see_contact(call, body.contact_id, act)
    elif act:
        must_lead(call, body.owner_id or "", act)
    values = {**body.model_dump(), "owner_id": body.owner_id or call.me, "title": body.title.strip()}
    made = await call.gateway.database.write(tasks.make, call.me, values)
    return await _one_task(call, made)


async def _one_task(call: Call, task_id: str) -> TaskCard:
    return _task(call, await call.gateway.database.read(tasks.one, task_id))


@route("PUT", "/tasks/{id}", answer=Acted, body=TaskEdit, needs="conversation.reply")
async def edit_task(call: Call, body: TaskEdit) -> Acted:
    """Another title, time, reminder, repetition or owner."""
    act = "conversation.assign" if body.owner_id not in (None, call.me) else ""
    if act:
        call.need(act)
    await must_see_task(call, call.path("id"), act)
    values = body.model_dump(exclude_unset=True)
    for name in ("title", "every", "owner_id"):
        if values.get(name, "") is None:
            del values[name]
    return acted(await call.gateway.database.write(tasks.change, call.path("id"), call.me, values))


@route("POST", "/tasks/{id}/done", answer=Acted, body=Finish, needs="conversation.reply")
async def finish_task(call: Call, body: Finish) -> Acted:
    """Tick a task off with its result; one that repeats comes again."""
    await must_see_task(call, call.path("id"))
    setup = await setup_of(call.gateway)
    act = await call.gateway.database.write(
        tasks.finish, call.path("id"), call.me, body.result, setup.schedule.zone
    )
    return acted(act)


@route("POST", "/deals/{id}/attempts", answer=Acted, body=Attempt, needs="conversation.reply", status=201)
async def add_attempt(call: Call, body: Attempt) -> Acted:
    """A call by a telephone of one's own: reached, not reached (which counts as a try), or to be made again later."""
    await must_see_deal(call, call.path("id"))
    if (body.result == "later") != (body.at is not None) or (body.at is not None and body.at <= call.now):
        raise Refusal("bad_request", 422, field="at")
    act = await call.gateway.database.write(
        tasks.attempt, call.path("id"), call.me, body.result, body.title.strip(), body.at
    )
    return acted(act)
