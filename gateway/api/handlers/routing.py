"""Who gets which leads, by what rules, and was it fair? The plan, its drafts and versions, dry runs, the ledger."""

from __future__ import annotations

from typing import Any, Literal, cast

from pydantic import Field
from typing_extensions import TypedDict

from gateway import dryrun
from gateway.api import build, shapes
from gateway.api.layer import Body, Call, Query, route
from gateway.refusals import Refusal
from gateway.rules import setup_of
from routing import rules
from routing.rules import Enquiry, Plan, Rule
from routing.times import DAY
from storage import cards, enquiries, fairness, plans, team

What = Literal["channel", "source", "campaign", "language", "text", "field", "region", "history"]
How = Literal["is", "is_not", "contains", "at_least"]


class ConditionShape(TypedDict):
    what: What
    how: How
    values: list[str]
    field: str


class RuleShape(TypedDict):
    id: str
    name: str
    on: bool
    when: list[ConditionShape]
    queue_id: str
    member_id: str
    skills: list[str]
    priority: int
    accept_seconds: int
    hits_today: int


class PlanShape(TypedDict):
    rules: list[RuleShape]
    catch_all: str


class FindingShape(TypedDict):
    rule_id: str
    problem: str
    about: str


class DifferenceShape(TypedDict):
    rule_id: str
    kind: Literal["added", "removed", "changed", "moved"]


class DraftShape(TypedDict):
    plan: PlanShape
    seen: int
    by: shapes.Ref | None
    changed_at: int
    findings: list[FindingShape]
    differences: list[DifferenceShape]


class VersionShape(TypedDict):
    version: int
    state: Literal["published", "old"]
    published_at: int
    by: shapes.Ref | None
    note: str


class Routing(TypedDict):
    """The plan that holds (version 0: none was ever published), the draft, and all versions, newest first."""

    version: int
    plan: PlanShape
    findings: list[FindingShape]
    draft: DraftShape | None
    versions: list[VersionShape]


class ConditionBody(Body):
    what: What
    how: How = "is"
    values: list[str] = Field(max_length=50)
    field: str = Field(default="", max_length=100)


class RuleBody(Body):
    id: str = Field(min_length=1, max_length=80)
    name: str = Field(default="", max_length=200)
    on: bool = True
    when: list[ConditionBody] = Field(max_length=20)
    queue_id: str = Field(max_length=80)
    member_id: str = Field(default="", max_length=80)
    skills: list[str] = Field(default_factory=list, max_length=20)
    priority: int = Field(default=0, ge=-100, le=100)
    accept_seconds: int = Field(default=0, ge=0, le=3600)


class PlanBody(Body):
    """`seen` is the draft's number that this change was made on (0: there was none)."""

    rules: list[RuleBody] = Field(max_length=200)
    catch_all: str = Field(max_length=80)
    seen: int = Field(ge=0, le=2**53)


class Publish(Body):
    """`seen` is the draft's number that was looked at, `holds` the version that held then; without them whatever the draft
    is now is published, over whatever holds."""

    note: str = Field(default="", max_length=500)
    seen: int | None = Field(default=None, ge=0, le=2**53)
    holds: int | None = Field(default=None, ge=0, le=2**53)


class RollBack(Body):
    """`holds` is the version that held when one looked; without it the earlier one comes back over whatever holds."""

    version: int = Field(ge=1, le=2**53)
    holds: int | None = Field(default=None, ge=0, le=2**53)


class MadeUp(Body):
    source_id: str = Field(default="", max_length=80)
    campaign: str = Field(default="", max_length=200)
    text: str = Field(default="", max_length=4000)
    fields: dict[str, str] = Field(default_factory=dict, max_length=50)
    phones: list[str] = Field(default_factory=list, max_length=5)
    history: Literal["new", "repeat", "known"] = "new"
    manager_id: str = Field(default="", max_length=80)
    """The client's own manager."""


