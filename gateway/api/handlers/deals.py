"""Where does each deal stand, and what is to be done? Pipelines, the board, moves, tasks, the head's word."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field
from typing_extensions import TypedDict

from gateway.api import build, shapes
from gateway.api.handlers.attaching import Acted, acted
from gateway.api.layer import Body, Call, Query, route
from gateway.api.rights import must_see_contact, must_see_deal, must_see_task
from gateway.refusals import Refusal
from gateway.rules import setup_of
from routing.schedule import EPOCH, local_day
from routing.times import DAY
from storage import approvals, boards, cards, deals, firings, stages, tasks

EDIT = "deal.edit"
Every = Literal["", "day", "workday", "week", "month", "year"]


class Automation(TypedDict):
    kind: Literal["task", "message"]
    minutes: int
    anchor: str
    title: str
    text: str
    due_minutes: int
    premises: list[str]


class Stage(TypedDict):
    id: str
    name: str
    kind: Literal["lead", "open", "won", "lost", "merged"]
    code: str
    help: str
    task_title: str
    task_minutes: int
    required: list[str]
    comment: bool
    attempts: bool
    automations: list[Automation]


class Pipeline(TypedDict):
    id: str
    name: str
    stages: list[Stage]


class Pipelines(TypedDict):
    items: list[Pipeline]


class PipelineChange(Body):
    name: str | None = Field(default=None, min_length=1, max_length=200)
    archived: bool | None = None
    order: list[str] | None = Field(default=None, max_length=100)


class AutomationBody(Body):
    kind: Literal["task", "message"]
    minutes: int = Field(default=0, ge=-525_600, le=525_600)
    """After entering the stage; with `anchor` after (or before) the moment in that field of the deal."""
    anchor: str = Field(default="", max_length=60)
    title: str = Field(default="", max_length=200)
    text: str = Field(default="", max_length=4000)
    due_minutes: int = Field(default=60, ge=0, le=100_000)
    """The task's, in its owner's working time."""
    premises: list[
        Literal["on_stage", "deal_open", "unanswered", "client_silent", "no_activity", "window_open"]
    ] = Field(default_factory=list, max_length=6)
    """Looked at again when it fires; none named: the deal is open and still on the stage, for a message also that
    the client has said nothing since."""


class StageChange(Body):
    name: str | None = Field(default=None, min_length=1, max_length=200)
    kind: Literal["lead", "open", "won", "lost"] | None = None
    help: str | None = Field(default=None, max_length=2000)
    task_title: str | None = Field(default=None, max_length=200)
    task_minutes: int | None = Field(default=None, ge=0, le=100_000)
    required: list[str] | None = Field(default=None, max_length=30)
    comment: bool | None = None
    attempts: bool | None = None
    archived: bool | None = None
    automations: list[AutomationBody] | None = Field(default=None, max_length=10)


class Column(TypedDict):
    stage_id: str
    currency: str
    deals: int
    amount: str


class Board(TypedDict):
    columns: list[Column]


class BoardQuery(Query):
    owner: str = Field(default="", max_length=80)


class Card(TypedDict):
    deal: shapes.Deal
    tasks: int
    overdue: int
    due_at: int | None
    fields: dict[str, str | int | float | bool | None]


class Cards(TypedDict):
    items: list[Card]
    next: str | None


class CardQuery(Query):
    stage: str = Field(max_length=80)
    owner: str = Field(default="", max_length=80)
    cursor: str = Field(default="", max_length=120)
    limit: int = Field(default=50, ge=1, le=200)


Value = str | int | float | bool | None


class NewDeal(Body):
    contact_id: str = Field(max_length=80)
    title: str = Field(min_length=1, max_length=200)
    pipeline_id: str | None = Field(default=None, max_length=80)
    queue_id: str | None = Field(default=None, max_length=80)


class DealChange(Body):
    """`values` are title, amount (in hundredths), currency and fields of the deal; `was` is what the person saw."""

    values: dict[str, Value] = Field(max_length=50)
    was: dict[str, Value] = Field(default_factory=dict, max_length=50)


class DealMove(Body):
    stage_id: str = Field(max_length=80)
    values: dict[str, Value] = Field(default_factory=dict, max_length=50)
    comment: str = Field(default="", max_length=2000)
    only_look: bool = False


class AttemptShape(TypedDict):
    at: int
    channel: str


class Attempts(TypedDict):
    counted: list[AttemptShape]
    missing: list[str]


class DealMoved(TypedDict):
    """`obstacle` "" and the deal is there; else nothing changed and `missing` names what to ask for."""

    moved: bool
    obstacle: str
    missing: list[str]
    attempts: Attempts | None
    deal: shapes.Deal
    undo: shapes.Undo | None


class Owner(Body):
    member_id: str | None = Field(max_length=80)
    contact: bool = False


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


class TaskCards(TypedDict):
    items: list[TaskCard]


class MyWork(TypedDict):
    """A manager's own page: overdue, today, later, deals without a task."""

    overdue: list[TaskCard]
    today: list[TaskCard]
    later: list[TaskCard]
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


