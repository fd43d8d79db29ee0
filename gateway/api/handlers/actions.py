"""What can a person do with a conversation? Each act answers with the row as it is then, and how to take it back."""

from __future__ import annotations

from typing import Literal

from pydantic import Field
from typing_extensions import TypedDict

from gateway.api import shapes
from gateway.api.handlers.inbox import item_of, row_of, rows_of
from gateway.api.layer import PREFIX, Body, Call, route
from gateway.api.rights import must_see, must_see_deal
from gateway.post import posts
from gateway.quarantine import release_conversation
from gateway.refusals import Refusal
from gateway.retention import forget_private
from gateway.rules import answering_of, setup_of
from storage import acts, dividing, history, moving, natures, queue
from storage.acts import Undo

REPLY = "conversation.reply"


class Moved(TypedDict):
    item: shapes.Item
    undo: shapes.Undo


class StateChange(Body):
    state: Literal["open", "waiting", "snoozed", "closed"]
    until: int | None = None
    why: Literal["no_answer", "spam", "elsewhere"] | None = None


class Assignment(Body):
    member_id: str | None = None
    comment: str = Field(default="", max_length=4000)


class NatureChange(Body):
    nature: Literal["client", "spam", "internal", "personal"]


class ReadMark(Body):
    message_id: str | None = None


class Pin(Body):
    deal_id: str | None = None


class Move(Body):
    deal_id: str | None = None
    scope: Literal["one", "following", "conversation"] = "one"
    message_ids: list[str] = Field(default_factory=list, max_length=500)
    """Further messages of the same contact that move along."""


class Back(Body):
    audit_id: str


class Joined(Body):
    into: str


async def changed(call: Call, conversation_id: str, undo: Undo | None) -> shapes.Changed:
    """The row as it is now, with what takes the act back."""
    back: shapes.Undo | None = None
    if undo is not None:
        path = f"{PREFIX}/conversations/{conversation_id}/{undo.path}"
        back = {"method": undo.method, "path": path, "body": undo.body}
    (row,) = await rows_of(
        call.gateway, call.account, [conversation_id]
    )  # though it be nobody's of theirs any more
    return {"row": row, "undo": back}


@route("POST", "/conversations/{id}/state", answer=shapes.Changed, body=StateChange, needs=REPLY)
async def change_state(call: Call, body: StateChange) -> shapes.Changed:
    """Finish, put off, open again, or say that no answer is needed."""
    ref = call.path("id")
    await must_see(call, ref)
    undo = await call.gateway.database.write(
        acts.set_state,
        ref,
        call.me,
        body.state,
        body.until,
        body.why or "",
        await answering_of(call.gateway),
    )
    return await changed(call, ref, undo)


@route("POST", "/conversations/{id}/undo", answer=shapes.Changed, body=Back, needs=REPLY)
async def undo_state(call: Call, body: Back) -> shapes.Changed:
    """Take an act of one's own back."""
    ref = call.path("id")
    await must_see(call, ref)
    await call.gateway.database.write(acts.undo_state, ref, call.me, body.audit_id)
    return await changed(call, ref, None)


@route("POST", "/conversations/{id}/assignee", answer=shapes.Changed, body=Assignment, needs=REPLY)
async def change_assignee(call: Call, body: Assignment) -> shapes.Changed:
    """Take the conversation, or give it to somebody."""
    ref = call.path("id")
    gives = body.member_id not in (None, call.me)
    if gives:
        call.need("conversation.assign")
    await must_see(call, ref, "conversation.assign" if gives else "")
    undo = await call.gateway.database.write(acts.assign, ref, call.me, body.member_id, body.comment.strip())
    return await changed(call, ref, undo)


@route("POST", "/conversations/{id}/nature", answer=shapes.Changed, body=NatureChange, needs=REPLY)
async def change_nature(call: Call, body: NatureChange) -> shapes.Changed:
    """Spam, or a client after all."""
    ref = call.path("id")
    await must_see(call, ref)
    act = await call.gateway.database.write(
        natures.set_nature, ref, call.me, body.nature, await answering_of(call.gateway)
    )
    if body.nature == "personal":
        await forget_private(call.gateway, call.me)
        return await changed(call, ref, None)
    if body.nature == "client":
        await release_conversation(call.gateway, ref, call.me)
    return await changed(call, ref, Undo("POST", "undo", {"audit_id": act}) if act else None)


@route("PUT", "/conversations/{id}/read", answer=shapes.Row, body=ReadMark, needs="conversation.read")
async def mark_read(call: Call, body: ReadMark) -> shapes.Row:
    """Read up to a message; without one: keep it unread."""
    ref = call.path("id")
    await must_see(call, ref)
    await call.gateway.database.write(acts.mark_read, ref, call.me, body.message_id)
    return await row_of(call, ref)


@route("PUT", "/conversations/{id}/pin", answer=shapes.Changed, body=Pin, needs="deal.attach")
async def pin(call: Call, body: Pin) -> shapes.Changed:
    """Keep the conversation on a deal, or let it go."""
    ref = call.path("id")
    await must_see(call, ref)
    if body.deal_id is not None:
        await must_see_deal(call, body.deal_id)
    undo = await call.gateway.database.write(acts.pin, ref, call.me, body.deal_id)
    return await changed(call, ref, undo)


