"""Which deal is it about, and who is responsible? What the operator is asked, the taps on a new lead, mismatches."""

from __future__ import annotations

from typing import Any, Literal, cast

from pydantic import Field
from typing_extensions import TypedDict

from gateway.api import shapes
from gateway.api.layer import PREFIX, Body, Call, Query, route
from gateway.api.rights import CONTACTS, must_see, must_see_contact, must_see_deal
from gateway.refusals import Refusal
from gateway.rules import setup_of
from routing.times import DAY, HOUR, MINUTE
from storage import cards, counts, history, outcomes, questions, responsible
from storage.binding import bind, bindings, unbind
from storage.sources import change_source
from storage.team import Account

ATTACH = "deal.attach"


class Acted(TypedDict):
    undo: shapes.Undo | None


class Question(TypedDict):
    kind: Literal["close", "stale", "after_closed"]
    about: str
    """The deal it is about, "-" when it is about several."""
    deals: list[shapes.DealRef]
    answers: list[str]
    message_id: str
    asked_at: int


class Questions(TypedDict):
    items: list[Question]


class Answer(Body):
    kind: Literal["close", "stale", "after_closed"]
    about: str = Field(max_length=80)
    answer: str = Field(max_length=80)


class Outcome(Body):
    choice: Literal["of_deal", "new_enquiry", "revive"]
    deal_id: str | None = Field(default=None, max_length=80)


class MismatchDeal(TypedDict):
    id: str
    number: int
    title: str
    owner: shapes.Ref
    last_activity_at: int


class Mismatch(TypedDict):
    """A contact whose responsible owns none of its open deals."""

    contact: shapes.Ref
    responsible: shapes.Ref
    deals: list[MismatchDeal]


class Mismatches(TypedDict):
    items: list[Mismatch]
    next: str | None


class After(Query):
    after: str = Field(default="", max_length=80)
    limit: int = Field(default=50, ge=1, le=200)


class Responsible(Body):
    member_id: str | None = Field(max_length=80)
    deals: bool = False


class Settle(Body):
    policy: Literal["deal", "contact"]


class DealCount(TypedDict):
    deal_id: str | None
    messages: int


class ContactCount(TypedDict):
    """How a contact's messages are spread: the sum over deals is all of a client's talk, at every moment."""

    messages: int
    deals: list[DealCount]
    outside: int
    """Spam, internal, automatic and the like: on the timeline, on no deal."""


class FieldChange(TypedDict):
    act_id: str
    action: str
    field: str
    before: Any
    after: Any
    by: shapes.Ref | None
    at: int


class Changes(TypedDict):
    items: list[FieldChange]


Evidence = Literal["reply", "quote", "button", "deal_link", "extension", "tracking", "deep_link"]


class AttachmentRules(TypedDict):
    evidence: list[Evidence]
    ask_within_hours: float
    after_close_hours: float
    stale_after_days: float
    recency: Literal["activity", "creation"]
    on_open_deal: Literal["attach", "new_lead"]


class AttachmentChange(Body):
    evidence: list[Evidence] = Field(max_length=7)
    ask_within_hours: float = Field(ge=0, le=8760)
    after_close_hours: float = Field(ge=0, le=8760)
    stale_after_days: float = Field(gt=0, le=3650)
    recency: Literal["activity", "creation"]
    on_open_deal: Literal["attach", "new_lead"]


class Binding(TypedDict):
    kind: Literal["extension", "tracking", "deep_link"]
    value: str
    deal_id: str


class Bindings(TypedDict):
    items: list[Binding]


class Bind(Body):
    kind: Literal["extension", "tracking", "deep_link"]
    value: str = Field(min_length=1, max_length=200)
    deal_id: str | None = Field(max_length=80)


def acted(act_id: str) -> Acted:
    """The answer to an act, with the call that takes it back."""
    back: shapes.Undo | None = None
    if act_id:
        back = {"method": "POST", "path": f"{PREFIX}/acts/{act_id}/undo", "body": {}}
    return {"undo": back}


NEEDS = {
    "message": ATTACH, "conversation": "conversation.reply", "deal": "deal.attach", "contact": "contact.edit",
    "task": "conversation.reply", "company": "contact.edit",
}  # fmt: skip


@route("POST", "/acts/{id}/undo", answer=Acted, needs="member.read")
async def undo_act(call: Call) -> Acted:
    """Take an act of one's own back; heads may take back those of others within reach."""
    act = await call.gateway.database.read(history.action_of, call.path("id"))
    if act is None or act.object_kind not in NEEDS:
        raise Refusal("not_found", 404)
    call.need(NEEDS[act.object_kind])
    if act.member_id != call.me and not call.account.reach("deal.edit").covers(act.member_id):
        raise Refusal("not_found", 404)
    await call.gateway.database.write(history.undo, call.path("id"), call.me)
    return {"undo": None}


