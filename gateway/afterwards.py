"""How is a message changed, taken back or marked after it was said?"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from channels.base import Channel, OutboundEdit
from channels.events import Identity, Span
from gateway.context import Gateway
from gateway.refusals import Refusal, refusing
from gateway.replies import target_for
from gateway.sources import Live
from routing.text import Stretch
from storage import amending
from storage.amending import Powers, Wish
from storage.outbox import Ready
from storage.replying import Target


async def edit(gateway: Gateway, wish: Wish, source_id: str, text: str, spans: Sequence[Stretch]) -> None:
    """Word a message of ours anew. Raises Refusal."""
    with refusing():
        await gateway.database.write(
            amending.edit, wish, text, tuple(spans), _target(gateway, source_id), _powers(gateway, source_id)
        )


async def delete(gateway: Gateway, wish: Wish, source_id: str) -> None:
    """Take a message that left back. Raises Refusal."""
    with refusing():
        await gateway.database.write(amending.delete, wish, _powers(gateway, source_id))


async def react(gateway: Gateway, member_id: str, message_id: str, source_id: str, emoji: str) -> None:
    """Put our reaction under a client's message, or take it away with "". Raises Refusal."""
    target, powers = _target(gateway, source_id), _powers(gateway, source_id)
    with refusing():
        await gateway.database.write(amending.react, member_id, message_id, emoji, target, powers)


def _live(gateway: Gateway, source_id: str) -> Live:
    live = gateway.sources.get(source_id)
    if live is None:
        raise Refusal("source_down")
    return live


def _target(gateway: Gateway, source_id: str) -> Target:
    """The message's own source: a message cannot be changed by another one."""
    target = target_for(gateway, source_id)
    if target.source_id != source_id:
        raise Refusal("cannot_answer")
    return target


def _powers(gateway: Gateway, source_id: str) -> Powers:
    can = _live(gateway, source_id).channel.can()
    return Powers(
        edit=can.edit, edit_hours=can.edit_hours, delete=can.delete, delete_hours=can.delete_hours,
        reactions=can.reactions,
    )  # fmt: skip


async def carry_out(channel: Channel, row: Ready) -> None:
    """Do a later act at the network. Doing it twice is doing it once. Raises SendFailed."""
    to = Identity(kind=row.identity_kind, value=row.identity_value)
    match row.act:
        case "edit":
            for change in row.content["changes"]:
                await channel.edit(_edit(row.thread, to, change))
        case "delete":
            await channel.delete(row.thread, to, row.content["external_ids"])
        case "react":
            await channel.react(row.thread, to, row.content["external_id"], row.content["emoji"])


def _edit(thread: str, to: Identity, change: Mapping[str, Any]) -> OutboundEdit:
    return OutboundEdit(
        thread=thread, to=to, external_id=change["external_id"], text=change["text"],
        spans=spans_of(change["spans"]), caption=change["caption"],
    )  # fmt: skip


def spans_of(stored: Iterable[Mapping[str, Any]]) -> tuple[Span, ...]:
    """Styled stretches as the channel takes them."""
    return tuple(
        Span(start=one["start"], length=one["length"], style=one["style"], url=one.get("url", ""))
        for one in stored
    )
