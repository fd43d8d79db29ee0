"""How is an answer written for later, and who lets it go when its moment comes?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import orjson
import structlog

from gateway import post
from gateway.context import Gateway
from gateway.refusals import Refusal, refusing
from gateway.replies import NOTHING, Shared, ordered
from routing.scheduled import FARTHEST, Scheduled, WaitsFor
from routing.text import Stretch
from storage import queue, scheduled
from storage.errors import Conflict, LeaseLost, Unavailable
from storage.letters import Addressee
from storage.replying import Order, Target
from storage.team import account_of

log = structlog.get_logger(__name__)
REPLY = "conversation.reply"


@dataclass(frozen=True, kw_only=True, slots=True)
class Wish:
    """What a person writes for later, and when it shall go."""

    id: str
    text: str
    waits_for: WaitsFor
    at: int
    """When it goes; when it waits for the client: when it is given up. Microseconds UTC."""
    anyway: bool = False
    spans: tuple[Stretch, ...] = ()
    file_ids: tuple[str, ...] = ()
    reply_to: str | None = None
    last_seen: str | None = None
    letter: post.Wish | None = None
    shared: Shared = NOTHING


async def schedule(gateway: Gateway, member_id: str, conversation_id: str, wish: Wish) -> str:
    """Keep an answer for later; its id. Raises Refusal."""
    plan = _plan(gateway, wish)
    order, target = await _ordered(gateway, member_id, conversation_id, wish)
    with refusing():
        return await gateway.database.write(scheduled.add, order, target, plan, _letter_kept(wish.letter))


async def change(gateway: Gateway, member_id: str, row: Any, wish: Wish, version: int) -> None:
    """Give it other words or another moment. Raises Refusal."""
    plan = _plan(gateway, wish)
    order, target = await _ordered(gateway, member_id, row.conversation_id, wish)
    with refusing():
        await gateway.database.write(
            scheduled.change, order, target, plan, _letter_kept(wish.letter), version
        )


async def send_now(gateway: Gateway, member_id: str, row: Any) -> None:
    """Send it at once. Raises Refusal."""
    if row.member_id != member_id:
        raise Refusal("forbidden", 403, reason="author")
    order, target = await _ordered(gateway, member_id, row.conversation_id, wish_of(row))
    with refusing():
        await gateway.database.write(scheduled.send_now, order, target, row.version)


async def fire_due(gateway: Gateway) -> None:
    """Let go what is due, one by one, so that one that cannot go holds up only itself."""
    for row in await gateway.database.read(scheduled.due, gateway.now()):
        try:
            await _fire(gateway, row)
        except (Unavailable, LeaseLost):
            raise
        except (Conflict, Refusal) as refusal:
            await gateway.database.write(scheduled.stop, row.id, row.version, refusal.code)
        except Exception:
            log.exception("a scheduled answer failed", scheduled=row.id)
            await gateway.database.write(scheduled.stop, row.id, row.version, "failed")


async def _fire(gateway: Gateway, row: Any) -> None:
    may = await _author_may(gateway, row.member_id, row.conversation_id)
    order, target = await _ordered(gateway, row.member_id, row.conversation_id, wish_of(row))
    await gateway.database.write(scheduled.fire, order, target, row.version, may)


async def _author_may(gateway: Gateway, member_id: str, conversation_id: str) -> bool:
    """Whether its author could still write it."""
    account = await gateway.database.read(account_of, member_id)
    if account is None or not account.may(REPLY) or not account.may("conversation.read"):
        return False
    reach = account.reach("conversation.read", REPLY)
    return conversation_id in await gateway.database.read(queue.visible, [conversation_id], reach)


def _plan(gateway: Gateway, wish: Wish) -> Scheduled:
    """The moment, if it is one. Raises Refusal bad_request."""
    now = gateway.now()
    if not now < wish.at <= now + FARTHEST:
        raise Refusal("bad_request", 422, field="at")
    return Scheduled(waits_for=wish.waits_for, at=wish.at, confirmed_at=now, anyway=wish.anyway)


async def _ordered(
    gateway: Gateway, member_id: str, conversation_id: str, wish: Wish
) -> tuple[Order, Target]:
    order, target = await ordered(
        gateway, member_id, conversation_id, id=wish.id, text=wish.text, file_ids=wish.file_ids,
        reply_to=wish.reply_to, last_seen=wish.last_seen, hold_ms=0, override_reason=None, anyway=True,
        spans=wish.spans, letter=wish.letter, shared=wish.shared,
    )  # fmt: skip
    return replace(order, planned=True), target


def wish_of(row: Any) -> Wish:
    """What its author wished, as the row keeps it."""
    content = orjson.loads(row.content)
    spans = [Stretch(**one) for one in content.get("spans", ())]
    return Wish(
        id=row.id, text=row.text, waits_for=row.waits_for, at=row.at, anyway=bool(row.anyway), spans=tuple(spans),
        file_ids=tuple(content.get("file_ids", ())), reply_to=content.get("reply_to"),
        letter=_letter_wish(content.get("letter")),
        shared=Shared(
            location=content.get("location"), card=content.get("card"), sticker=content.get("sticker")
        ),
    )  # fmt: skip


def _letter_kept(wish: post.Wish | None) -> dict[str, Any] | None:
    return None if wish is None else {**asdict(wish), "inline": sorted(wish.inline)}


def _letter_wish(kept: dict[str, Any] | None) -> post.Wish | None:
    """How the letter is addressed; it is made when it goes, so that it answers what stands there then."""
    if kept is None:
        return None
    people: Sequence[dict[str, Any]] = kept["to"]
    return post.Wish(**{
        **kept, "to": tuple(Addressee(**one) for one in people), "carried": tuple(kept["carried"]),
        "inline": frozenset(kept["inline"]),
    })  # fmt: skip
