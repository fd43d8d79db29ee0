"""What can be done to what was said: change it, take it back, react, show that somebody writes?

None of these harms when it is done twice, so a lost answer is worth another try, and none needs a library.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from msgspec import Raw

from channels.base import OutboundEdit
from channels.errors import Refused, SendFailed
from channels.telegram.api import Api
from channels.telegram.text import entities_of
from channels.telegram.threads import ChatAddress, address_of

MOST: Final = 100
"""Messages that one call takes back (Bot API: deleteMessages)."""
SHORT: Final = 5.0
"""Seconds that a sign of typing or the end of a button's wait are worth."""
SAID: Final = 200
"""Bot API: answerCallbackQuery, text."""


async def edit(api: Api, edit: OutboundEdit) -> None:
    """Bot API: editMessageText, editMessageCaption. The same words again are no error."""
    address = _address(edit.thread)
    method, words, styled = (
        ("editMessageCaption", "caption", "caption_entities")
        if edit.caption
        else ("editMessageText", "text", "entities")
    )
    entities = [
        {"type": kind, "offset": offset, "length": length} | ({"url": url} if url else {})
        for kind, offset, length, url in entities_of(edit.text, edit.spans)
    ]
    where = _where(address) | {"message_id": _number(address, edit.external_id)}
    try:
        await api.call(method, Raw, {**where, words: edit.text, styled: entities}, group=address.group)
    except Refused as error:
        if error.code != "unchanged":
            raise


async def delete(api: Api, thread: str, external_ids: Sequence[str]) -> None:
    """Bot API: deleteMessages, deleteBusinessMessages; the server passes over what is gone already."""
    address = _address(thread)
    numbers = [_number(address, external_id) for external_id in external_ids]
    for first in range(0, len(numbers), MOST):
        some = {"message_ids": numbers[first : first + MOST]}
        if address.business:
            params: dict[str, object] = {"business_connection_id": address.business, **some}
            await _take_back(api, "deleteBusinessMessages", params)
        else:
            await _take_back(api, "deleteMessages", {"chat_id": address.chat, **some}, group=address.group)


async def _take_back(api: Api, method: str, params: dict[str, object], *, group: bool = False) -> None:
    try:
        await api.call(method, bool, params, group=group)
    except Refused as error:
        if error.code != "message_gone":
            raise


async def react(api: Api, thread: str, external_id: str, emoji: str) -> None:
    """Bot API: setMessageReaction. A private account's chats take none from a bot."""
    address = _address(thread)
    if address.business:
        raise Refused("no reactions on a private account", code="cannot_react")
    reaction = [{"type": "emoji", "emoji": emoji}] if emoji else []
    where = {"chat_id": address.chat, "message_id": _number(address, external_id)}
    await api.call("setMessageReaction", bool, {**where, "reaction": reaction}, group=address.group)


async def typing(api: Api, thread: str) -> None:
    """Bot API: sendChatAction; shown for five seconds. Never raises."""
    address = address_of(thread)
    if address is None:
        return
    params = _where(address) | {"action": "typing"}
    if address.topic is not None:
        params["message_thread_id"] = address.topic
    try:
        await api.call("sendChatAction", bool, params, patience=SHORT)
    except SendFailed:
        return


async def acknowledge(api: Api, callback: str, text: str) -> None:
    """Bot API: answerCallbackQuery; too late is no error. Never raises."""
    params: dict[str, object] = {"callback_query_id": callback}
    if text:
        params["text"] = text[:SAID]
    try:
        await api.call("answerCallbackQuery", bool, params, patience=SHORT)
    except SendFailed:
        return


def _address(thread: str) -> ChatAddress:
    address = address_of(thread)
    if address is None:
        raise Refused("not a chat of Telegram", code="no_chat")
    return address


def _where(address: ChatAddress) -> dict[str, object]:
    where: dict[str, object] = {"chat_id": address.chat}
    return where | ({"business_connection_id": address.business} if address.business else {})


def _number(address: ChatAddress, external_id: str) -> int:
    number = address.number_of(external_id)
    if number is None:
        raise Refused("a message of another chat", code="message_gone")
    return number
