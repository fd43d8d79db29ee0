"""How does an answer leave through a Telegram bot?

The only module that imports aiogram; whoever imports this one does it on a thread.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, Final, TypeAlias, cast

import aiohttp
from aiogram import Bot
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.exceptions import (
    AiogramError,
    ClientDecodeError,
    TelegramAPIError,
    TelegramBadRequest,
    TelegramConflictError,
    TelegramEntityTooLarge,
    TelegramForbiddenError,
    TelegramMigrateToChat,
    TelegramNetworkError,
    TelegramNotFound,
    TelegramRetryAfter,
    TelegramServerError,
    TelegramUnauthorizedError,
)
from aiogram.methods.base import TelegramMethod, TelegramType
from aiogram.types import (
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    InputFile,
    Message,
    MessageEntity,
    ReplyParameters,
)
from aiogram.utils.token import TokenValidationError

from channels.base import Button, Capabilities, FileKind, OutboundFile, OutboundMessage
from channels.cards import vcard
from channels.errors import (
    Disconnected,
    OutcomeUnknown,
    Refused,
    SendFailed,
    TryLater,
)
from channels.events import ContactCard, Location, Span
from channels.telegram.refusals import our_error
from channels.telegram.text import entities_of, units
from channels.telegram.threads import ChatAddress, address_of

CONNECT: Final = 8.0
TEXT_TIMEOUT: Final = 15
ANSWER_MARGIN: Final = 5
"""Seconds before `send_timeout` at which we ourselves give an upload up."""
SLOWEST_UPLOAD: Final = 1 << 20
"""Bytes a second that we count on."""
PAYLOAD_MAX: Final = 64
"""Bytes; Bot API: InlineKeyboardButton, callback_data."""
NAME_MAX: Final = 120
VCARD_MAX: Final = 2048
"""Bytes; Bot API: sendContact."""
PICTURE_TROUBLE: Final = ("photo_", "image_process_failed", "wrong type", "photo has")

STATUS: Final[tuple[tuple[type[TelegramAPIError], int], ...]] = (
    (TelegramEntityTooLarge, 413),
    (TelegramUnauthorizedError, 401),
    (TelegramForbiddenError, 403),
    (TelegramNotFound, 404),
    (TelegramConflictError, 409),
    (TelegramServerError, 502),
    (TelegramBadRequest, 400),
)


class Sender:
    """Sends for one bot. Opens its connections at the first message."""

    def __init__(self, base: str, token: str) -> None:
        session = _Session(api=TelegramAPIServer.from_base(base))
        try:
            self._bot = Bot(token, session=session)
        except TokenValidationError:
            raise Disconnected("not a token", code="token_wrong") from None
        self._token = token
        self._slowed = ""
        """The chat of the latest flood refusal, "" when none since another chat's message went through."""

    async def send(self, message: OutboundMessage, can: Capabilities) -> tuple[str, ...]:
        """The ids of what was sent. Raises SendFailed."""
        address = address_of(message.thread or message.to.value)
        if address is None:
            raise Refused("not a chat of Telegram", code="no_chat")
        steps = _steps(message, can)
        reply = address.number_of(message.reply_to) if message.reply_to else None
        sent: list[str] = []
        for step in steps:
            try:
                sent.append(await self._step(step, address, reply if not sent else None))
            except SendFailed as error:
                if not sent:
                    raise
                # A second try would repeat the part that is there already.
                raise OutcomeUnknown(error.detail, code="partly_sent") from None
        return tuple(sent)

    async def _step(self, step: Step, address: ChatAddress, reply: int | None) -> str:
        try:
            with self._our_errors(address):
                sent = await step(self._bot, address, reply)
        except _Moved as moved:
            # Bot API: ResponseParameters.migrate_to_chat_id; a group has become a supergroup.
            address = ChatAddress(chat=moved.to)
            with self._our_errors(address):
                sent = await step(self._bot, address, None)
        if self._slowed != address.thread:
            self._slowed = ""
        return address.external_id(sent.message_id)

    @contextmanager
    def _our_errors(self, address: ChatAddress) -> Iterator[None]:
        try:
            yield
        except TelegramMigrateToChat as error:
            raise _Moved(error.migrate_to_chat_id) from None
        except TelegramRetryAfter as error:
            raise self._slow_down(address, error) from None
        except TelegramEntityTooLarge:
            raise Refused("too large", code="too_large") from None
        except TelegramNetworkError as error:
            raise _network(error) from None
        except TelegramAPIError as error:
            status = next((status for kind, status in STATUS if isinstance(error, kind)), 400)
            raise our_error(status, self._scrub(error.message), group=address.group) from None
        except ClientDecodeError as error:
            if "413" in str(error.data)[:200]:
                raise Refused("too large", code="too_large") from None
            raise OutcomeUnknown("not an answer of the Bot API", code="bad_answer") from None
        except AiogramError as error:
            raise OutcomeUnknown(type(error).__name__, code="bad_answer") from None

    def _slow_down(self, address: ChatAddress, error: TelegramRetryAfter) -> SendFailed:
        """A flood pauses the bot, unless it is a group's own limit or other chats go through meanwhile."""
        own = address.group or self._slowed == address.thread
        self._slowed = address.thread
        return our_error(429, "Too Many Requests", after=float(error.retry_after), group=own)

    def _scrub(self, text: str) -> str:
        return text.replace(self._token, "***")

    async def close(self) -> None:
        """Release the connections."""
        await self._bot.session.close()


