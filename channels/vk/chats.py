"""Who is behind an id of VK, what is meant for us in a group chat, and what happened there that nobody said?

Source: vk-api-schema messages/objects.json, messages_message_action.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from channels.events import Identity, Micros, Noted, Person
from channels.vk.wire import CHATS, Json, number, page, table, words

PERSON, CLUB, CHAT = "vk", "vk_club", "vk_chat"
"""Identity kinds: a person, another community, a group chat (as the addressee of our own words)."""
NAMED: Final = re.compile(r"\[(?:club|public|event)(\d{1,18})\|")
CODES: Final[Mapping[str, str]] = {
    "chat_create": "group_created", "chat_title_update": "renamed", "chat_photo_update": "photo_changed",
    "chat_photo_remove": "photo_removed", "chat_invite_user": "joined", "chat_invite_user_by_link": "joined_by_link",
    "chat_invite_user_by_message_request": "joined", "chat_kick_user": "removed", "chat_pin_message": "pinned",
    "chat_unpin_message": "unpinned", "chat_screenshot": "screenshot",
}  # fmt: skip
LONGEST: Final = 80


def identity_of(owner_id: int) -> Identity:
    """Communities have negative ids, group chats those from 2000000001 on."""
    if owner_id < 0:
        return Identity(kind=CLUB, value=str(-owner_id))
    return Identity(kind=CHAT if owner_id >= CHATS else PERSON, value=str(owner_id))


def is_addressed(message: Json, group_id: int) -> bool:
    """Whether a message of a group chat names our community or answers its words."""
    if number(table(message, "reply_message"), "from_id") == -group_id:
        return True
    return str(group_id) in NAMED.findall(words(message, "text"))


def note_of(
    message: Json, thread: str, external_id: str, at: Micros, seq: int
) -> tuple[Noted, ...]:  # fmt: skip
    """The line that a service message becomes; () for a kind nobody told us about."""
    action, who = table(message, "action"), number(message, "from_id")
    code = CODES.get(words(action, "type"))
    if code is None:
        return ()
    member = number(action, "member_id")
    if member == who and code in ("joined", "removed"):
        code = "joined_by_link" if code == "joined" else "left"
    title = words(action, "text")[:200]
    noted = Noted(
        external_id=external_id, thread=thread, at=at, code=code, seq=seq,
        person=Person(identity=identity_of(who), name=page(who)) if who else None,
        params=_params(code, action, member, title), title=title if code in ("renamed", "group_created") else "",
    )  # fmt: skip
    return (noted,)


def _params(code: str, action: Json, member: int, title: str) -> Mapping[str, str]:
    match code:
        case "joined" | "removed":
            return {"who": page(member) if member else words(action, "email")[:LONGEST] or "…"}
        case "renamed" | "group_created":
            return {"title": title or "…"}
        case "pinned" | "unpinned":
            return {"text": (words(action, "message") or "…")[:LONGEST]}
        case _:
            return {}
