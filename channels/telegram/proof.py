"""Is an update really from Telegram, which one is it, and what must stay in order with it?"""

from __future__ import annotations

import hashlib
import hmac

import msgspec

from channels.base import Envelope
from channels.errors import WebhookRefused
from channels.telegram.threads import ChatAddress
from channels.telegram.wire import Head, HeadOfFact, Number

HEADER = "x-telegram-bot-api-secret-token"
UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)

_head = msgspec.json.Decoder(Head)
_number = msgspec.json.Decoder(Number)


def prove(envelope: Envelope, secret: str) -> None:
    """Raises WebhookRefused unless the header repeats the secret that we gave to setWebhook."""
    told = envelope.headers.get(HEADER, "").encode("utf-8", "surrogatepass")
    if not secret or not hmac.compare_digest(told, secret.encode("utf-8", "surrogatepass")):
        raise WebhookRefused


def key_and_lane(body: bytes) -> tuple[str, str, int | None]:
    """The update's number as a key, its chat, and the number; of an update that cannot be read, a digest and no chat."""
    try:
        head = _head.decode(body)
    except UNREADABLE:
        number = number_of(body)
        key = str(number) if number is not None else f"sha256:{hashlib.sha256(body).hexdigest()}"
        return key, "", number
    return str(head.update_id), _lane(head), head.update_id


def number_of(body: bytes) -> int | None:
    """`update_id`; None when not even that can be read."""
    try:
        return _number.decode(body).update_id
    except UNREADABLE:
        return None


def _lane(head: Head) -> str:
    """Topics of one group share a lane: a message can be edited or moved across them."""
    press = head.callback_query
    if press is not None:
        return _lane_of(press.message) or str(press.from_.id)
    facts = (
        head.message, head.edited_message, head.business_message, head.edited_business_message,
        head.deleted_business_messages, head.message_reaction, head.my_chat_member,
    )  # fmt: skip
    return next((lane for lane in map(_lane_of, facts) if lane), "")


def _lane_of(fact: HeadOfFact | None) -> str:
    if fact is None or fact.chat is None:
        return ""
    return ChatAddress(chat=fact.chat.id, business=fact.business_connection_id or "").thread