class PlanShape(TypedDict):
    id: str
    kind: Literal["task", "message"]
    at: int
    title: str
    text: str
    state: Literal["waiting", "fired", "dropped"]
    reason: str
    """Why it was dropped: the premise that did not hold any more, or what was in the way."""
    settled_at: int | None


class Plans(TypedDict):
    items: list[PlanShape]


class Ask(Body):
    stage_id: str = Field(max_length=80)


class Decide(Body):
    agree: bool
    comment: str = Field(default="", max_length=2000)


class Approval(TypedDict):
    id: str
    deal_id: str
    number: int
    title: str
    stage: str
    asked_at: int
    asked_by: shapes.Ref | None
    owner: shapes.Ref | None


class Approvals(TypedDict):
    items: list[Approval]


class Asked(TypedDict):
    id: str


@route("GET", "/pipelines", answer=Pipelines, needs="deal.read")
async def list_pipelines(call: Call) -> Pipelines:
    """Every pipeline with its stages, and what each stage asks and teaches."""
    database = call.gateway.database
    rows = await database.read(stages.pipelines)
    every = await database.read(stages.stages)
    return {
        "items": [
            {"id": row.id, "name": row.name, "stages": [_stage(one) for one in every if one.pipeline_id == row.id]}
            for row in rows
        ]
    }  # fmt: skip


def _stage(row: Any) -> Stage:
    return {
        "id": row.id, "name": row.name, "kind": row.kind, "code": row.code, "help": row.help,
        "task_title": row.task.get("title", ""), "task_minutes": row.task.get("minutes", 0),
        "required": list(row.required), "comment": bool(row.comment), "attempts": bool(row.attempts),
        "automations": [
            {
                "kind": one["kind"], "minutes": one.get("minutes", 0), "anchor": one.get("anchor", ""),
                "title": one.get("title", ""), "text": one.get("text", ""), "due_minutes": one.get("due_minutes", 60),
                "premises": one.get("premises", []),
            }
            for one in row.automations
        ],
    }  # fmt: skip


@route("POST", "/pipelines", answer=Pipelines, body=PipelineChange, needs="queue.edit", status=201)
async def add_pipeline(call: Call, body: PipelineChange) -> Pipelines:
    """A new pipeline with a first, a won and a lost stage."""
    if body.name is None:
        raise Refusal("bad_request", 422, field="name")
    await call.gateway.database.write(stages.save_pipeline, None, call.me, {"name": body.name.strip()})
    return await _pipelines(call)


async def _pipelines(call: Call) -> Pipelines:
    found: Pipelines = await list_pipelines(call)
    return found


@route("PATCH", "/pipelines/{id}", answer=Pipelines, body=PipelineChange, needs="queue.edit")
async def change_pipeline(call: Call, body: PipelineChange) -> Pipelines:
    """Name a pipeline, put its stages in order, or take it out of use."""
    values: dict[str, Any] = {}
    if body.name is not None:
        values["name"] = body.name.strip()
    if body.archived is not None:
        values["archived"] = int(body.archived)
    if values:
        await call.gateway.database.write(stages.save_pipeline, call.path("id"), call.me, values)
    if body.order is not None:
        await call.gateway.database.write(stages.reorder, call.path("id"), call.me, body.order)
    return await _pipelines(call)


@route("POST", "/pipelines/{id}/stages", answer=Pipelines, body=StageChange, needs="queue.edit", status=201)
async def add_stage(call: Call, body: StageChange) -> Pipelines:
    """A new stage at the end of a pipeline."""
    if body.name is None or body.kind is None:
        raise Refusal("bad_request", 422, field="name" if body.name is None else "kind")
    values = {**_stage_values(body), "pipeline_id": call.path("id")}
    await call.gateway.database.write(stages.save_stage, None, call.me, values)
    return await _pipelines(call)