class _Moved(SendFailed):
    def __init__(self, to: int) -> None:
        super().__init__()
        self.to = to


class _Session(AiohttpSession):
    """aiogram's session with its own limit for connecting: no connection, so certainly nothing sent."""

    async def make_request(
        self,
        bot: Bot,
        method: TelegramMethod[TelegramType],
        timeout: int | None = None,  # noqa: ASYNC109 - aiogram's own signature
    ) -> TelegramType:
        limits = aiohttp.ClientTimeout(total=timeout or TEXT_TIMEOUT, sock_connect=CONNECT)
        # aiogram says int and hands on to aiohttp what it gets.
        return await super().make_request(bot, method, cast(int, limits))

    async def close(self) -> None:
        """Without aiogram's quarter of a second: aiohttp itself waits until its connections are closed."""
        if self._session is not None:
            await self._session.close()


def _network(error: TelegramNetworkError) -> SendFailed:
    """Only a connection that was never made proves that nothing was sent."""
    cause = error.__cause__
    name = type(cause).__name__
    if isinstance(cause, aiohttp.ClientConnectorError | aiohttp.ConnectionTimeoutError):
        return TryLater(name, code="network")
    if isinstance(cause, asyncio.TimeoutError):
        return OutcomeUnknown(name, code="timeout")
    return OutcomeUnknown(name, code="connection_lost")


Entities: TypeAlias = list[MessageEntity] | None
Keyboard: TypeAlias = InlineKeyboardMarkup | None
Step = Callable[[Bot, ChatAddress, int | None], Awaitable[Message]]
"""One call to the Bot API: the bot, where to, which message it answers."""


def _steps(message: OutboundMessage, can: Capabilities) -> list[Step]:
    """The calls that make up the message. Raises Refused for what the network would not take."""
    _check(message, can)
    captioned = len(message.files) == 1 and units(message.text) <= can.caption_max
    steps: list[Step] = []
    entities, keyboard = _entities(message.text, message.spans), _keyboard(message.buttons)
    if message.text and not captioned:
        steps.append(_text(message.text, entities, keyboard))
        keyboard = None
    caption = _Caption(message.text, entities, keyboard) if captioned else _Caption("", None, None)
    steps += [_file(file, caption, can) for file in message.files]
    if message.location is not None:
        steps.append(_location(message.location))
    if message.card is not None:
        steps.append(_card(message.card))
    if message.sticker:
        steps.append(_sticker(message.sticker))
    return steps


def _check(message: OutboundMessage, can: Capabilities) -> None:
    if not (message.text.strip() or message.files or message.location or message.card or message.sticker):
        raise Refused("nothing to send", code="empty")
    if units(message.text) > can.text_max:
        raise Refused(f"more than {can.text_max} characters", code="too_long")
    for file in message.files:
        if file.size > can.files.get(_kind(file, can), 0):
            raise Refused("larger than Telegram takes", code="too_large")
        if file.size == 0:
            raise Refused("the file is empty", code="file_empty")
    buttons = [button for row in message.buttons for button in row]
    if len(buttons) > can.buttons or any(len(one.payload.encode()) > PAYLOAD_MAX for one in buttons):
        raise Refused("more buttons than Telegram takes", code="buttons_too_many")


def _kind(file: OutboundFile, can: Capabilities) -> FileKind:
    """How it is sent: as a document when Telegram would not take it as what it is."""
    fits = file.size <= can.files.get(file.kind, 0)
    return file.kind if fits else "file"


def _text(text: str, entities: Entities, keyboard: Keyboard) -> Step:
    async def send(bot: Bot, to: ChatAddress, reply: int | None) -> Message:
        async def call(styled: Entities) -> Message:
            return await bot.send_message(
                to.chat, text, parse_mode=None, entities=styled, reply_parameters=_answering(reply),
                message_thread_id=to.topic, business_connection_id=to.business or None, reply_markup=keyboard,
                request_timeout=TEXT_TIMEOUT,
            )  # fmt: skip

        return await _plain_if_refused(call, entities)

    return send


async def _plain_if_refused(call: Callable[[Entities], Awaitable[Message]], entities: Entities) -> Message:
    """Styles that the server will not take must not hold the words back: such a refusal is certain, nothing was sent."""
    try:
        return await call(entities)
    except TelegramBadRequest as error:
        if not entities or "entit" not in error.message.lower():
            raise
        return await call(None)


def _entities(text: str, spans: Iterable[Span]) -> Entities:
    """Bot API: MessageEntity."""
    found = entities_of(text, spans)
    return [
        MessageEntity(type=kind, offset=offset, length=length, url=url or None)
        for kind, offset, length, url in found
    ] or None


def _cut(label: str) -> str:
    return label.encode()[:PAYLOAD_MAX].decode(errors="ignore")


