"""What did the community's dialogs bring?

One event of VK in, our facts out; by callback and by long poll alike. Kinds that say nothing to us give no
facts. Source: vk-api-schema callback/objects.json, dev.vk.com/api/callback/getting-started.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from channels.base import Envelope
from channels.errors import PayloadUnreadable
from channels.events import (
    NOWHERE,
    Attribution,
    Completed,
    Cut,
    DeliveryUpdate,
    Event,
    InboundMessage,
    MessageEdited,
    Micros,
    Noted,
    OutgoingSeen,
    Person,
    Reachability,
    Reaction,
    Started,
)
from channels.values import value
from channels.vk.chats import identity_of, is_addressed, note_of
from channels.vk.reactions import emojis_of
from channels.vk.said import payload_of, said
from channels.vk.wire import CHATS, SECOND, WHOLE, Json, decode, micros, number, page, table, words

DENIED = "messages_denied"


@value(frozen=True, kw_only=True, slots=True)
class Update:
    """One event of VK, opened."""

    object: Json
    group_id: int
    received_at: Micros
    event_id: str


def parse(envelope: Envelope) -> tuple[Event, ...]:
    """The facts in it. Raises PayloadUnreadable."""
    whole = decode(envelope.body)
    name = whole.get("type")
    if not isinstance(name, str):
        raise PayloadUnreadable("an event without a type")
    reader = READERS.get(name)
    if reader is None:
        return ()
    body = whole.get("object")
    if not isinstance(body, dict):
        raise PayloadUnreadable(f"{name} without an object")
    update = Update(
        object=body, group_id=number(whole, "group_id"), received_at=envelope.received_at,
        event_id=words(whole, "event_id"),
    )  # fmt: skip
    return reader(update)


def _person(owner_id: int) -> Person:
    return Person(identity=identity_of(owner_id))


def _message(update: Update) -> tuple[Json, int]:
    """The message and its peer. Before 5.103 the object is the message; before 5.80 the peer is `user_id`."""
    message = table(update.object, "message") or update.object
    peer = number(message, "peer_id") or number(message, "user_id") or number(message, "from_id")
    if not peer or not (number(message, "id") or number(message, "conversation_message_id")):
        raise PayloadUnreadable("a message without a peer or a number")
    return message, peer


def _external(message: Json, peer: int) -> str:
    """conversation_message_id counts in its dialog only; the community's own number is 0 in group chats."""
    cmid = number(message, "conversation_message_id")
    return f"{peer}:{cmid}" if cmid > 0 else f"{peer}:m{number(message, 'id')}"


def _seq(message: Json) -> int:
    return max(0, number(message, "conversation_message_id"))


def _attribution(message: Json) -> Attribution:
    """vk.me/club…?ref=X&ref_source=Y."""
    ref, source = words(message, "ref"), words(message, "ref_source")
    return Attribution(campaign=ref, referrer=source) if ref or source else NOWHERE


def _new(update: Update) -> tuple[Event, ...]:
    message, peer = _message(update)
    if table(message, "action"):
        return _note(update, message, peer)
    author = number(message, "from_id") or number(message, "user_id")
    if number(message, "out") == 1 or (update.group_id and author == -update.group_id):
        return (_outgoing(update, message, peer), *_cut(message, peer))
    if not author:
        raise PayloadUnreadable("a message without an author")
    if _starts(message):
        return (_started(update, message, peer, author),)
    return (_inbound(update, message, peer, author), *_cut(message, peer))


def _inbound(update: Update, message: Json, peer: int, author: int) -> InboundMessage:
    what, in_chat = said(message, peer), peer >= CHATS
    return InboundMessage(
        external_id=_external(message, peer), thread=str(peer), sender=_person(author),
        at=micros(message, "date", update.received_at), seq=_seq(message),
        kind=what.kind, text=what.text, spans=what.spans, attachments=what.attachments, reply_to=what.reply_to,
        forwarded_from=what.forwarded_from, forwards=what.forwards, nature="group" if in_chat else None,
        addressed=not in_chat or is_addressed(message, update.group_id), location=what.location,
        attribution=_attribution(message), payload=payload_of(message) or words(message, "ref"),
        unsupported=what.unsupported,
    )  # fmt: skip


def _starts(message: Json) -> bool:
    """The Start button. Its label differs by language, so the payload counts; nobody can add words to it."""
    try:
        found = msgspec.json.decode(words(message, "payload"))
    except (ValueError, RecursionError):
        return False
    return isinstance(found, dict) and found.get("command") == "start"


def _started(update: Update, message: Json, peer: int, author: int) -> Started:
    return Started(
        thread=str(peer), person=_person(author), at=micros(message, "date", update.received_at),
        payload=words(message, "ref"), attribution=_attribution(message),
    )  # fmt: skip


def _reply(update: Update) -> tuple[Event, ...]:
    message, peer = _message(update)
    if table(message, "action"):
        return _note(update, message, peer)
    return (_outgoing(update, message, peer), *_cut(message, peer))


def _note(update: Update, message: Json, peer: int) -> tuple[Noted, ...]:
    at = micros(message, "date", update.received_at)
    return note_of(message, str(peer), _external(message, peer), at, _seq(message))


