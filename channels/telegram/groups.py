"""What is meant for us in a group, and what happened to it that nobody said?

Bot API: Message; service messages carry a field instead of words.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import msgspec

from channels.events import Identity, Noted, Person
from channels.telegram.content import full_name
from channels.telegram.text import part_of
from channels.telegram.threads import ChatAddress
from channels.telegram.wire import Chat, Entity, Happened, MemberChange, Message, Pinned, Services, User

KIND: Final = "telegram"
SECOND: Final = 1_000_000
PINNED: Final = 80
"""Characters of a pinned message that its line shows."""
CODES: Final[Mapping[str, str]] = {
    "new_chat_members": "joined",
    "left_chat_member": "left",
    "new_chat_title": "renamed",
    "new_chat_photo": "photo_changed",
    "delete_chat_photo": "photo_removed",
    "group_chat_created": "group_created",
    "supergroup_chat_created": "group_created",
    "pinned_message": "pinned",
    "forum_topic_created": "topic_created",
    "forum_topic_edited": "topic_renamed",
    "forum_topic_closed": "topic_closed",
    "forum_topic_reopened": "topic_reopened",
    "migrate_from_chat_id": "upgraded",
    "video_chat_started": "video_chat_started",
    "video_chat_ended": "video_chat_ended",
    "message_auto_delete_timer_changed": "auto_delete",
}
"""Service messages that a reader of the conversation wants to see; the others say nothing to a person."""

_services = msgspec.json.Decoder(Services)


@dataclass(frozen=True, kw_only=True, slots=True)
class Myself:
    """Who the bot is, as far as it is known. `id` is the head of its token."""

    id: int = 0
    username: str = ""


def is_group(chat: Chat) -> bool:
    """Whether several people write there."""
    return chat.type in ("group", "supergroup")


def person_of(who: User | Chat, phone: str = "") -> Person:
    """A user, or a chat that speaks in its own name."""
    title = who.title or "" if isinstance(who, Chat) else ""
    return Person(
        identity=Identity(kind=KIND, value=str(who.id)),
        name=full_name(who) or title,
        username=who.username or "",
        language=who.language_code or "" if isinstance(who, User) else "",
        also=(Identity(kind="phone", value=phone),) if phone else (),
    )


def title_of(message: Message) -> str:
    """The group's name, with the topic's where the message tells it."""
    title = message.chat.title or ""
    replied = message.reply_to_message
    topic = replied.forum_topic_created if replied is not None and message.is_topic_message else None
    return f"{title} · {topic.name}" if topic is not None and topic.name else title


def is_addressed(message: Message, me: Myself) -> bool:
    """Whether it speaks to the bot: answers its words, names it, gives it a command."""
    replied = message.reply_to_message
    if replied is not None and replied.from_ is not None and replied.from_.id == me.id:
        return True
    text = message.text or message.caption or ""
    return any(_names(text, one, me) for one in message.entities or message.caption_entities or ())


def _names(text: str, entity: Entity, me: Myself) -> bool:
    match entity.type:
        case "text_mention":
            return entity.user is not None and entity.user.id == me.id
        case "mention" | "bot_command":
            _, at, name = part_of(text, entity).lower().partition("@")
            if not at:
                return entity.type == "bot_command"
            # Bots' names end in "bot" (BotFather); whether it is ours is known once the bot was asked.
            return name == me.username.lower() if me.username else name.endswith("bot")
        case _:
            return False


def note_of(body: bytes, word: str, message: Message, address: ChatAddress) -> tuple[Noted, ...]:
    """The line that a service message becomes; () when it says nothing to a person."""
    code = CODES.get(word)
    if code is None:
        return ()
    update = _services.decode(body)
    happened = update.message or update.business_message or Happened()
    who = message.sender_chat or message.from_
    if happened.left_chat_member is not None and message.from_ is not None:
        code = "left" if happened.left_chat_member.id == message.from_.id else "removed"
    return (
        Noted(
            external_id=address.external_id(message.message_id),
            thread=address.thread,
            at=message.date * SECOND,
            code=code,
            seq=message.message_id,
            person=person_of(who) if who is not None else None,
            params=_params(code, happened),
            title=(happened.new_chat_title or "")[:200],
            was=_earlier(happened, address),
        ),
    )


def _params(code: str, happened: Happened) -> Mapping[str, str]:
    match happened:
        case Happened(new_chat_members=list(people)):
            return {"who": ", ".join(_called(one) for one in people[:10])}
        case Happened(left_chat_member=User() as one) if code == "removed":
            return {"who": _called(one)}
        case Happened(new_chat_title=str(title)):
            return {"title": title}
        case Happened(pinned_message=Pinned() as pinned):
            return {"text": (pinned.text or pinned.caption or "…")[:PINNED]}
        case Happened() if (topic := happened.forum_topic_created or happened.forum_topic_edited) is not None:
            return {"title": topic.name or "…"}
        case _:
            return {}


def _earlier(happened: Happened, address: ChatAddress) -> str:
    """The name under which the conversation went before the group became a supergroup."""
    old = happened.migrate_from_chat_id
    return ChatAddress(chat=old).thread if old is not None and address.topic is None else ""


def _called(user: User) -> str:
    return full_name(user) or (f"@{user.username}" if user.username else str(user.id))


def membership_of(change: MemberChange, update_id: int) -> tuple[Noted, ...]:
    """The bot itself was let into the group or put out of it. Such an update has no message number."""
    inside = change.new_chat_member.status not in ("kicked", "left")
    address = ChatAddress(chat=change.chat.id)
    return (
        Noted(
            external_id=f"{address.thread}:member:{update_id}",
            thread=address.thread,
            at=change.date * SECOND,
            code="bot_added" if inside else "bot_removed",
            person=person_of(change.from_) if change.from_ is not None else None,
        ),
    )
