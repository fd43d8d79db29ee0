"""What does Telegram tell of groups and of accounts that were lent to a bot?

Bot API: Message in groups and supergroups, BusinessConnection, business_message.
"""

from __future__ import annotations

import time

from channels.fakes import Client
from channels.telegram.fake_updates import Json, Lent, World, chat_of, user_id, user_of


def lent_by(world: World, owner: Client) -> Lent:
    """The owner's connection, made at the first time, and with a new key after it was taken back."""
    mine = [lent for lent in world.lent.values() if lent.owner["id"] == user_id(owner.ref)]
    if mine and mine[-1].enabled:
        return mine[-1]
    key = f"Bc-{owner.ref}" + (f"-{len(mine)}" if mine else "")
    return world.lent.setdefault(key, Lent(key=key, owner=user_of(owner)))


def connection_of(lent: Lent) -> Json:
    """Bot API: BusinessConnection."""
    rights = {"can_reply": True, "can_read_messages": True, "can_delete_sent_messages": True}
    told: Json = {
        "id": lent.key,
        "user": lent.owner,
        "user_chat_id": lent.owner["id"],
        "date": int(time.time()),
        "is_enabled": lent.enabled,
    }
    return told | ({"rights": rights if lent.can_reply else {}} if lent.enabled else {})


def private_message(world: World, key: str, client: Client, text: str, by_owner: bool) -> Json:
    """A message of a lent account's chat; the chat is always the client's."""
    talk = world.private_talk(key, user_id(client.ref), client.ref)
    lent = world.lent[key]
    if not by_owner:
        lent.written_at[talk.chat] = time.time()
    message: Json = {
        "business_connection_id": key,
        "message_id": talk.next_number(),
        "from": lent.owner if by_owner else user_of(client),
        "chat": chat_of(client),
        "date": int(time.time()),
        "text": text,
    }
    if not by_owner:
        talk.own = message
    return message


def group_message(world: World, chat: int, client: Client, text: str) -> Json:
    """A message of a group; ids of supergroups begin with -100."""
    talk = world.talk(chat)
    kind = "supergroup" if chat < -1_000_000_000_000 else "group"
    return {
        "message_id": talk.next_number(),
        "from": user_of(client),
        "chat": {"id": chat, "type": kind, "title": "Стройка"},
        "date": int(time.time()),
        "text": text,
    }