@route("PATCH", "/stages/{id}", answer=Pipelines, body=StageChange, needs="queue.edit")
async def change_stage(call: Call, body: StageChange) -> Pipelines:
    """Change what a stage asks, teaches and does."""
    await call.gateway.database.write(stages.save_stage, call.path("id"), call.me, _stage_values(body))
    return await _pipelines(call)


def _stage_values(body: StageChange) -> dict[str, Any]:
    given = body.model_dump(exclude_none=True)
    values: dict[str, Any] = {
        name: given[name] for name in ("name", "kind", "help", "required") if name in given
    }
    values |= {name: int(given[name]) for name in ("comment", "attempts", "archived") if name in given}
    if "task_title" in given or "task_minutes" in given:
        title = given.get("task_title", "").strip()
        values["task"] = {"title": title, "minutes": given.get("task_minutes", 540)} if title else {}
    if "automations" in given:
        for one in given["automations"]:
            if not one["title" if one["kind"] == "task" else "text"].strip():
                raise Refusal("bad_request", 422, field="automations")
        values["automations"] = given["automations"]
    return values


def _whose(call: Call, asked: str) -> str | None:
    """Whose deals: everybody's for those who may see them, else one's own."""
    if not call.account.everywhere("deal.read"):
        return call.me
    return asked or None


@route("GET", "/pipelines/{id}/board", answer=Board, query=BoardQuery, needs="deal.read")
async def board(call: Call, query: BoardQuery) -> Board:
    """How many open deals stand on each stage, and for how much."""
    rows = await call.gateway.database.read(boards.columns, call.path("id"), _whose(call, query.owner))
    return {
        "columns": [
            {"stage_id": row.stage_id, "currency": row.currency, "deals": row.deals, "amount": _sum(int(row.amount))}
            for row in rows
        ]
    }  # fmt: skip


def _sum(amount: int) -> str:
    return f"{amount // 100}.{amount % 100:02d}"


@route("GET", "/pipelines/{id}/cards", answer=Cards, query=CardQuery, needs="deal.read")
async def board_cards(call: Call, query: CardQuery) -> Cards:
    """The cards of one stage, most recently active first."""
    at, _, last = query.cursor.partition(".")
    before = (int(at), last) if at.isdigit() else None
    database = call.gateway.database
    ids = await database.read(boards.cards, query.stage, _whose(call, query.owner), before, query.limit)
    rows = await database.read(cards.deals, ids)
    found = await database.read(boards.states, ids, call.now)
    items = [_card(call, row, found.get(row.id)) for row in rows]
    more = f"{rows[-1].last_activity_at}.{rows[-1].id}" if len(rows) == query.limit else None
    return {"items": items, "next": more}


def _card(call: Call, row: Any, state: Any) -> Card:
    words = call.account.may("conversation.read")
    return {
        "deal": build.deal(row, words=words), "tasks": 0 if state is None else state.tasks,
        "overdue": 0 if state is None else int(state.overdue or 0), "due_at": None if state is None else state.due_at,
        "fields": {},
    }  # fmt: skip


@route("POST", "/deals", answer=shapes.Deal, body=NewDeal, needs=EDIT, status=201)
async def add_deal(call: Call, body: NewDeal) -> shapes.Deal:
    """A deal made by hand: one's own, unless given to a queue."""
    await must_see_contact(call, body.contact_id)
    setup = await setup_of(call.gateway)
    place = (setup.pipeline_id, setup.lead_stage_id)
    if body.pipeline_id is not None:
        every = await call.gateway.database.read(stages.stages, body.pipeline_id)
        first = next((row.id for row in every if row.kind == "lead"), None)
        if first is None:
            raise Refusal("bad_request", 422, field="pipeline_id")
        place = (body.pipeline_id, first)
    owner = None if body.queue_id else call.me
    made = await call.gateway.database.write(
        deals.make, call.me, body.contact_id, place, body.title.strip(), owner, body.queue_id
    )
    return await _deal(call, made)


async def _deal(call: Call, deal_id: str) -> shapes.Deal:
    rows = await call.gateway.database.read(cards.deals, [deal_id])
    return build.deal(rows[0], words=call.account.may("conversation.read"))


@route("PATCH", "/deals/{id}", answer=Acted, body=DealChange, needs=EDIT)
async def change_deal(call: Call, body: DealChange) -> Acted:
    """Change fields of a deal; a colleague's change since is told, not overwritten."""
    await must_see_deal(call, call.path("id"))
    _check(body.values)
    return acted(
        await call.gateway.database.write(deals.change, call.path("id"), call.me, body.values, body.was)
    )


