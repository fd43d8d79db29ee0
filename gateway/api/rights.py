"""May this member see it? What a permission of scope `own` covers; who may not see a thing is told that there is none."""

from __future__ import annotations

from typing import Any

from gateway.api.layer import Call
from gateway.refusals import Refusal
from storage import cards, queue, sight, team
from storage.team import Account

READ = "conversation.read"


def own_only(account: Account) -> bool:
    """Whether the member sees only their own conversations."""
    return not account.everywhere(READ)


async def must_see(call: Call, conversation_id: str) -> None:
    """Raise Refusal not_found unless the member may see the conversation."""
    ids = [conversation_id]
    seen = await call.gateway.database.read(queue.visible, ids, call.me, own_only(call.account))
    if not call.account.may(READ) or conversation_id not in seen:
        raise Refusal("not_found", 404)


async def sees_contact(call: Call, contact_id: str) -> bool:
    """Whether the contact is this member's own: its conversation, its open deal, an offer of it."""
    database = call.gateway.database
    owners = await database.read(sight.owners_of_contacts, [contact_id])
    if call.me in owners.get(contact_id, ()):
        return True
    ids = await database.read(cards.conversation_ids, contact_id)
    return bool(await database.read(queue.visible, ids, call.me, own_only=True))


async def must_see_contact(call: Call, contact_id: str) -> None:
    """Raise Refusal not_found unless the member may see the contact."""
    if not call.account.everywhere("contact.read") and not await sees_contact(call, contact_id):
        raise Refusal("not_found", 404)


async def must_see_deal(call: Call, deal_id: str) -> Any:
    """The deal's row. Raises Refusal not_found unless the member may see it."""
    rows = await call.gateway.database.read(cards.deals, [deal_id])
    if not rows:
        raise Refusal("not_found", 404)
    seen = call.account.everywhere("deal.read") or rows[0].owner_id == call.me
    if not seen and not await sees_contact(call, rows[0].contact_id):
        raise Refusal("not_found", 404)
    return rows[0]


async def must_see_task(call: Call, task_id: str) -> None:
    """Raise Refusal not_found unless the task is the member's or of a contact they may see."""
    rows = await call.gateway.database.read(cards.tasks, task_id=task_id)
    if not rows:
        raise Refusal("not_found", 404)
    if rows[0].owner_id != call.me:
        await must_see_contact(call, rows[0].contact_id or "")


async def must_share_queue(call: Call, queue_id: str | None) -> None:
    """Raise Refusal not_found unless the member gets this queue's leads, or gives out everybody's."""
    if call.account.everywhere("lead.accept"):
        return
    people = await call.gateway.database.read(team.queue_members)
    if call.me not in people.get(queue_id or "", ()):
        raise Refusal("not_found", 404)