def _keyboard(rows: Iterable[Iterable[Button]]) -> Keyboard:
    """Bot API: InlineKeyboardMarkup; a button's payload comes back with the press."""
    made = [
        [
            InlineKeyboardButton(text=one.label, url=one.url)
            if one.url
            else InlineKeyboardButton(text=one.label, callback_data=one.payload or _cut(one.label))
            for one in row
        ]
        for row in rows
    ]
    return InlineKeyboardMarkup(inline_keyboard=made) if any(made) else None


def _location(place: Location) -> Step:
    """A place with a name is a venue, for which the Bot API wants an address too."""

    async def send(bot: Bot, to: ChatAddress, reply: int | None) -> Message:
        if not (place.title or place.address):
            return await bot.send_location(to.chat, place.latitude, place.longitude, **_common(to, reply))
        title, address = place.title or place.address, place.address or place.title
        return await bot.send_venue(
            to.chat, place.latitude, place.longitude, title, address, **_common(to, reply)
        )

    return send


def _card(card: ContactCard) -> Step:
    """The Bot API takes one number; the others and the mail addresses go in the vCard (up to 2 048 bytes)."""
    if not card.phones:
        raise Refused("a contact without a number", code="card_no_phone")

    async def send(bot: Bot, to: ChatAddress, reply: int | None) -> Message:
        sheet = vcard(card)
        return await bot.send_contact(
            to.chat, card.phones[0], card.name, vcard=sheet if len(sheet.encode()) <= VCARD_MAX else None,
            **_common(to, reply),
        )  # fmt: skip

    return send


def _sticker(file_id: str) -> Step:
    async def send(bot: Bot, to: ChatAddress, reply: int | None) -> Message:
        return await bot.send_sticker(to.chat, file_id, **_common(to, reply))

    return send


def _common(to: ChatAddress, reply: int | None) -> dict[str, Any]:
    return {
        "reply_parameters": _answering(reply), "message_thread_id": to.topic,
        "business_connection_id": to.business or None, "request_timeout": TEXT_TIMEOUT,
    }  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Caption:
    """What stands under a file."""

    text: str
    entities: Entities
    keyboard: Keyboard


def _file(file: OutboundFile, caption: _Caption, can: Capabilities) -> Step:
    kind, longest = _kind(file, can), can.send_timeout - ANSWER_MARGIN

    async def send(bot: Bot, to: ChatAddress, reply: int | None) -> Message:
        try:
            return await _upload(bot, kind, file, caption, to, reply, longest)
        except TelegramBadRequest as error:
            if caption.entities and "entit" in error.message.lower():
                return await _upload(bot, kind, file, replace(caption, entities=None), to, reply, longest)
            # Too long, too narrow, not a picture after all: certainly not sent, and a document always passes.
            if kind != "photo" or not any(part in error.message.lower() for part in PICTURE_TROUBLE):
                raise
            return await _upload(bot, "file", file, caption, to, reply, longest)

    return send


async def _upload(
    bot: Bot, kind: FileKind, file: OutboundFile, caption: _Caption, to: ChatAddress, reply: int | None, longest: float
) -> Message:  # fmt: skip
    upload = _Upload(file)
    common = {
        "caption": caption.text or None, "parse_mode": None, "caption_entities": caption.entities,
        "reply_markup": caption.keyboard, "reply_parameters": _answering(reply),
        "message_thread_id": to.topic, "business_connection_id": to.business or None,
        "request_timeout": min(longest, TEXT_TIMEOUT + file.size // SLOWEST_UPLOAD),
    }  # fmt: skip
    calls: dict[FileKind, Callable[..., Awaitable[Message]]] = {
        "photo": bot.send_photo,
        "video": bot.send_video,
        "voice": bot.send_voice,
        "audio": bot.send_audio,
    }
    try:
        return await calls.get(kind, bot.send_document)(to.chat, upload, **common)
    except Exception:
        if upload.broken:  # the request was cut off in the middle of the file: nothing was sent
            raise TryLater("the file could not be read", code="file_unreadable") from None
        raise


class _Upload(InputFile):
    """A file of ours, streamed."""

    def __init__(self, file: OutboundFile) -> None:
        super().__init__(filename=_file_name(file.name), chunk_size=1 << 16)
        self._file = file
        self.broken = False

    async def read(self, bot: Bot) -> AsyncGenerator[bytes, None]:
        try:
            async for chunk in self._file.read():
                yield chunk
        except Exception:
            self.broken = True
            raise


def _file_name(name: str) -> str:
    """Without what would break out of a header or a folder."""
    plain = "".join(one for one in name if one.isprintable() and one not in '"\\/')
    stem, dot, ending = plain.strip().rpartition(".")
    if not dot or len(ending) > 10:
        return plain[:NAME_MAX] or "file"
    return f"{stem[: NAME_MAX - len(ending)] or 'file'}.{ending}"


def _answering(reply: int | None) -> ReplyParameters | None:
    """A message deleted meanwhile must not hold the answer back."""
    return ReplyParameters(message_id=reply, allow_sending_without_reply=True) if reply is not None else None