class Check(Body):
    """A past lead by its deal, or a made-up one; by the plan that holds, or by the draft; now, or at a moment."""

    deal_id: str | None = Field(default=None, max_length=80)
    lead: MadeUp | None = None
    draft: bool = False
    at: int | None = Field(default=None, ge=0, le=2**53)


class NextStep(TypedDict):
    rule: str
    to: list[shapes.Ref]
    at: int


class Checked(TypedDict):
    """`held`: rule -> which of its conditions hold. `then` is what follows while nobody accepts.

    `supposed`: of another time nobody's presence is known.
    """

    rules: shapes.Decision
    route: shapes.Decision
    queue_id: str
    held: dict[str, list[bool]]
    then: list[NextStep]
    supposed: bool


class PastLead(TypedDict):
    deal_id: str
    number: int
    created_at: int
    source: str
    contact: str
    """"" for those who may not see clients."""


class PastLeads(TypedDict):
    items: list[PastLead]


class ChangedLead(PastLead):
    before: str
    after: str
    """Queues, by the plan that holds and by the draft."""
    before_rule: str
    after_rule: str


class Comparison(TypedDict):
    leads: int
    changed: list[ChangedLead]


class OneVersion(TypedDict):
    version: int
    plan: PlanShape


class Days(Query):
    days: int = Field(default=7, ge=1, le=30)


class LedgerLine(TypedDict):
    member: shapes.Ref
    offered: int
    accepted: int
    declined: int
    expired: int
    missed: int
    open: int
    by_hand: int
    """Taken, or given by a colleague, without an offer."""
    owned: int
    held_back: dict[str, int]


class Ledger(TypedDict):
    """Owned and unowned sum to all leads of the period."""

    leads: int
    lines: list[LedgerLine]
    unowned: dict[str, int]


class Period(Query):
    since: int = Field(ge=0, le=2**53)
    until: int = Field(ge=0, le=2**53)
    queue: str = Field(default="", max_length=80)


@route("GET", "/routing", answer=Routing, needs="source.read")
async def read_routing(call: Call) -> Routing:
    """The rules that hold, the draft, what is wrong with either, and every version."""
    return await _routing(call)


async def _routing(call: Call) -> Routing:
    database = call.gateway.database
    setup = await setup_of(call.gateway)
    version, held = await database.read(plans.published)
    row = await database.read(plans.draft)
    hits = await database.read(plans.hits, call.now - DAY)
    names = {one.id: one.name for one in await database.read(team.members)}
    found = await database.read(plans.findings, held, setup.schedule, call.now) if version else []
    drafted: DraftShape | None = None
    if row is not None:
        wanted = Plan.from_json(row.document)
        drafted = {
            "plan": _plan(wanted, {}), "seen": row.changes, "by": build.reference(row.by_id, names.get(row.by_id or "")),
            "changed_at": row.changed_at,
            "findings": _findings(await database.read(plans.findings, wanted, setup.schedule, call.now)),
            "differences": [{"rule_id": one.rule_id, "kind": one.kind} for one in rules.diff(held, wanted)],
        }  # fmt: skip
    return {
        "version": version, "plan": _plan(held, hits), "findings": _findings(found), "draft": drafted,
        "versions": [
            {
                "version": one.version, "state": one.state, "published_at": one.published_at or 0,
                "by": build.reference(one.by_id, one.by_name), "note": one.note,
            }
            for one in await database.read(plans.versions)
        ],
    }  # fmt: skip


def _plan(plan: Plan, hits: dict[str, int]) -> PlanShape:
    return {"rules": [_rule(one, hits.get(one.id, 0)) for one in plan.rules], "catch_all": plan.catch_all}


