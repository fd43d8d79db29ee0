"""Where does each deal stand, and may it go on? Pipelines and their stages, changes, moves, the head's word."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field
from typing_extensions import TypedDict

from channels.phones import e164
from gateway.api import build, shapes
from gateway.api.handlers.attaching import Acted, acted
from gateway.api.layer import Body, Call, route
from gateway.api.rights import DEALS, must_see_contact, must_see_deal
from gateway.refusals import Refusal
from gateway.rules import setup_of
from storage import approvals, cards, deals, firings, stages

EDIT = "deal.edit"


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
    """The channel's name; "call" for a call."""


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
    contact: shapes.Ref | None


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


@route(
    "POST", "/pipelines", answer=Pipelines, body=PipelineChange, needs="queue.edit", whole=True, status=201
)
async def add_pipeline(call: Call, body: PipelineChange) -> Pipelines:
    """A new pipeline with a first, a won and a lost stage."""
    if body.name is None:
        raise Refusal("bad_request", 422, field="name")
    await call.gateway.database.write(stages.save_pipeline, None, call.me, {"name": body.name.strip()})
    return await _pipelines(call)


async def _pipelines(call: Call) -> Pipelines:
    found: Pipelines = await list_pipelines(call)
    return found


@route("PATCH", "/pipelines/{id}", answer=Pipelines, body=PipelineChange, needs="queue.edit", whole=True)
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


@route(
    "POST",
    "/pipelines/{id}/stages",
    answer=Pipelines,
    body=StageChange,
    needs="queue.edit",
    whole=True,
    status=201,
)
async def add_stage(call: Call, body: StageChange) -> Pipelines:
    """A new stage at the end of a pipeline."""
    if body.name is None or body.kind is None:
        raise Refusal("bad_request", 422, field="name" if body.name is None else "kind")
    values = {**_stage_values(body), "pipeline_id": call.path("id")}
    await call.gateway.database.write(stages.save_stage, None, call.me, values)
    return await _pipelines(call)


@route("PATCH", "/stages/{id}", answer=Pipelines, body=StageChange, needs="queue.edit", whole=True)
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
        if name == "phone" and not (isinstance(value, str) and e164(value)):
            raise Refusal("bad_request", 422, field="phone")
        if len(name) > 60 or (isinstance(value, str) and len(value) > 4000):
            raise Refusal("bad_request", 422, field=name[:60])


@route("POST", "/deals/{id}/stage", answer=DealMoved, body=DealMove, needs=EDIT)
async def move_deal(call: Call, body: DealMove) -> DealMoved:
    """Put a deal on another stage; what is missing is said before anything changes."""
    await must_see_deal(call, call.path("id"))
    _check(body.values)
    values = {name: e164(str(one)) if name == "phone" else one for name, one in body.values.items()}
    setup = await setup_of(call.gateway)
    found = await call.gateway.database.write(
        deals.move, call.path("id"), call.me, body.stage_id, values, body.comment.strip(), setup.schedule,
        only_look=body.only_look,
    )  # fmt: skip
    return await _moved(call, call.path("id"), found, only_look=body.only_look)


async def _moved(call: Call, deal_id: str, found: deals.Moved, *, only_look: bool = False) -> DealMoved:
    tries: Attempts | None = None
    if found.attempts is not None:
        counted: list[AttemptShape] = [
            {"at": one.at, "channel": _channel(call, one.channel)} for one in found.attempts.counted
        ]
        tries = {"counted": counted, "missing": list(found.attempts.missing)}
    return {
        "moved": found.move.allowed and not only_look, "obstacle": found.move.obstacle or "",
        "missing": list(found.move.missing), "attempts": tries, "deal": await _deal(call, deal_id),
        "undo": acted(found.act)["undo"],
    }  # fmt: skip


def _channel(call: Call, tried: str) -> str:
    return tried if tried == "call" else build.source_ref(call.gateway, tried)["channel"]


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
    reach = call.account.reach("lead.assign", DEALS)
    rows = [row for row in await call.gateway.database.read(approvals.waiting) if reach.covers(row.owner_id)]
    return {
        "items": [
            {
                "id": row.id, "deal_id": row.deal_id, "number": row.number, "title": row.title, "stage": row.stage,
                "asked_at": row.asked_at, "asked_by": build.reference(row.asked_by, row.asked_name),
                "owner": build.reference(row.owner_id, row.owner_name),
                "contact": build.reference(row.contact_id, row.contact_name),
            }
            for row in rows
        ]
    }  # fmt: skip


@route("POST", "/approvals/{id}", answer=DealMoved, body=Decide, needs="member.edit")
async def decide_approval(call: Call, body: Decide) -> DealMoved:
    """The head's word; a yes closes the deal at once. One that cannot close any more is not asked about again."""
    waiting = await call.gateway.database.read(approvals.deal_of, call.path("id"))
    await must_see_deal(call, waiting or "")
    setup = await setup_of(call.gateway)
    deal_id, moved = await call.gateway.database.write(
        approvals.decide, call.path("id"), call.me, body.agree, body.comment.strip(), setup.schedule
    )
    if moved is None:
        refused: list[str] = []
        return {
            "moved": False, "obstacle": "approval", "missing": refused, "attempts": None,
            "deal": await _deal(call, deal_id), "undo": None,
        }  # fmt: skip
    return await _moved(call, deal_id, moved)