@route("POST", "/conversations/{id}/claim", answer=shapes.Row, needs=REPLY)
async def claim(call: Call) -> shapes.Row:
    """Say for two minutes that one is on it."""
    ref = call.path("id")
    await must_see(call, ref)
    if not await call.gateway.database.write(queue.claim, ref, call.me):
        raise Refusal("taken")
    return await row_of(call, ref)


@route("DELETE", "/conversations/{id}/claim", status=204, needs=REPLY)
async def unclaim(call: Call) -> None:
    """Give a claim back."""
    await call.gateway.database.write(queue.unclaim, call.path("id"), call.me)


@route("POST", "/messages/{id}/deal", answer=Moved, body=Move, needs="deal.attach")
async def move_message(call: Call, body: Move) -> Moved:
    """Move a message to another deal, or to a new lead."""
    item = await item_of(call, call.path("id"))
    if body.deal_id is not None:
        await must_see_deal(call, body.deal_id)
    setup = await setup_of(call.gateway)
    stage = (setup.pipeline_id, setup.lead_stage_id)
    audit_id = await call.gateway.database.write(
        moving.move_messages, item["id"], call.me, body.deal_id, body.scope, stage, body.message_ids
    )
    path = f"{PREFIX}/conversations/{item['conversation_id']}/undo-move"
    return {
        "item": await item_of(call, item["id"]),
        "undo": {"method": "POST", "path": path, "body": {"audit_id": audit_id}},
    }


@route("POST", "/messages/{id}/split", answer=shapes.Changed, needs=REPLY)
async def split_thread(call: Call) -> shapes.Changed:
    """Put a letter and all after it into a conversation of their own; answers with the new one."""
    item = await item_of(call, call.path("id"))
    _must_be_letters(call, item["source"]["id"])
    made, audit_id = await call.gateway.database.write(
        dividing.split, item["id"], call.me, await answering_of(call.gateway)
    )
    return {"row": await row_of(call, made), "undo": _undo_thread(item["conversation_id"], audit_id)}


class Joinable(TypedDict):
    id: str
    subject: str
    at: int
    text: str


class Joinables(TypedDict):
    items: list[Joinable]


@route("GET", "/conversations/{id}/joinable", answer=Joinables, needs=REPLY)
async def list_joinable(call: Call) -> Joinables:
    """The threads of letters that this one can be joined to, newest first; none where there are no letters."""
    row = await row_of(call, call.path("id"))
    _must_be_letters(call, row["source"]["id"])
    rows = await call.gateway.database.read(dividing.joinable, row["id"])
    return {
        "items": [
            {"id": one.id, "subject": one.subject, "at": one.last_at, "text": one.last_text} for one in rows
        ]
    }


@route("POST", "/conversations/{id}/join", answer=shapes.Changed, body=Joined, needs=REPLY)
async def join_threads(call: Call, body: Joined) -> shapes.Changed:
    """Put everything of this conversation into another one of the same client; answers with that one."""
    row = await row_of(call, call.path("id"))
    await must_see(call, body.into)
    _must_be_letters(call, row["source"]["id"])
    audit_id = await call.gateway.database.write(
        dividing.join, row["id"], body.into, call.me, await answering_of(call.gateway)
    )
    return {"row": await row_of(call, body.into), "undo": _undo_thread(row["id"], audit_id)}


@route("POST", "/conversations/{id}/undo-thread", answer=shapes.Changed, body=Back, needs=REPLY)
async def undo_thread(call: Call, body: Back) -> shapes.Changed:
    """Take a split or a join back."""
    ref = call.path("id")
    await must_see(call, ref)
    await call.gateway.database.write(
        dividing.undo, ref, call.me, body.audit_id, await answering_of(call.gateway)
    )
    return await changed(call, ref, None)


def _must_be_letters(call: Call, source_id: str) -> None:
    """Only threads of letters can be divided: elsewhere the network says what belongs together."""
    live = call.gateway.sources.get(source_id)
    if live is None or not posts(live):
        raise Refusal("not_now", reason="no_letters")


def _undo_thread(conversation_id: str, audit_id: str) -> shapes.Undo:
    path = f"{PREFIX}/conversations/{conversation_id}/undo-thread"
    return {"method": "POST", "path": path, "body": {"audit_id": audit_id}}


@route("POST", "/conversations/{id}/undo-move", answer=shapes.Changed, body=Back, needs="deal.attach")
async def undo_move(call: Call, body: Back) -> shapes.Changed:
    """Put moved messages back."""
    ref = call.path("id")
    await must_see(call, ref)
    act = await call.gateway.database.read(history.action_of, body.audit_id)
    if act is None or (act.action, act.object_id) != ("message.move", ref):
        raise Refusal("not_found", 404)
    await call.gateway.database.write(history.undo, body.audit_id, call.me)
    return await changed(call, ref, None)