def _rule(rule: Rule, hits: int) -> RuleShape:
    return {
        "id": rule.id, "name": rule.name, "on": rule.on,
        "when": [
            {"what": one.what, "how": one.how, "values": list(one.values), "field": one.field} for one in rule.when
        ],
        "queue_id": rule.queue_id, "member_id": rule.member_id, "skills": list(rule.skills),
        "priority": rule.priority, "accept_seconds": rule.accept_seconds, "hits_today": hits,
    }  # fmt: skip


def _findings(found: list[rules.Finding]) -> list[FindingShape]:
    return [{"rule_id": one.rule_id, "problem": one.problem, "about": one.about} for one in found]


@route("PUT", "/routing/draft", answer=Routing, body=PlanBody, needs="queue.edit", whole=True)
async def save_plan(call: Call, body: PlanBody) -> Routing:
    """Keep a draft; a colleague's newer one is not overwritten."""
    if len({one.id for one in body.rules}) != len(body.rules):
        raise Refusal("bad_request", 422, field="rules.id")
    wanted = Plan.from_json(cast(Any, body.model_dump(exclude={"seen"})))
    await call.gateway.database.write(plans.save_draft, call.me, wanted, body.seen)
    return await _routing(call)


@route("DELETE", "/routing/draft", needs="queue.edit", whole=True, status=204)
async def drop_plan(call: Call) -> None:
    """Throw the draft away."""
    await call.gateway.database.write(plans.drop_draft, call.me)


@route("POST", "/routing/publish", answer=Routing, body=Publish, needs="queue.edit", whole=True)
async def publish_plan(call: Call, body: Publish) -> Routing:
    """The draft holds from now on; one that would lose leads is refused."""
    setup = await setup_of(call.gateway)
    world = await call.gateway.database.read(plans.world_of, setup.schedule, call.now)
    await call.gateway.database.write(plans.publish, call.me, body.note.strip(), world, body.seen, body.holds)
    return await _routing(call)


@route("POST", "/routing/rollback", answer=Routing, body=RollBack, needs="queue.edit", whole=True)
async def roll_back(call: Call, body: RollBack) -> Routing:
    """An earlier version holds again."""
    setup = await setup_of(call.gateway)
    world = await call.gateway.database.read(plans.world_of, setup.schedule, call.now)
    await call.gateway.database.write(plans.roll_back, body.version, call.me, world, body.holds)
    return await _routing(call)


@route("GET", "/routing/versions/{version}", answer=OneVersion, needs="source.read")
async def read_version(call: Call) -> OneVersion:
    """What a version said that was published once."""
    number = call.path("version")
    if not number.isdecimal() or len(number) > 15:
        raise Refusal("not_found", 404)
    found = await call.gateway.database.read(plans.version_of, int(number))
    return {"version": int(number), "plan": _plan(found, {})}


@route("POST", "/routing/check", answer=Checked, body=Check, needs="source.read")
async def check(call: Call, body: Check) -> Checked:
    """Who would get this lead and why; the router's own functions, nothing is changed."""
    enquiry, managers = await _lead_of(call, body)
    tried = await dryrun.try_rules(call.gateway, enquiry, draft=body.draft, at=body.at, managers=managers)
    at = body.at or call.now
    records = [{**one.to_json(), "at": at} for one in (tried.rules, tried.route)]
    refs = [*build.refs_of(records), *(ref for step in tried.then for ref in step.members)]
    names = await call.gateway.database.read(cards.names, refs, titles=call.account.may("conversation.read"))
    return {
        "rules": build.decision(records[0], names), "route": build.decision(records[1], names),
        "held": {one.ref: cast("list[bool]", one.facts["held"]) for one in tried.rules.candidates},
        "queue_id": tried.queue_id, "supposed": abs(at - call.now) > dryrun.NEAR,
        "then": [
            {"rule": step.rule, "to": [{"id": ref, "name": names.get(ref, "")} for ref in step.members], "at": step.at}
            for step in tried.then
        ],
    }  # fmt: skip