def _outgoing(update: Update, message: Json, peer: int) -> OutgoingSeen:
    what, admin, random_id = (
        said(message, peer),
        number(message, "admin_author_id"),
        number(message, "random_id"),
    )
    return OutgoingSeen(
        external_id=_external(message, peer), thread=str(peer), to=_person(peer),
        at=micros(message, "date", update.received_at), seq=_seq(message),
        kind=what.kind, text=what.text, spans=what.spans, forwards=what.forwards, attachments=what.attachments,
        author=page(admin) if admin else "", colleague=identity_of(admin) if admin else None,
        author_kind="person" if admin else "robot",
        key=str(random_id) if random_id else "", reply_to=what.reply_to, nature="group" if peer >= CHATS else None,
    )  # fmt: skip


def _edit(update: Update) -> tuple[Event, ...]:
    message, peer = _message(update)
    what = said(message, peer)
    edited = MessageEdited(
        external_id=_external(message, peer),
        at=_worded_at(message, update.received_at),
        text=what.text,
        attachments=None if message.get("is_cropped") else what.attachments,
        kind=what.kind,
        seq=_seq(message),
        spans=what.spans,
    )
    return (edited, *_cut(message, peer))


def _cut(message: Json, peer: int) -> tuple[Cut, ...]:
    """VK leaves a part of long messages out for bots and says so."""
    if message.get("is_cropped") is not True:
        return ()
    return (Cut(external_id=_external(message, peer), thread=str(peer)),)


def _whole(update: Update) -> tuple[Completed, ...]:
    """The answer to our own question for a message that came cropped (`whole.py`)."""
    message, peer = _message(update)
    what = said(message, peer)
    completed = Completed(
        external_id=_external(message, peer), at=_worded_at(message, micros(message, "date", update.received_at)),
        text=what.text, kind=what.kind,
        spans=what.spans, attachments=what.attachments, forwards=what.forwards, location=what.location,
        whole=not _cut(message, peer),
    )  # fmt: skip
    return (completed,)


def _worded_at(message: Json, otherwise: Micros) -> Micros:
    """Events come in any order and in whole seconds; the message's own version tells which wording is later."""
    return micros(message, "update_time", otherwise) + number(message, "version") % SECOND


def _user(update: Update) -> int:
    user = number(update.object, "user_id")
    if not user:
        raise PayloadUnreadable("an event without a user")
    return user


def _allow(update: Update) -> tuple[Event, ...]:
    user, key = _user(update), words(update.object, "key")
    attribution = Attribution(campaign=key) if key else NOWHERE
    return (
        Reachability(identity=identity_of(user), reachable=True, at=update.received_at),
        Started(
            thread=str(user),
            person=_person(user),
            at=update.received_at,
            payload=key,
            attribution=attribution,
        ),
    )


def _deny(update: Update) -> tuple[Event, ...]:
    denied = Reachability(
        identity=identity_of(_user(update)), reachable=False, at=update.received_at, reason=DENIED
    )
    return (denied,)


def _button(update: Update) -> tuple[Event, ...]:
    """A press on a callback button: VK tells no words and no date."""
    user = _user(update)
    peer = number(update.object, "peer_id") or user
    known = words(update.object, "event_id")
    press = known or update.event_id
    if not press:
        raise PayloadUnreadable("a press without an id")
    cmid = number(update.object, "conversation_message_id")
    pressed = InboundMessage(
        external_id=f"{peer}:event:{press}", thread=str(peer), sender=_person(user), at=update.received_at,
        kind="button", payload=payload_of(update.object), reply_to=f"{peer}:{cmid}" if cmid > 0 else "",
        nature="group" if peer >= CHATS else None, callback=f"{press}:{user}:{peer}" if known else "",
    )  # fmt: skip
    return (pressed,)


def _read(update: Update) -> tuple[Event, ...]:
    """The client read up to there. Our side's reading says nothing; `read_message_id` counts otherwise."""
    reader, up_to = number(update.object, "from_id"), number(update.object, "conversation_message_id")
    peer = number(update.object, "peer_id") or reader
    if not peer or up_to <= 0 or reader == -update.group_id:
        return ()
    return (DeliveryUpdate(state="read", at=update.received_at, thread=str(peer), up_to_seq=up_to),)


def _reaction(update: Update) -> tuple[Event, ...]:
    who, peer, cmid = (number(update.object, name) for name in ("reacted_id", "peer_id", "cmid"))
    if who == -update.group_id:
        return ()
    if not who or not peer or cmid <= 0:
        raise PayloadUnreadable("a reaction to nothing")
    emojis = emojis_of(number(update.object, "reaction_id"))
    return (
        Reaction(external_id=f"{peer}:{cmid}", person=_person(who), at=update.received_at, emojis=emojis),
    )


READERS: dict[str, Callable[[Update], tuple[Event, ...]]] = {
    "message_new": _new,
    "message_reply": _reply,
    "message_edit": _edit,
    WHOLE: _whole,
    "message_allow": _allow,
    "message_deny": _deny,
    "message_event": _button,
    "message_read": _read,
    "message_reaction_event": _reaction,
}
"""Typing, posts, comments, members and orders say nothing to an inbox."""
