"""What does the Bot API answer to a call?

Refusals are worded as the server words them (tdlib/telegram-bot-api, Client.cpp).
"""

from __future__ import annotations

import re
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Protocol, cast
from urllib.parse import urlsplit

import orjson

from channels.fakes import Arrived
from channels.telegram.fake_rooms import connection_of
from channels.telegram.fake_updates import Json, Talk, World, is_person
from channels.telegram.text import units

Params = dict[str, Any]

TEXT_MAX: Final = 4096
CAPTION_MAX: Final = 1024
DAY: Final = 86_400
FILES: Final = {
    "sendPhoto": "photo",
    "sendDocument": "document",
    "sendVideo": "video",
    "sendAudio": "audio",
    "sendVoice": "voice",
}
DISK: Final = "/var/lib/telegram-bot-api"
"""Where a server with --local keeps its bots' files."""


@dataclass(frozen=True, slots=True)
class Refusal:
    status: int
    description: str
    parameters: Mapping[str, object]

    def answer(self) -> Answer:
        """As the server tells it."""
        return error(self.status, self.description, **self.parameters)


@dataclass(frozen=True, slots=True)
class Uploaded:
    """A file that came as multipart."""

    name: str
    body: bytes


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """One answer of the server (Bot API: Making requests)."""

    status: int = 200
    result: Any = None
    description: str = ""
    parameters: Mapping[str, object] = field(default_factory=dict)

    def body(self) -> bytes:
        if self.status == 200:
            return orjson.dumps({"ok": True, "result": self.result})
        told: Json = {"ok": False, "error_code": self.status, "description": self.description}
        return orjson.dumps(told | ({"parameters": dict(self.parameters)} if self.parameters else {}))


def error(status: int, description: str, **parameters: object) -> Answer:
    """A refusal."""
    return Answer(status=status, description=description, parameters=parameters)


def bad(description: str) -> Answer:
    """The common refusal."""
    return error(400, f"Bad Request: {description}")


class Hooks(Protocol):
    """Where the server delivers to."""

    hook: dict[str, Any]
    waiting: Any

    arrived: list[Arrived]
    local: bool
    token: str

    @property
    def allowed(self) -> list[str] | None: ...

    def allow(self, kinds: object) -> None: ...

    async def set_hook(self, url: str, secret: str) -> None: ...