async def _lead_of(call: Call, body: Check) -> tuple[Enquiry, tuple[str, ...]]:
    """What rules see of the lead, and the client's own managers. Raises Refusal not_found."""
    if body.deal_id is None:
        lead = body.lead or MadeUp()
        return await _made_up(call, lead), (lead.manager_id,) if lead.manager_id else ()
    found = await call.gateway.database.read(enquiries.of_deals, [body.deal_id])
    if body.deal_id not in found:
        raise Refusal("not_found", 404)
    enquiry = found[body.deal_id]
    if enquiry.history == "new":  # whose the client is now came of this very lead
        return enquiry, ()
    return enquiry, await call.gateway.database.read(enquiries.managers_of, body.deal_id)


async def _made_up(call: Call, lead: MadeUp) -> Enquiry:
    live = await call.gateway.sources.find(lead.source_id) if lead.source_id else None
    if lead.source_id and live is None:
        raise Refusal("bad_request", 422, field="source_id")
    return Enquiry(
        channel=live.row.channel if live is not None else "", source_id=lead.source_id, campaign=lead.campaign,
        text=lead.text, fields=lead.fields, phones=tuple(lead.phones), history=lead.history,
        own_queue=(live.row.queue_id or "") if live is not None else "",
    )  # fmt: skip


@route("GET", "/routing/compare", answer=Comparison, query=Days, needs="source.read")
async def compare(call: Call, query: Days) -> Comparison:
    """Which leads of the last days the draft would have sent to another queue."""
    database = call.gateway.database
    row = await database.read(plans.draft)
    if row is None:
        raise Refusal("not_now")
    wanted = Plan.from_json(row.document)
    _, held = await database.read(plans.published)
    past = await database.read(enquiries.since, call.now - query.days * DAY)
    seen = await database.read(enquiries.of_deals, [one.id for one in past])
    changed: list[ChangedLead] = []
    for one in past:
        before, after = (rules.choose(plan, seen[one.id])[0] for plan in (held, wanted))
        if _goes(before) != _goes(after):
            changed.append({
                **_past(call, one), "before": before.queue_id, "after": after.queue_id,
                "before_rule": before.id, "after_rule": after.id,
            })  # fmt: skip
    return {"leads": len(past), "changed": changed}


def _goes(rule: Rule) -> tuple[object, ...]:
    """What becomes of a lead by this rule."""
    return rule.queue_id, rule.member_id, sorted(rule.skills), rule.priority, rule.accept_seconds


def _past(call: Call, row: Any) -> PastLead:
    return {
        "deal_id": row.id, "number": row.number, "created_at": row.created_at, "source": row.source or "",
        "contact": (row.contact or "") if call.account.everywhere("contact.read") else "",
    }  # fmt: skip


@route("GET", "/routing/leads", answer=PastLeads, needs="source.read")
async def past_leads(call: Call) -> PastLeads:
    """The newest leads, to try rules on."""
    rows = await call.gateway.database.read(enquiries.since, 0, 50)
    return {"items": [_past(call, row) for row in rows]}


@route("GET", "/ledger", answer=Ledger, query=Period, needs="member.read")
async def ledger(call: Call, query: Period) -> Ledger:
    """Each manager's share of the period's leads; those within reach of who gives leads out, else one's own."""
    database = call.gateway.database
    found = await database.read(fairness.ledger, query.since, query.until, query.queue or None)
    names = {one.id: one.name for one in await database.read(team.members)}
    reach = call.account.reach("lead.assign")
    return {
        "leads": found.leads, "unowned": found.unowned,
        "lines": [
            {
                "member": {"id": one.member_id, "name": names.get(one.member_id, "")}, "offered": one.offered,
                "accepted": one.accepted, "declined": one.declined, "expired": one.expired, "missed": one.missed,
                "open": one.open, "by_hand": one.by_hand, "owned": one.owned, "held_back": one.held_back,
            }
            for one in found.lines
            if one.member_id == call.me or reach.covers(one.member_id)
        ],
    }  # fmt: skip