@route("GET", "/conversations/{id}/questions", answer=Questions, needs="conversation.read")
async def list_questions(call: Call) -> Questions:
    """What the operator is asked here, once."""
    await must_see(call, call.path("id"))
    rows = await call.gateway.database.read(questions.open_questions, call.path("id"))
    return {"items": [await _question(call, row) for row in rows]}


TAPS = ("of_last_deal", "new_enquiry", "revive")


async def _question(call: Call, row: Any) -> Question:
    refs = [ref for ref in row.choices if ref not in TAPS]
    taps = [ref for ref in row.choices if ref in TAPS]
    found = await call.gateway.database.read(cards.deals, refs)
    deals: list[shapes.DealRef] = [
        {
            "id": one.id, "number": one.number, "title": one.title, "stage": one.stage, "stage_kind": one.stage_kind,
            "pinned": False,
        }
        for one in found
    ]  # fmt: skip
    answers = taps or (["yes", "no"] if row.kind == "stale" else refs)
    return {
        "kind": row.kind, "about": row.about, "deals": deals, "answers": answers, "message_id": row.message_id or "",
        "asked_at": row.asked_at,
    }  # fmt: skip


@route("POST", "/conversations/{id}/questions", answer=Acted, body=Answer, needs=ATTACH)
async def answer_question(call: Call, body: Answer) -> Acted:
    """Answer; of two close deals the answer is remembered for the conversation."""
    await must_see(call, call.path("id"))
    setup = await setup_of(call.gateway)
    act = await call.gateway.database.write(
        questions.answer, call.path("id"), call.me, body.kind, body.about, body.answer,
        (setup.pipeline_id, setup.lead_stage_id), setup.schedule,
    )  # fmt: skip
    return acted(act)


@route("POST", "/deals/{id}/outcome", answer=Acted, body=Outcome, needs=ATTACH)
async def lead_outcome(call: Call, body: Outcome) -> Acted:
    """«Это по сделке №…», «Новая заявка», «Вернуть в работу»."""
    await must_see_deal(call, call.path("id"))
    if body.choice == "new_enquiry":
        setup = await setup_of(call.gateway)
        return acted(
            await call.gateway.database.write(outcomes.new_enquiry, call.path("id"), call.me, setup.schedule)
        )
    if body.deal_id is None:
        raise Refusal("bad_request", 422, field="deal_id")
    await must_see_deal(call, body.deal_id)
    work = outcomes.of_deal if body.choice == "of_deal" else outcomes.revive
    return acted(await call.gateway.database.write(work, call.path("id"), call.me, body.deal_id))


@route("GET", "/mismatches", answer=Mismatches, query=After, needs="lead.assign")
async def list_mismatches(call: Call, query: After) -> Mismatches:
    """Clients whose responsible owns none of their open deals, for the head of sales."""
    reach = call.account.reach("lead.assign", CONTACTS)
    rows = await call.gateway.database.read(
        responsible.mismatches, after=query.after, limit=query.limit, reach=reach
    )
    items = _mismatches(rows)
    return {"items": items, "next": items[-1]["contact"]["id"] if len(items) == query.limit else None}


def _mismatches(rows: list[Any]) -> list[Mismatch]:
    found: dict[str, Mismatch] = {}
    for row in rows:
        one = found.setdefault(row.id, {
            "contact": {"id": row.id, "name": row.name},
            "responsible": {"id": row.responsible_id, "name": row.responsible_name or ""}, "deals": [],
        })  # fmt: skip
        one["deals"].append({
            "id": row.deal_id, "number": row.number, "title": row.title,
            "owner": {"id": row.owner_id, "name": row.owner_name or ""}, "last_activity_at": row.last_activity_at,
        })  # fmt: skip
    return list(found.values())


@route("GET", "/contacts/{id}/mismatch", answer=Mismatches, needs="contact.read")
async def contact_mismatch(call: Call) -> Mismatches:
    """The banner of a contact's card: nothing, or the one mismatch."""
    await must_see_contact(call, call.path("id"))
    rows = await call.gateway.database.read(responsible.mismatch_of, call.path("id"))
    return {"items": _mismatches(rows), "next": None}


@route("PUT", "/contacts/{id}/responsible", answer=Acted, body=Responsible, needs="lead.assign")
async def set_responsible(call: Call, body: Responsible) -> Acted:
    """Hand a client over; with `deals` their open deals too."""
    await must_see_contact(call, call.path("id"))
    act = await call.gateway.database.write(
        responsible.set_responsible, call.path("id"), call.me, body.member_id, deals=body.deals
    )
    return acted(act)