class Methods:
    """The calls that the server knows."""

    def __init__(self, world: World, hooks: Hooks) -> None:
        self._world = world
        self._hooks = hooks
        self._blocked: set[int] = set()
        self._calls: dict[str, Callable[[Params], Awaitable[Answer]]] = {
            "getMe": self._get_me, "getChat": self._get_chat, "getFile": self._get_file,
            "setWebhook": self._set_webhook, "deleteWebhook": self._delete_webhook,
            "getWebhookInfo": self._get_webhook_info, "sendMessage": self._send_message,
            "sendLocation": self._send_location, "sendVenue": self._send_venue,
            "sendContact": self._send_contact, "sendSticker": self._send_sticker, "sendChatAction": self._done,
            "answerCallbackQuery": self._done, "editMessageText": self._edit_message_text,
            "deleteMessage": self._delete_message, "deleteMessages": self._delete_messages,
            "deleteBusinessMessages": self._delete_messages,
            "editMessageCaption": self._edit_message_caption,
            "setMessageReaction": self._set_message_reaction,
            "getBusinessConnection": self._get_business_connection,
        }  # fmt: skip

    def block(self, chat: int, *, blocked: bool) -> None:
        """The person blocked the bot, or let it in again."""
        (self._blocked.add if blocked else self._blocked.discard)(chat)

    async def call(self, method: str, params: Params) -> Answer:
        """The answer to one call; method names are case-insensitive at the real server, exact here."""
        if method in FILES:
            return self._send_file(method, FILES[method], params)
        known = self._calls.get(method)
        return await known(params) if known is not None else error(404, "Not Found")

    async def _done(self, params: Params) -> Answer:
        return Answer(result=True)

    async def _get_me(self, params: Params) -> Answer:
        rights = {
            "can_join_groups": True,
            "can_read_all_group_messages": False,
            "can_connect_to_business": True,
        }
        return Answer(result={**self._world.bot, **rights, "supports_inline_queries": False})

    async def _get_business_connection(self, params: Params) -> Answer:
        lent = self._world.lent.get(str(params.get("business_connection_id", "")))
        if lent is None:
            return error(400, "Bad Request: business connection not found")
        return Answer(result=connection_of(lent))

    async def _get_chat(self, params: Params) -> Answer:
        talk = self._talk(params)
        if isinstance(talk, Answer):
            return talk
        shown = talk.own["chat"] if talk.own is not None else {"id": talk.chat, "type": "private"}
        return Answer(result={**shown, "accent_color_id": 0, "max_reaction_count": 11})

    async def _get_file(self, params: Params) -> Answer:
        file_id = str(params.get("file_id", ""))
        stored = self._world.files.get(file_id)
        if stored is None:
            return bad("wrong file_id or the file is temporarily unavailable")
        if len(stored.body) > 20 << 20 and not self._hooks.local:
            return bad("file is too big")
        unique = file_id.rpartition("-")[2]
        told = {"file_id": file_id, "file_unique_id": unique, "file_size": len(stored.body)}
        place = f"{DISK}/{self._hooks.token}/{stored.path}" if self._hooks.local else stored.path
        return Answer(result={**told, "file_path": place})

    async def _set_webhook(self, params: Params) -> Answer:
        url, secret = str(params.get("url", "")), str(params.get("secret_token", ""))
        if not re.fullmatch(r"[A-Za-z0-9_-]{0,256}", secret):
            return bad("secret token contains unallowed characters")
        parts = urlsplit(url)
        if url and parts.scheme != "https" and parts.hostname not in ("127.0.0.1", "localhost"):
            return bad("bad webhook: An HTTPS URL must be provided for webhook")
        if "allowed_updates" in params:
            self._hooks.allow(params["allowed_updates"])
        await self._hooks.set_hook(url, secret)
        return Answer(result=True)

    async def _delete_webhook(self, params: Params) -> Answer:
        await self._hooks.set_hook("", "")
        if str(params.get("drop_pending_updates", "")).lower() == "true":
            self._hooks.waiting.clear()
        return Answer(result=True)

    async def _get_webhook_info(self, params: Params) -> Answer:
        hook = self._hooks.hook
        info: Json = {"url": hook["url"], "has_custom_certificate": False}
        info["pending_update_count"] = len(self._hooks.waiting)
        if hook["error"]:
            info |= {"last_error_date": hook["error_at"], "last_error_message": hook["error"]}
        if self._hooks.allowed is not None:
            info["allowed_updates"] = self._hooks.allowed
        return Answer(result=info)

    async def _send_message(self, params: Params) -> Answer:
        text = str(params.get("text", ""))
        if not text.strip():
            return bad("message text is empty")
        if units(text) > TEXT_MAX:
            return bad("message is too long")
        content: Json = {"text": text, **_styled(params, "entities"), **_keyboard(params)}
        return self._send("sendMessage", params, content, text, ())

    async def _send_location(self, params: Params) -> Answer:
        place = {"latitude": float(params["latitude"]), "longitude": float(params["longitude"])}
        shown = f"{place['latitude']},{place['longitude']}"
        return self._send("sendLocation", params, {"location": place}, shown, ())

    async def _send_venue(self, params: Params) -> Answer:
        title, address = str(params.get("title", "")), str(params.get("address", ""))
        if not (title and address):
            return bad("venue title and address must be non-empty")
        place = {"latitude": float(params["latitude"]), "longitude": float(params["longitude"])}
        content: Json = {"location": place, "venue": {"location": place, "title": title, "address": address}}
        return self._send("sendVenue", params, content, f"{title}, {address}", ())

    async def _send_contact(self, params: Params) -> Answer:
        told = {name: str(params.get(name, "")) for name in ("phone_number", "first_name")}
        if not all(told.values()):
            return bad("contact phone number and first name must be non-empty")
        if vcard := str(params.get("vcard", "")):
            told["vcard"] = vcard
        shown = f"{told['first_name']} {told['phone_number']}"
        return self._send("sendContact", params, {"contact": told}, shown, ())

    async def _send_sticker(self, params: Params) -> Answer:
        """Bot API: Sending files; by the file_id under which this bot got it."""
        file_id = params.get("sticker")
        stored = self._world.files.get(str(file_id))
        if stored is None:
            return bad("wrong file identifier/HTTP URL specified")
        unique = str(file_id).rpartition("-")[2]
        sticker = {
            "file_id": file_id, "file_unique_id": unique, "type": "regular", "width": 512, "height": 512,
            "is_animated": False, "is_video": False,
        }  # fmt: skip
        return self._send("sendSticker", params, {"sticker": sticker}, "", ("sticker",))

    def _send_file(self, method: str, name: str, params: Params) -> Answer:
        caption = str(params.get("caption", ""))
        if units(caption) > CAPTION_MAX:
            return bad("message caption is too long")
        upload = _upload(params, name)
        if upload is None:
            return bad(f"there is no {name} in the request")
        if not upload.body:
            return bad("file must be non-empty")
        stored = self._world.keep(upload.body, f"{name}s", "")
        content: Json = {name: _shown(name, stored, upload)}
        if caption:
            content |= {"caption": caption, **_styled(params, "caption_entities")}
        content |= _keyboard(params)
        return self._send(method, params, content, caption, (upload.name,))

    def _send(self, method: str, params: Params, content: Json, text: str, files: tuple[str, ...]) -> Answer:
        talk = self._talk(params)
        if isinstance(talk, Answer):
            return talk
        reply = _reply(params)
        if reply and reply["message_id"] > talk.last_number and not reply.get("allow_sending_without_reply"):
            return bad("message to be replied not found")
        number = talk.next_number()
        message = {
            "message_id": number,
            "from": dict(self._world.bot),
            "chat": _chat(talk),
            "date": int(time.time()),
        }
        talk.ours = talk.sent[number] = message | content
        if talk.business:
            message |= {
                "business_connection_id": talk.business,
                "from": dict(self._world.lent[talk.business].owner),
                "sender_business_bot": dict(self._world.bot),
            }
        external_id = f"{talk.name}:{number}"
        raw = {
            "method": method,
            **{key: str(value) for key, value in params.items() if isinstance(value, str | int)},
        }
        self._hooks.arrived.append(
            Arrived(
                n=len(self._hooks.arrived) + 1,
                to=talk.ref or str(talk.chat),
                text=text,
                id=external_id,
                files=files,
                raw=raw,
            )
        )
        return Answer(result=talk.ours)

    async def _edit_message_text(self, params: Params) -> Answer:
        message = self._own(params)
        if message is None:
            return bad("message to edit not found")
        if "text" not in message:
            return bad("there is no text in the message to edit")
        return _changed(message, "text", params)

    async def _edit_message_caption(self, params: Params) -> Answer:
        message = self._own(params)
        if message is None:
            return bad("message to edit not found")
        return _changed(message, "caption", params)

    async def _delete_message(self, params: Params) -> Answer:
        if self._own(params) is None:
            return bad("message to delete not found")
        del self._world.talk(int(params["chat_id"])).sent[int(params["message_id"])]
        return Answer(result=True)

    async def _delete_messages(self, params: Params) -> Answer:
        """Bot API: messages that are not found are passed over."""
        numbers = {int(number) for number in params.get("message_ids", ())}
        key = str(params.get("business_connection_id", ""))
        if key and key not in self._world.lent:
            return bad("business connection not found")
        chats = self._world.private.items()
        talks = [talk for (lent, _), talk in chats if lent == key] if key else [self._talk(params)]
        for talk in talks:
            if isinstance(talk, Answer):
                return talk
            for number in numbers & talk.sent.keys():
                del talk.sent[number]
        return Answer(result=True)

    async def _set_message_reaction(self, params: Params) -> Answer:
        talk = self._talk(params)
        if isinstance(talk, Answer):
            return talk
        number = int(params.get("message_id", 0))
        if not 0 < number <= talk.last_number:
            return bad("message to react not found")
        talk.reactions[number] = list(params.get("reaction", ()))
        return Answer(result=True)

    def _own(self, params: Params) -> Json | None:
        talk = self._talk(params)
        return None if isinstance(talk, Answer) else talk.sent.get(int(params.get("message_id", 0)))

    def _talk(self, params: Params) -> Talk | Answer:
        """The chat; a refusal when the bot does not know it or is not let in."""
        try:
            chat = int(params.get("chat_id", ""))
        except ValueError:
            return bad("chat not found")
        if key := str(params.get("business_connection_id", "")):
            return self._private(key, chat)
        if chat in self._world.moved:
            moved = {"migrate_to_chat_id": self._world.moved[chat]}
            return error(400, "Bad Request: group chat was upgraded to a supergroup chat", **moved)
        if chat in self._blocked:
            return error(403, "Forbidden: bot was blocked by the user")
        if chat not in self._world.talks and not is_person(chat):
            return bad("chat not found")
        return self._world.talk(chat)

    def _private(self, key: str, chat: int) -> Talk | Answer:
        """A lent account may answer who wrote in the last 24 hours (Bot API: BusinessBotRights)."""
        lent = self._world.lent.get(key)
        if lent is None or not lent.enabled:
            return bad("business connection not found")
        if not lent.can_reply:
            return bad("not enough rights to send messages on behalf of the business account")
        if time.time() - lent.written_at.get(chat, 0) >= DAY:
            return bad("BUSINESS_PEER_USAGE_MISSING")
        return self._world.private_talk(key, chat)


