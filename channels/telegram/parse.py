"""Which facts are in an update of Telegram?

Bot API: Update. A known kind that says nothing about clients gives no facts; a message of a kind that we
do not show gives the provider's own word for it.
"""

from __future__ import annotations

import re
from typing import Final

import msgspec

from channels.base import Envelope
from channels.errors import PayloadUnreadable
from channels.events import (
    NOWHERE,
    Attribution,
    Connection,
    Event,
    Identity,
    InboundMessage,
    MessageDeleted,
    MessageEdited,
    Micros,
    OutgoingSeen,
    Person,
    Reachability,
    Reaction,
    Started,
)
from channels.telegram.content import (
    Content,
    content_of,
    forwards_of,
    full_name,
    origin_name,
    quote_of,
)
from channels.telegram.groups import (
    KIND,
    Myself,
    is_addressed,
    is_group,
    membership_of,
    note_of,
    person_of,
    title_of,
)
from channels.telegram.kinds import SERVICE, word_of
from channels.telegram.proof import UNREADABLE
from channels.telegram.threads import ChatAddress
from channels.telegram.wire import (
    BusinessConnection,
    CallbackQuery,
    DeletedMessages,
    MemberChange,
    Message,
    MessageReaction,
    Pressed,
    Update,
)

SECOND: Final = 1_000_000
START: Final = re.compile(r"/start(?:@\w+)?(?: ([A-Za-z0-9_-]{1,64}))?\s*")
"""Bot API: Deep linking; a payload has at most 64 of these characters."""
PAID: Final = "⭐"
CUSTOM: Final = "🖼"
"""Stands for a reaction whose picture only Telegram's own clients can show."""

_decoder = msgspec.json.Decoder(Update)


def parse(envelope: Envelope, me: Myself) -> tuple[Event, ...]:
    """The facts of one update. Raises PayloadUnreadable."""
    try:
        return _facts(_decoder.decode(envelope.body), envelope, me)
    except UNREADABLE as error:
        raise PayloadUnreadable(type(error).__name__) from None


def _facts(update: Update, envelope: Envelope, me: Myself) -> tuple[Event, ...]:
    match update:
        case Update(message=Message() as message):
            return _message(message, envelope, "message", me)
        case Update(business_message=Message() as message):
            return _message(message, envelope, "business_message", me)
        case (
            Update(edited_message=Message() as message) | Update(edited_business_message=Message() as message)
        ):
            return _edited(message)
        case Update(callback_query=CallbackQuery() as pressed):
            return (_pressed(pressed, envelope.received_at),)
        case Update(message_reaction=MessageReaction() as reaction):
            return _reaction(reaction)
        case Update(my_chat_member=MemberChange() as change):
            return _membership(change, update.update_id)
        case Update(deleted_business_messages=DeletedMessages() as deleted):
            return (_deleted(deleted, envelope.received_at),)
        case Update(business_connection=BusinessConnection() as connection):
            return (_connection(connection),)
        case _:
            return ()


def _message(message: Message, envelope: Envelope, field: str, me: Myself) -> tuple[Event, ...]:
    if message.chat.type == "channel":
        return ()
    content = content_of(message)
    if content is None:
        word = word_of(envelope.body, field)
        if word == "write_access_allowed":
            return (_started(message, ""),)
        if word in SERVICE:
            return note_of(envelope.body, word, message, _address(message))
        content = Content(kind="unsupported", text=message.caption or "")
        return (_said(message, content, me, word),)
    if content.kind == "text" and message.chat.type == "private" and not message.business_connection_id:
        start = START.fullmatch(message.text or "")
        if start is not None:
            return (_started(message, start[1] or ""),)
    return (_said(message, content, me),)


def _started(message: Message, payload: str) -> Started:
    return Started(
        thread=_address(message).thread,
        person=_sender(message),
        at=message.date * SECOND,
        payload=payload,
        attribution=Attribution(campaign=payload) if payload else NOWHERE,
    )


def _said(
    message: Message, content: Content, me: Myself, unsupported: str = ""
) -> InboundMessage | OutgoingSeen:
    address = _address(message)
    # In a business chat, whose chat is always the client, everybody else is the owner or a bot of theirs.
    if address.business and (message.from_ is None or message.from_.id != message.chat.id):
        return _outgoing(message, address, content)
    group = is_group(message.chat)
    forwarded = message.forward_origin is not None
    return InboundMessage(
        external_id=address.external_id(message.message_id),
        thread=address.thread,
        sender=_sender(message, content.phone),
        at=message.date * SECOND,
        seq=message.message_id,
        kind=content.kind,
        text="" if forwarded else content.text,
        spans=() if forwarded else content.spans,
        attachments=content.attachments,
        reply_to=_reply_to(message, address),
        quote=quote_of(message),
        group_key=message.media_group_id or "",
        forwarded_from=origin_name(message.forward_origin),
        forwards=forwards_of(message, content),
        nature="group" if group else None,
        addressed=not group or is_addressed(message, me),
        connection=address.business,
        location=content.location,
        card=content.card,
        unsupported=unsupported,
        title=title_of(message) if group else "",
    )


