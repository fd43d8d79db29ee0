"""Which update does Telegram make of what a client does?

Bot API: Update, Message. Everything here has the documented shape; the tests hold it against aiogram's
own types.
"""

from __future__ import annotations

import hashlib
import struct
import time
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from channels.fakes import Act, Client

Json = dict[str, Any]

FIRST_UPDATE: Final = 700_000_001
PEOPLE: Final = 5_000_000_000
"""User ids of the made-up people lie in the milliard above."""
MILLIARD: Final = 1_000_000_000


def user_id(ref: str) -> int:
    """The person's id: the same for the same `ref`, in every process."""
    return PEOPLE + int.from_bytes(hashlib.sha256(ref.encode()).digest()[:8]) % MILLIARD


def is_person(chat: int) -> bool:
    """Whether the chat may be one of a made-up person."""
    return PEOPLE <= chat < PEOPLE + MILLIARD


@dataclass(kw_only=True)
class Talk:
    """What the server remembers of one private chat."""

    chat: int
    ref: str = ""
    business: str = ""
    last_number: int = 0
    own: Json | None = None
    """The client's latest message."""
    ours: Json | None = None
    """The bot's latest message."""
    sent: dict[int, Json] = field(default_factory=dict)
    """The bot's messages by number."""
    reactions: dict[int, list[Json]] = field(default_factory=dict)
    """What the bot put under a message."""

    @property
    def name(self) -> str:
        """How our side names it."""
        return f"business:{self.business}:{self.chat}" if self.business else str(self.chat)

    def next_number(self) -> int:
        self.last_number += 1
        return self.last_number


@dataclass(kw_only=True)
class Lent:
    """Somebody's own account that the bot may speak for (Bot API: BusinessConnection)."""

    key: str
    owner: Json
    can_reply: bool = True
    enabled: bool = True
    written_at: dict[int, float] = field(default_factory=dict)
    """chat -> when the client last wrote there."""


@dataclass(kw_only=True)
class StoredFile:
    body: bytes
    path: str


@dataclass(kw_only=True)
class World:
    """Chats, files and numbers of one server."""

    bot: Mapping[str, Any]
    talks: dict[int, Talk] = field(default_factory=dict)
    lent: dict[str, Lent] = field(default_factory=dict)
    private: dict[tuple[str, int], Talk] = field(default_factory=dict)
    """Chats of lent accounts: a client's chat there is another one than with the bot itself."""
    moved: dict[int, int] = field(default_factory=dict)
    """Groups that became supergroups, and which."""
    files: dict[str, StoredFile] = field(default_factory=dict)
    last_update: int = FIRST_UPDATE - 1

    def talk(self, chat: int, ref: str = "") -> Talk:
        found = self.talks.setdefault(chat, Talk(chat=chat))
        found.ref = ref or found.ref
        return found

    def private_talk(self, key: str, chat: int, ref: str = "") -> Talk:
        """The chat with this person on a lent account; lent again, its numbers go on."""
        owner = self.lent[key].owner["id"]
        earlier = [
            one
            for (other, peer), one in self.private.items()
            if peer == chat and self.lent[other].owner["id"] == owner
        ]
        last = max((one.last_number for one in earlier), default=0)
        found = self.private.setdefault((key, chat), Talk(chat=chat, business=key, last_number=last))
        found.ref = ref or found.ref
        return found

    def number(self) -> int:
        self.last_update += 1
        return self.last_update

    def keep(self, body: bytes, folder: str, ending: str) -> Json:
        """A stored file as Bot API's types show it."""
        unique = hashlib.sha256(body).hexdigest()[:16]
        file_id = f"{folder}-{len(self.files) + 1}-{unique}"
        self.files[file_id] = StoredFile(body=body, path=f"{folder}/file_{len(self.files) + 1}{ending}")
        return {"file_id": file_id, "file_unique_id": unique, "file_size": len(body)}


def update_of(world: World, act: Act) -> Json:
    """The update that the act brings, without its number."""
    talk = world.talk(user_id(act.client.ref), act.client.ref)
    at = int(time.time() - act.seconds_ago)
    match act.doing:
        case "block" | "unblock":
            return {"my_chat_member": _membership(world, act, at)}
        case "edit":
            return {"edited_message": _edited(world, talk, act, at)}
        case "reaction":
            return {"message_reaction": _reaction(talk, act, at)}
        case "button":
            return {"callback_query": _pressed(world, talk, act, at)}
        case "broken":
            return {"message": {"message_id": "not a number", "chat": chat_of(act.client), "date": at}}
        case _:
            message = _message(talk, act, at) | _content(world, act)
            talk.own = message
            return {"message": message}


def user_of(client: Client) -> Json:
    """Bot API: User."""
    return {"id": user_id(client.ref), "is_bot": False, **_names(client), "language_code": "ru"}


def chat_of(client: Client) -> Json:
    """Bot API: Chat, a private one."""
    return {"id": user_id(client.ref), **_names(client), "type": "private"}


def _names(client: Client) -> Json:
    first, _, last = client.name.partition(" ")
    names = {"first_name": first or client.ref, "last_name": last, "username": client.username}
    return {key: value for key, value in names.items() if value}


def _message(talk: Talk, act: Act, at: int) -> Json:
    message: Json = {
        "message_id": talk.next_number(),
        "from": user_of(act.client),
        "chat": chat_of(act.client),
        "date": at,
    }
    answered = _answered(talk, act)
    return message | ({"reply_to_message": answered} if answered is not None else {})