def _check(values: dict[str, Value]) -> None:
    """Raise Refusal bad_request for a value that is not of its kind."""
    amount, currency = values.get("amount"), values.get("currency", "RUB")
    if amount is not None and (
        isinstance(amount, bool) or not isinstance(amount, int) or not 0 <= amount < 2**53
    ):
        raise Refusal("bad_request", 422, field="amount")
    if not isinstance(currency, str) or len(currency) != 3 or not currency.isupper():
        raise Refusal("bad_request", 422, field="currency")
    if not isinstance(values.get("title", ""), str):
        raise Refusal("bad_request", 422, field="title")
    for name, value in values.items():
        if len(name) > 60 or (isinstance(value, str) and len(value) > 4000):
            raise Refusal("bad_request", 422, field=name[:60])


@route("POST", "/deals/{id}/stage", answer=DealMoved, body=DealMove, needs=EDIT)
async def move_deal(call: Call, body: DealMove) -> DealMoved:
    """Put a deal on another stage; what is missing is said before anything changes."""
    await must_see_deal(call, call.path("id"))
    _check(body.values)
    setup = await setup_of(call.gateway)
    found = await call.gateway.database.write(
        deals.move, call.path("id"), call.me, body.stage_id, body.values, body.comment.strip(), setup.schedule,
        only_look=body.only_look,
    )  # fmt: skip
    tries: Attempts | None = None
    if found.attempts is not None:
        counted: list[AttemptShape] = [
            {"at": one.at, "channel": one.channel} for one in found.attempts.counted
        ]
        tries = {"counted": counted, "missing": list(found.attempts.missing)}
    return {
        "moved": found.move.allowed and not body.only_look, "obstacle": found.move.obstacle or "",
        "missing": list(found.move.missing), "attempts": tries, "deal": await _deal(call, call.path("id")),
        "undo": acted(found.act)["undo"],
    }  # fmt: skip


@route("POST", "/deals/{id}/owner", answer=Acted, body=Owner, needs="lead.assign")
async def give_deal(call: Call, body: Owner) -> Acted:
    """Give a deal to somebody, or to routing; with `contact` the client too."""
    await must_see_deal(call, call.path("id"))
    act = await call.gateway.database.write(
        deals.hand_over, call.path("id"), call.me, body.member_id, contact=body.contact
    )
    return acted(act)


@route("POST", "/deals/{id}/managers", answer=shapes.Deal, needs="lead.assign")
async def to_managers(call: Call) -> shapes.Deal:
    """«Передать менеджеру»: an operator has qualified the lead, a manager is asked for it now."""
    await must_see_deal(call, call.path("id"))
    await call.gateway.database.write(deals.to_managers, call.path("id"), call.me)
    return await _deal(call, call.path("id"))


@route("GET", "/deals/{id}/tasks", answer=TaskCards, needs="deal.read")
async def deal_tasks(call: Call) -> TaskCards:
    """A deal's tasks, open ones first."""
    await must_see_deal(call, call.path("id"))
    rows = await call.gateway.database.read(tasks.of_deal, call.path("id"))
    return {"items": [_task(call, row) for row in rows]}


def _task(call: Call, row: Any) -> TaskCard:
    return {
        "id": row.id, "kind": row.kind, "title": row.title, "due_at": row.due_at, "remind_at": row.remind_at,
        "done_at": row.done_at, "result": row.result, "every": row.every,
        "overdue": row.done_at is None and row.due_at is not None and row.due_at < call.now,
        "owner": build.reference(row.owner_id, row.owner_name),
        "contact": build.reference(row.contact_id, row.contact_name), "deal_id": row.deal_id,
    }  # fmt: skip


@route("GET", "/tasks", answer=MyWork, needs="conversation.reply")
async def my_work(call: Call) -> MyWork:
    """One's own tasks by when they are due, and one's deals without a task."""
    setup = await setup_of(call.gateway)
    midnight = (local_day(setup.schedule.zone, call.now) - EPOCH + 1) * DAY
    database = call.gateway.database
    overdue = await database.read(tasks.of_owner, call.me, since=0, until=call.now)
    today = await database.read(tasks.of_owner, call.me, since=call.now, until=max(call.now, midnight))
    later = await database.read(tasks.of_owner, call.me, since=max(call.now, midnight), until=2**62)
    ids = await database.read(tasks.deals_without, call.me)
    words = call.account.may("conversation.read")
    return {
        "overdue": [_task(call, row) for row in overdue], "today": [_task(call, row) for row in today],
        "later": [_task(call, row) for row in later],
        "without_task": [build.deal(row, words=words) for row in await database.read(cards.deals, ids)],
    }  # fmt: skip