def _outgoing(message: Message, address: ChatAddress, content: Content) -> OutgoingSeen:
    """What the owner, or we in the owner's name, wrote to the client."""
    owner = None if message.sender_business_bot is not None else message.from_
    forwarded = message.forward_origin is not None
    return OutgoingSeen(
        external_id=address.external_id(message.message_id),
        thread=address.thread,
        to=person_of(message.chat),
        at=message.date * SECOND,
        seq=message.message_id,
        kind=content.kind,
        text="" if forwarded else content.text,
        spans=() if forwarded else content.spans,
        attachments=content.attachments,
        author=full_name(owner) if owner is not None else "",
        author_kind="person" if owner is not None else "robot",
        nature="personal" if owner is not None else None,
        connection=address.business,
        forwards=forwards_of(message, content),
        reply_to=_reply_to(message, address),
        group_key=message.media_group_id or "",
    )


def _edited(message: Message) -> tuple[Event, ...]:
    """New words or media; a moved live location, a closed poll and the like change nothing that we show."""
    content = content_of(message)
    if message.chat.type == "channel" or content is None or not (content.text or content.attachments):
        return ()
    return (
        MessageEdited(
            external_id=_address(message).external_id(message.message_id),
            at=(message.edit_date or message.date) * SECOND,
            text=content.text,
            attachments=content.attachments,
            kind=content.kind,
            seq=message.message_id,
            spans=content.spans,
        ),
    )


def _pressed(pressed: CallbackQuery, received_at: Micros) -> InboundMessage:
    """A press carries no time (Bot API: CallbackQuery); the time it reached us stands for it."""
    under = pressed.message
    address = _address(under) if under is not None else ChatAddress(chat=pressed.from_.id)
    group = under is not None and is_group(under.chat)
    data = pressed.data or pressed.game_short_name or ""
    return InboundMessage(
        external_id=f"callback:{pressed.id}",
        thread=address.thread,
        sender=person_of(pressed.from_),
        at=received_at,
        kind="button" if data else "unsupported",
        text=_label(under, data),
        reply_to=address.external_id(under.message_id) if under is not None else "",
        nature="group" if group else None,
        payload=data,
        callback=pressed.id,
        connection=address.business,
        unsupported="" if data else "callback_query",
        title=under.chat.title or "" if under is not None and group else "",
    )


def _label(under: Pressed | None, data: str) -> str:
    """What stood on the button, as far as it is still known."""
    if under is None or under.reply_markup is None:
        return ""
    buttons = (button for row in under.reply_markup.inline_keyboard for button in row)
    return next((button.text for button in buttons if data and button.callback_data == data), "")


def _reaction(reaction: MessageReaction) -> tuple[Event, ...]:
    who = reaction.user or reaction.actor_chat
    if who is None:
        return ()
    shown = {"paid": PAID, "custom_emoji": CUSTOM}
    emojis = (one.emoji or shown.get(one.type, "") for one in reaction.new_reaction)
    return (
        Reaction(
            external_id=ChatAddress(chat=reaction.chat.id).external_id(reaction.message_id),
            person=person_of(who),
            at=reaction.date * SECOND,
            emojis=tuple(emoji for emoji in emojis if emoji),
        ),
    )


def _membership(change: MemberChange, update_id: int) -> tuple[Event, ...]:
    """In a private chat `kicked` is: the person blocked the bot (Bot API: Update.my_chat_member)."""
    if is_group(change.chat):
        return membership_of(change, update_id)
    if change.chat.type != "private":
        return ()
    blocked = change.new_chat_member.status == "kicked"
    return (
        Reachability(
            identity=Identity(kind=KIND, value=str(change.chat.id)),
            reachable=not blocked,
            at=change.date * SECOND,
            reason="blocked_by_client" if blocked else "",
        ),
    )


def _connection(told: BusinessConnection) -> Connection:
    """Older servers tell the right to answer beside the rights (Bot API: BusinessConnection)."""
    may = told.rights.can_reply if told.rights is not None else told.can_reply
    return Connection(
        key=told.id,
        owner=person_of(told.user),
        at=told.date * SECOND,
        active=told.is_enabled,
        can_reply=told.is_enabled and may,
    )


def _deleted(deleted: DeletedMessages, received_at: Micros) -> MessageDeleted:
    """The update has no time of its own."""
    address = ChatAddress(chat=deleted.chat.id, business=deleted.business_connection_id)
    return MessageDeleted(
        external_ids=tuple(address.external_id(number) for number in deleted.message_ids), at=received_at
    )


def _address(message: Message | Pressed) -> ChatAddress:
    chat = message.chat.id
    if message.business_connection_id:
        return ChatAddress(chat=chat, business=message.business_connection_id)
    if message.is_topic_message and message.message_thread_id and is_group(message.chat):
        return ChatAddress(chat=chat, topic=message.message_thread_id)
    return ChatAddress(chat=chat)


def _reply_to(message: Message, address: ChatAddress) -> str:
    """In a topic everything that answers nothing "answers" the service message that opened the topic."""
    replied = message.reply_to_message
    if replied is None or (message.is_topic_message and replied.message_id == message.message_thread_id):
        return ""
    return address.external_id(replied.message_id)


def _sender(message: Message, phone: str = "") -> Person:
    """Who wrote; a chat in whose name a member of a group writes hides the member (Bot API: Message)."""
    return person_of(message.sender_chat or message.from_ or message.chat, phone)