def _styled(params: Params, name: str) -> Json:
    told = params.get(name)
    found = orjson.loads(told) if isinstance(told, str) else told
    return {name: found} if found else {}


def _keyboard(params: Params) -> Json:
    return _styled(params, "reply_markup")


def _changed(message: Json, name: str, params: Params) -> Answer:
    """Bot API: editMessageText; the same content again is refused."""
    styled = f"{'caption_' if name == 'caption' else ''}entities"
    new = {name: str(params.get(name, "")), styled: list(params.get(styled, ()))}
    if new == {name: message.get(name, ""), styled: message.get(styled, [])}:
        return bad(
            "message is not modified: specified new message content and reply markup are exactly the same"
        )
    message |= {**new, "edit_date": int(time.time())}
    return Answer(result=message)


def _chat(talk: Talk) -> Json:
    if talk.chat < 0:
        return {"id": talk.chat, "type": "supergroup", "title": "Группа"}
    return (
        talk.own["chat"] if talk.own is not None else {"id": talk.chat, "type": "private", "first_name": "?"}
    )


def _reply(params: Params) -> Json:
    told = params.get("reply_parameters", {})
    return cast(Json, orjson.loads(told) if isinstance(told, str) else told)


def _upload(params: Params, name: str) -> Uploaded | None:
    """Bot API: Sending files; the field names the part that holds the bytes."""
    told = params.get(name)
    if isinstance(told, str) and told.startswith("attach://"):
        told = params.get(told.removeprefix("attach://"))
    return told if isinstance(told, Uploaded) else None


def _shown(name: str, stored: Json, upload: Uploaded) -> Any:
    match name:
        case "photo":
            return [stored | {"width": 1280, "height": 960}]
        case "video":
            return stored | {"width": 1280, "height": 720, "duration": 1, "file_name": upload.name}
        case "audio" | "voice":
            return stored | {"duration": 1}
        case _:
            return stored | {"file_name": upload.name}