@route("POST", "/contacts/{id}/mismatch", answer=Acted, body=Settle, needs="lead.assign")
async def settle_mismatch(call: Call, body: Settle) -> Acted:
    """One click: the deal's owner, or the contact's responsible, has both."""
    await must_see_contact(call, call.path("id"))
    return acted(await call.gateway.database.write(responsible.settle, call.path("id"), call.me, body.policy))


@route("GET", "/contacts/{id}/count", answer=ContactCount, needs="contact.read")
async def count_contact(call: Call) -> ContactCount:
    """How the contact's messages are spread over deals."""
    await must_see_contact(call, call.path("id"))
    rows = await call.gateway.database.read(counts.of_contact, call.path("id"))
    deals: list[DealCount] = [{"deal_id": row.deal_id, "messages": row.n} for row in rows if row.client]
    outside = sum(row.n for row in rows if not row.client)
    return {"messages": sum(row.n for row in rows), "deals": deals, "outside": outside}


@route("GET", "/deals/{id}/history", answer=Changes, needs="deal.read")
async def deal_history(call: Call) -> Changes:
    """Every field of a deal, what it was and who changed it."""
    await must_see_deal(call, call.path("id"))
    return await _changes(call)


@route("GET", "/contacts/{id}/history", answer=Changes, needs="contact.read")
async def contact_history(call: Call) -> Changes:
    """Every field of a contact, what it was and who changed it."""
    await must_see_contact(call, call.path("id"))
    return await _changes(call)


async def _changes(call: Call) -> Changes:
    words = may_read_words(call.account)
    rows = await call.gateway.database.read(history.of, call.path("id"))
    return {
        "items": [
            {
                "act_id": row.act_id, "action": row.action or "", "field": row.field,
                "before": row.before if words else None, "after": row.after if words else None,
                "by": {"id": row.by_id, "name": row.by_name or ""} if row.by_id else None, "at": row.at,
            }
            for row in rows
        ]
    }  # fmt: skip


def may_read_words(account: Account) -> bool:
    """Whether the member may read what clients said, and so what was written down of it."""
    return account.may("conversation.read")


@route("GET", "/sources/{id}/attachment", answer=AttachmentRules, needs="source.read")
async def attachment_rules(call: Call) -> AttachmentRules:
    """How messages of a source find their deal."""
    if await call.gateway.sources.find(call.path("id")) is None:
        raise Refusal("not_found", 404)
    return _rules(call)


def _rules(call: Call) -> AttachmentRules:
    live = call.gateway.sources.get(call.path("id"))
    if live is None:
        raise Refusal("not_found", 404)
    policy = live.attach
    return {
        "evidence": cast(Any, sorted(policy.evidence)), "ask_within_hours": policy.ask_within / HOUR,
        "after_close_hours": policy.after_close / HOUR, "stale_after_days": policy.stale_after / DAY,
        "recency": policy.recency, "on_open_deal": policy.on_open_deal,
    }  # fmt: skip


@route("PUT", "/sources/{id}/attachment", answer=AttachmentRules, body=AttachmentChange, needs="source.edit")
async def set_attachment_rules(call: Call, body: AttachmentChange) -> AttachmentRules:
    """Set which evidence counts, when the operator is asked, and how long a closed deal is near."""
    stored = {
        "evidence": sorted(set(body.evidence)), "ask_within": round(body.ask_within_hours * 60) * MINUTE,
        "after_close": round(body.after_close_hours * 60) * MINUTE,
        "stale_after": round(body.stale_after_days * DAY), "recency": body.recency,
    }  # fmt: skip
    known = await call.gateway.database.write(
        change_source, call.path("id"), attachment=stored, on_open_deal=body.on_open_deal
    )
    if not known:
        raise Refusal("not_found", 404)
    await call.gateway.sources.look()
    return _rules(call)


@route("GET", "/sources/{id}/bindings", answer=Bindings, needs="source.read")
async def list_bindings(call: Call) -> Bindings:
    """Extensions, tracking numbers and links of a source that mean one deal."""
    return await _bindings(call)


async def _bindings(call: Call) -> Bindings:
    rows = await call.gateway.database.read(bindings, call.path("id"))
    return {"items": [{"kind": row.kind, "value": row.value, "deal_id": row.deal_id} for row in rows]}


@route("PUT", "/sources/{id}/bindings", answer=Bindings, body=Bind, needs="source.edit")
async def set_binding(call: Call, body: Bind) -> Bindings:
    """Bind one to an open deal; without a deal: let it go."""
    if await call.gateway.sources.find(call.path("id")) is None:
        raise Refusal("not_found", 404)
    if body.deal_id is None:
        await call.gateway.database.write(unbind, call.path("id"), call.me, body.kind, body.value)
    else:
        await must_see_deal(call, body.deal_id)
        await call.gateway.database.write(bind, call.path("id"), call.me, body.kind, body.value, body.deal_id)
    return await _bindings(call)