@route("POST", "/tasks", answer=TaskCard, body=NewTask, needs="conversation.reply", status=201)
async def add_task(call: Call, body: NewTask) -> TaskCard:
    """A task for oneself, or for a colleague."""
    if body.owner_id not in (None, call.me):
        call.need("conversation.assign")
    if body.deal_id is not None:
        await must_see_deal(call, body.deal_id)
    elif body.contact_id is not None:
        await must_see_contact(call, body.contact_id)
    values = {**body.model_dump(), "owner_id": body.owner_id or call.me, "title": body.title.strip()}
    made = await call.gateway.database.write(tasks.make, call.me, values)
    return await _one_task(call, made)


async def _one_task(call: Call, task_id: str) -> TaskCard:
    return _task(call, await call.gateway.database.read(tasks.one, task_id))


@route("PUT", "/tasks/{id}", answer=Acted, body=TaskEdit, needs="conversation.reply")
async def edit_task(call: Call, body: TaskEdit) -> Acted:
    """Another title, time, reminder, repetition or owner."""
    await must_see_task(call, call.path("id"))
    if body.owner_id not in (None, call.me):
        call.need("conversation.assign")
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


@route("GET", "/deals/{id}/automations", answer=Plans, needs="deal.read")
async def list_plans(call: Call) -> Plans:
    """What the stage does by itself: what waits for its time, what was done, what was dropped and why."""
    await must_see_deal(call, call.path("id"))
    rows = await call.gateway.database.read(firings.of_deal, call.path("id"))
    words = call.account.may("conversation.read")
    return {
        "items": [
            {
                "id": row.id, "kind": row.kind, "at": row.at, "title": row.content.get("title", ""),
                "text": row.content.get("text", "") if words else "", "state": row.state, "reason": row.reason,
                "settled_at": row.settled_at,
            }
            for row in rows
        ]
    }  # fmt: skip


@route("POST", "/deals/{id}/approval", answer=Asked, body=Ask, needs=EDIT, status=201)
async def ask_approval(call: Call, body: Ask) -> Asked:
    """Ask the head to give a deal up; asking twice is asking once."""
    await must_see_deal(call, call.path("id"))
    setup = await setup_of(call.gateway)
    made = await call.gateway.database.write(
        approvals.ask, call.path("id"), call.me, body.stage_id, setup.schedule
    )
    return {"id": made}


@route("GET", "/approvals", answer=Approvals, needs="lead.assign")
async def list_approvals(call: Call) -> Approvals:
    """Deals that wait for a head's word, oldest first."""
    rows = await call.gateway.database.read(approvals.waiting)
    return {
        "items": [
            {
                "id": row.id, "deal_id": row.deal_id, "number": row.number, "title": row.title, "stage": row.stage,
                "asked_at": row.asked_at, "asked_by": build.reference(row.asked_by, row.asked_name),
                "owner": build.reference(row.owner_id, row.owner_name),
            }
            for row in rows
        ]
    }  # fmt: skip


@route("POST", "/approvals/{id}", answer=DealMoved, body=Decide, needs="member.edit")
async def decide_approval(call: Call, body: Decide) -> DealMoved:
    """The head's word; a yes closes the deal at once."""
    row = await call.gateway.database.write(
        approvals.decide, call.path("id"), call.me, body.agree, body.comment.strip()
    )
    if not body.agree:
        nothing: list[str] = []
        return {
            "moved": False, "obstacle": "approval", "missing": nothing, "attempts": None,
            "deal": await _deal(call, row.deal_id), "undo": None,
        }  # fmt: skip
    setup = await setup_of(call.gateway)
    found = await call.gateway.database.write(
        deals.move, row.deal_id, call.me, row.stage_id, {}, body.comment.strip(), setup.schedule
    )
    return {
        "moved": found.move.allowed, "obstacle": found.move.obstacle or "", "missing": list(found.move.missing),
        "attempts": None, "deal": await _deal(call, row.deal_id), "undo": acted(found.act)["undo"],
    }  # fmt: skip
