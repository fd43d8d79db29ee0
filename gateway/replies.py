"""What happens to an answer before it leaves? Checked, cut to the network's size, kept for the undo, taken back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import channels
from gateway import post
from gateway.context import Gateway
from gateway.refusals import Refusal, refusing
from gateway.sources import Live
from routing.text import Stretch, fitted
from storage import outbox
from storage.outbox import again, conclude
from storage.replying import Order, Target, accept, source_of
from storage.replying import write_first as accept_first
from storage.team import Account, account_of

OVERRIDE = "window.override"


@dataclass(frozen=True, kw_only=True, slots=True)
class Shared:
    """What goes along besides words and files: a place, somebody's card, a sticker (the attachment it came by)."""

    location: dict[str, Any] | None = None
    card: dict[str, Any] | None = None
    sticker: str | None = None


NOTHING = Shared()


async def reply(
    gateway: Gateway, member_id: str, conversation_id: str, *, id: str, text: str, file_ids: Sequence[str],
    reply_to: str | None, last_seen: str | None, hold_ms: int | None, override_reason: str | None, anyway: bool,
    spans: Sequence[Stretch] = (), letter: post.Wish | None = None, shared: Shared = NOTHING,
) -> tuple[list[str], int]:  # fmt: skip
    """Accept an answer; its message ids and until when it is held, microseconds UTC. Raises Refusal."""
    order, target = await ordered(
        gateway, member_id, conversation_id, id=id, text=text, file_ids=file_ids, reply_to=reply_to,
        last_seen=last_seen, hold_ms=hold_ms, override_reason=override_reason, anyway=anyway, spans=spans,
        letter=letter, shared=shared,
    )  # fmt: skip
    with refusing():
        return await gateway.database.write(accept, order, target)


async def ordered(
    gateway: Gateway, member_id: str, conversation_id: str, *, id: str, text: str, file_ids: Sequence[str],
    reply_to: str | None, last_seen: str | None, hold_ms: int | None, override_reason: str | None, anyway: bool,
    spans: Sequence[Stretch] = (), letter: post.Wish | None = None, shared: Shared = NOTHING,
) -> tuple[Order, Target]:  # fmt: skip
    """An answer as the storage takes it, and where it goes. Raises Refusal."""
    source_id = await gateway.database.read(source_of, conversation_id)
    if source_id is None:
        raise Refusal("not_found", 404)
    account = await gateway.database.read(account_of, member_id)
    if account is None:
        raise Refusal("not_found", 404)
    target = target_for(gateway, source_id)
    live = gateway.sources.get(target.source_id)
    order = Order(
        id=id, member_id=account.id, conversation_id=conversation_id, text=text, file_ids=tuple(file_ids),
        reply_to=reply_to or (letter.quote if letter is not None and not letter.forward else None),
        last_seen=last_seen, hold=None if hold_ms is None else hold_ms * 1000,
        override_reason=override_reason, may_override=account.may(OVERRIDE),
        anyway=anyway, spans=tuple(spans),
        letter=await post.letter_for(gateway, account, live, conversation_id, letter) if live is not None else None,
        location=shared.location, card=shared.card, sticker=shared.sticker,
    )  # fmt: skip
    return order, target


async def write_first(
    gateway: Gateway, account: Account, source_id: str, *, id: str, text: str, file_ids: Sequence[str],
    hold_ms: int | None, anyway: bool, spans: Sequence[Stretch], letter: post.Wish,
) -> tuple[str, int]:  # fmt: skip
    """Begin a conversation with a letter; its id and until when the letter is held. Raises Refusal."""
    live = gateway.sources.get(source_id)
    if live is None or not live.channel.can().first:
        raise Refusal("cannot_answer")
    order = Order(
        id=id, member_id=account.id, conversation_id="", text=text, file_ids=tuple(file_ids), reply_to=None,
        last_seen=None, hold=None if hold_ms is None else hold_ms * 1000, override_reason=None, may_override=False,
        anyway=anyway, spans=tuple(spans), letter=await post.letter_for(gateway, account, live, None, letter),
    )  # fmt: skip
    with refusing():
        return await gateway.database.write(accept_first, order, _target(gateway, live))


def target_for(gateway: Gateway, source_id: str) -> Target:
    """The source that an answer goes out by. Raises Refusal cannot_answer or source_down."""
    live = gateway.sources.get(source_id)
    if live is None:
        raise Refusal("source_down")
    answering = gateway.sources.answering(live)
    if answering is None:
        raise Refusal("cannot_answer")
    return _target(gateway, answering)


def _target(gateway: Gateway, live: Live) -> Target:
    can = live.channel.can()
    return Target(
        source_id=live.row.id,
        policy=live.window,
        lent=live.lent,
        cut=partial(fitted, shown=can.styles, limit=can.text_max, unit=can.text_unit),
        echo=live.channel.echo_key,
        files={str(kind): limit for kind, limit in can.files.items()},
        files_per_message=max(1, can.files_per_message),
        caption_max=can.caption_max,
        shares=frozenset(
            name
            for name, able in (("location", can.location), ("card", can.card), ("sticker", can.stickers))
            if able
        ),
        sticker=live.channel.sticker,
        identity_kinds=frozenset(channels.about(live.row.channel).kinds),
        down=live.row.state not in ("active", "draft"),
        mute=frozenset(one.row.id for one in gateway.sources.all() if not one.channel.can().reply),
    )


async def undo(gateway: Gateway, member_id: str, message_id: str) -> tuple[str, list[str]]:
    """Take a held message back: its words and uploads. Raises Refusal too_late."""
    with refusing():
        text, files = await gateway.database.write(outbox.undo, member_id, message_id)
    return text, [file["upload"] for file in files]


async def retry(gateway: Gateway, member_id: str, message_id: str) -> None:
    """Try once more what failed or was stopped. Raises Refusal."""
    with refusing():
        await gateway.database.write(again, message_id, states=("failed", "undelivered", "postponed"))


async def resolve(gateway: Gateway, member_id: str, message_id: str, outcome: str) -> None:
    """A person looked and says whether a message of unknown fate is there. Raises Refusal."""
    with refusing():
        if outcome == "sent":
            await gateway.database.write(conclude, message_id, "sent", "confirmed")
        else:
            await gateway.database.write(again, message_id, states=("unknown",))


async def cancel(gateway: Gateway, member_id: str, message_id: str) -> None:
    """Give up a message that waits or whose fate nobody knows. Raises Refusal."""
    with refusing():
        await gateway.database.write(conclude, message_id, "cancelled", "given_up")
