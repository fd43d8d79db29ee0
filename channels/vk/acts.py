"""What can be done to what was said: change it, take it back, react, show that somebody writes?

None of these harms when it is done twice. Source: vk-api-schema messages/methods.json 5.199.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Final

from channels.base import OutboundEdit
from channels.errors import Refused, SendFailed
from channels.vk.api import Api
from channels.vk.reactions import number_of
from channels.vk.styles import format_data
from channels.vk.wire import Json, number, rows, table, words

MOST: Final = 100
"""messages.delete, cmids."""
SAID: Final = 90
"""Characters of a snackbar (dev.vk.com, show_snackbar)."""
KEPT: Final = ("photo", "video", "audio", "doc", "wall", "market", "poll")
"""Attachments that messages.edit can be given again."""


async def edit(api: Api, edit: OutboundEdit) -> None:
    """messages.edit. What hangs on the message is named again: what is not named falls off."""
    peer, cmid = place_of(edit.thread, edit.external_id)
    values: dict[str, Any] = {
        "peer_id": peer, "cmid": cmid, "message": edit.text, "keep_forward_messages": 1, "keep_snippets": 1,
        "disable_mentions": 1,
    }  # fmt: skip
    if styled := format_data(edit.text, edit.spans):
        values["format_data"] = styled
    if edit.caption:
        values["attachment"] = await _hanging(api, peer, cmid)
    await api.call("messages.edit", **values)


async def _hanging(api: Api, peer: int, cmid: int) -> str:
    """The attachments of our message as messages.send takes them. Raises Refused when it is gone."""
    found = await api.call(
        "messages.getByConversationMessageId", peer_id=peer, conversation_message_ids=str(cmid)
    )
    items = rows(found if isinstance(found, dict) else {}, "items")
    if not items:
        raise Refused("no such message", code="message_gone")
    return ",".join(
        _reference(kind, table(one, kind))
        for one in rows(items[0], "attachments")
        if (kind := words(one, "type")) in KEPT
    )


def _reference(kind: str, body: Json) -> str:
    reference = f"{kind}{number(body, 'owner_id')}_{number(body, 'id')}"
    return f"{reference}_{key}" if (key := words(body, "access_key")) else reference


async def delete(api: Api, thread: str, external_ids: Sequence[str]) -> None:
    """messages.delete for both sides; VK answers for each message, one that is gone already is done."""
    places = [place_of(thread, external_id) for external_id in external_ids]
    for first in range(0, len(places), MOST):
        some = places[first : first + MOST]
        cmids = ",".join(str(cmid) for _, cmid in some)
        answer = await api.call("messages.delete", peer_id=some[0][0], cmids=cmids, delete_for_all=1)
        for one in rows({"items": answer}, "items"):
            if number(table(one, "error"), "code") == CANNOT:
                raise Refused(words(table(one, "error"), "description"), code="cannot_change")


CANNOT: Final = 924
"""errors.json: can't delete this message for everybody."""


async def react(api: Api, thread: str, external_id: str, emoji: str) -> None:
    """messages.sendReaction, messages.deleteReaction."""
    peer, cmid = place_of(thread, external_id)
    if not emoji:
        await api.call("messages.deleteReaction", peer_id=peer, cmid=cmid)
        return
    chosen = number_of(emoji)
    if not chosen:
        raise Refused("VK has no such reaction", code="reaction_refused")
    await api.call("messages.sendReaction", peer_id=peer, cmid=cmid, reaction_id=chosen)


async def typing(api: Api, thread: str) -> None:
    """messages.setActivity; shown for some ten seconds. Never raises."""
    if thread.lstrip("-").isdecimal():
        await _quietly(api, "messages.setActivity", type="typing", peer_id=thread)


async def acknowledge(api: Api, callback: str, text: str) -> None:
    """messages.sendMessageEventAnswer; without it the button turns for a minute. Never raises."""
    event, _, who = callback.partition(":")
    user, _, peer = who.partition(":")
    values = {"event_id": event, "user_id": user, "peer_id": peer}
    if text:
        values["event_data"] = json.dumps({"type": "show_snackbar", "text": text[:SAID]}, ensure_ascii=False)
    if event and user.isdecimal() and peer.lstrip("-").isdecimal():
        await _quietly(api, "messages.sendMessageEventAnswer", **values)


async def _quietly(api: Api, method: str, **values: Any) -> None:
    try:
        await api.call(method, **values)
    except SendFailed:
        return


def place_of(thread: str, external_id: str) -> tuple[int, int]:
    """Peer and number of a message. Raises Refused for one of another dialog, or one VK gave no number."""
    peer, _, cmid = external_id.rpartition(":")
    if peer != thread or not cmid.isdecimal() or not peer.lstrip("-").isdecimal():
        raise Refused("no such message in this dialog", code="message_gone")
    return int(peer), int(cmid)
