"""May this member see it, or do this to it? Who may not see a thing is told that there is none; who may not do it, that.

A permission covers one's own, one's team's, those of all teams below, or everybody's things (storage/reach.py). What a route
needs has to cover the thing as seeing it does: whoever may see everybody's and answer in their own answers nowhere else.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gateway.api.layer import Call
from gateway.permissions import SCOPED
from gateway.refusals import Refusal
from storage import cards, sight, team
from storage.reach import Reach
from storage.team import Account

READ = "conversation.read"
CONTACTS = "contact.read"
DEALS = "deal.read"


def sees(account: Account) -> Reach:
    """Whose conversations the member sees."""
    return account.reach(READ)


async def must_see(call: Call, conversation_id: str, act: str = "") -> None:
    """Raise Refusal not_found unless the member may see the conversation, forbidden unless the route may touch it.

    `act`: what else it takes, besides the route's own need.
    """
    await _must_reach(call, sight.reaches_conversation, conversation_id, READ, act)


Reaches = Callable[[Any, Reach, str], bool]


async def _must_reach(call: Call, reaches: Reaches, ref: str, read: str, act: str) -> None:
    """One question where all is as it should be; only whoever is refused costs a second one."""
    needs = _acts(call, act)
    ask = call.gateway.database.read
    may: bool = await ask(reaches, call.account.reach(read, *needs), ref)
    if may:
        return
    seen: bool = bool(needs) and await ask(reaches, call.account.reach(read), ref)
    if seen:
        raise Refusal("forbidden", 403, permission=needs[-1])
    raise Refusal("not_found", 404)


def _acts(call: Call, act: str) -> list[str]:
    """What has to cover the thing besides seeing it: to read something else of it takes no more."""
    return [one for one in (call.needs, act) if one in SCOPED and not one.endswith(".read")]


async def must_see_contact(call: Call, contact_id: str, act: str = "") -> None:
    """Raise Refusal not_found unless the member may see the contact, forbidden unless the route may touch it."""
    await _must_reach(call, sight.reaches_contact, contact_id, CONTACTS, act)


async def must_see_deal(call: Call, deal_id: str, act: str = "") -> Any:
    """The deal's row. Raises Refusal not_found unless the member may see it, forbidden unless the route may touch it."""
    rows = await call.gateway.database.read(cards.deals, [deal_id])
    if not rows:
        raise Refusal("not_found", 404)
    await _must_reach(call, sight.reaches_deal, deal_id, DEALS, act)
    return rows[0]


async def must_see_task(call: Call, task_id: str, act: str = "") -> None:
    """Raise Refusal not_found unless the task is the member's, of somebody within reach, or of a contact there."""
    rows = await call.gateway.database.read(cards.tasks, task_id=task_id)
    if not rows:
        raise Refusal("not_found", 404)
    reach = call.account.reach(CONTACTS, *_acts(call, act))
    if rows[0].owner_id != call.me and not reach.covers(rows[0].owner_id):
        await must_see_contact(call, rows[0].contact_id or "", act)


async def must_share_queue(call: Call, queue_id: str | None) -> None:
    """Raise Refusal not_found unless the member gets this queue's leads, or those of a team within reach."""
    if call.account.reach("lead.accept").covers(queue_id):
        return
    people = await call.gateway.database.read(team.queue_members)
    if call.me not in people.get(queue_id or "", ()):
        raise Refusal("not_found", 404)


def must_lead(call: Call, ref: str, permission: str = "") -> None:
    """Raise Refusal forbidden unless the permission, or what the route needs, covers this colleague or queue."""
    if not call.account.reach(permission or call.needs).covers(ref):
        raise Refusal("forbidden", 403, permission=permission or call.needs)