def _answered(talk: Talk, act: Act) -> Json | None:
    """The message that this one answers, named as our side names it: `<chat>:<number>`."""
    number = act.reply_to.rpartition(":")[2]
    if not number.isdigit():
        return None
    for known in (talk.ours, talk.own):
        if known is not None and known["message_id"] == int(number):
            return {key: value for key, value in known.items() if key != "reply_to_message"}
    return {"message_id": int(number), "chat": chat_of(act.client), "date": int(time.time())}


def _content(world: World, act: Act) -> Json:
    caption = {"caption": act.text} if act.text else {}
    match act.doing:
        case "photo":
            body = act.file or picture()
            small, large = world.keep(body[:90], "photos", ".jpg"), world.keep(body, "photos", ".jpg")
            return {"photo": [small | _size(90, 67), large | _size(1280, 960)], **caption}
        case "video":
            video = world.keep(act.file or VIDEO, "videos", ".mp4")
            shape = _size(1280, 720) | {"duration": 12, "mime_type": "video/mp4"}
            return {"video": video | shape | {"file_name": act.file_name or "video.mp4"}, **caption}
        case "voice":
            voice = world.keep(act.file or VOICE, "voice", ".oga")
            return {"voice": voice | {"duration": 7, "mime_type": "audio/ogg"}}
        case "file":
            document = world.keep(act.file or b"%PDF-1.4\n%%EOF\n", "documents", ".pdf")
            named = {"file_name": act.file_name or "документ.pdf", "mime_type": "application/pdf"}
            return {"document": document | named, **caption}
        case "sticker":
            sticker = world.keep(act.file or picture(), "stickers", ".webp") | _size(512, 512)
            kind: Json = {"type": "regular", "is_animated": False, "is_video": False}
            return {"sticker": sticker | kind | {"emoji": act.text or "👍"}}
        case "location":
            return {"location": {"latitude": 55.75, "longitude": 37.61}}
        case "contact":
            return {"contact": _contact(act.client)}
        case "unsupported":
            return {"dice": {"emoji": "🎲", "value": 4}}
        case "start":
            payload = act.attribution.campaign or act.text
            return _command("/start", payload)
        case _:
            return {"text": act.text or "Здравствуйте"}


def _command(command: str, rest: str) -> Json:
    entity = {"offset": 0, "length": len(command), "type": "bot_command"}
    return {"text": f"{command} {rest}" if rest else command, "entities": [entity]}


def _contact(client: Client) -> Json:
    names = _names(client)
    names.pop("username", None)
    return {"phone_number": client.phone or "+79990000001", **names, "user_id": user_id(client.ref)}


def _size(width: int, height: int) -> Json:
    return {"width": width, "height": height}


def _edited(world: World, talk: Talk, act: Act, at: int) -> Json:
    """The client's latest message with new words; under a file they are its caption. `act.file` takes its file's place."""
    old = talk.own or _message(talk, act, at)
    if act.file:
        old = {key: value for key, value in old.items() if key not in ("text", "photo", "video", "voice")}
        old |= _content(world, replace(act, doing="file"))
    captioned = any(name in old for name in ("photo", "video", "document", "voice"))
    kept = {key: value for key, value in old.items() if key not in ("entities", "contact", "location")}
    talk.own = kept | {"caption" if captioned else "text": act.text or "исправлено", "edit_date": at}
    return talk.own


def _reaction(talk: Talk, act: Act, at: int) -> Json:
    under = talk.ours or talk.own
    return {
        "chat": chat_of(act.client),
        "message_id": under["message_id"] if under is not None else max(1, talk.last_number),
        "user": user_of(act.client),
        "date": at,
        "old_reaction": [],
        "new_reaction": [{"type": "emoji", "emoji": act.text or "❤"}],
    }


def _pressed(world: World, talk: Talk, act: Act, at: int) -> Json:
    data = act.fields.get("data", "opt:1")
    buttons = {"inline_keyboard": [[{"text": act.text or "Да", "callback_data": data}]]}
    under = talk.ours or {
        "message_id": talk.next_number(),
        "from": dict(world.bot),
        "chat": chat_of(act.client),
        "date": at,
        "text": "Выберите",
    }
    return {
        "id": f"219{world.last_update:015d}",
        "from": user_of(act.client),
        "message": under | {"reply_markup": buttons},
        "chat_instance": "-100",
        "data": data,
    }


def _membership(world: World, act: Act, at: int) -> Json:
    """In a private chat `kicked` is: blocked (Bot API: ChatMemberUpdated)."""
    member = {"user": dict(world.bot), "status": "member"}
    kicked = {"user": dict(world.bot), "status": "kicked", "until_date": 0}
    old, new = (member, kicked) if act.doing == "block" else (kicked, member)
    return {
        "chat": chat_of(act.client),
        "from": user_of(act.client),
        "date": at,
        "old_chat_member": old,
        "new_chat_member": new,
    }


VIDEO: Final = b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom" + bytes(64)
VOICE: Final = b"OggS\x00\x02" + bytes(22) + b"\x01\x13OpusHead\x01\x01" + bytes(64)


def picture(width: int = 64, height: int = 48) -> bytes:
    """A small picture that any decoder takes (PNG)."""
    line = b"\0" + b"".join(bytes((3 * x % 256, 90, 160)) for x in range(width))
    rows = line * height
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = ((b"IHDR", head), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(name, body) for name, body in parts)


def _chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
