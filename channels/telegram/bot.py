"""What can we do on one Telegram bot?"""

from __future__ import annotations

import asyncio
import importlib
import ipaddress
import re
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar, Final
from urllib.parse import urlsplit

import msgspec

from channels.base import (
    Account,
    Admitted,
    Capabilities,
    Check,
    Envelope,
    OutboundEdit,
    OutboundMessage,
    Polled,
    PolledEnvelope,
    PollingChannel,
    Profile,
    Rate,
    WebhookChannel,
    WindowRule,
)
from channels.errors import Refused, SendFailed, TryLater
from channels.events import Event, Identity
from channels.telegram import acts, health
from channels.telegram.api import CLOUD, Api
from channels.telegram.content import full_name
from channels.telegram.groups import KIND, Myself
from channels.telegram.parse import parse
from channels.telegram.proof import key_and_lane, number_of, prove
from channels.telegram.text import ENTITIES
from channels.telegram.threads import address_of
from channels.telegram.wire import FullChat, WebhookInfo

if TYPE_CHECKING:
    from channels.telegram.send import Sender

PORTS: Final = frozenset({443, 80, 88, 8443})
"""Bot API: setWebhook."""
LONG_POLL: Final = 25
"""Seconds that `getUpdates` waits for something to happen; the server allows 50."""
BATCH: Final = 100
GROUP_INTERVAL: Final = 3.0
"""Seconds between two messages of a group."""
MEGABYTE: Final = 1 << 20


class Telegram(WebhookChannel, PollingChannel):
    """One bot. With a public https address it is called, without one it asks."""

    capabilities: ClassVar[Capabilities] = Capabilities(
        window=WindowRule(hours=24, enforcement="block"),  # Telegram has none; a company's rule
        lent=WindowRule(hours=24, fixed=True),  # Bot API: BusinessBotRights.can_reply
        text_max=4096,  # Bot API: sendMessage
        text_unit="utf16",
        caption_max=1024,  # Bot API: sendPhoto
        files={
            "photo": 10 * MEGABYTE,  # Bot API: Sending files
            "video": 50 * MEGABYTE,
            "voice": 50 * MEGABYTE,
            "audio": 50 * MEGABYTE,
            "file": 50 * MEGABYTE,
        },
        location=True,
        card=True,
        stickers=True,
        reply_to=True,
        edit=True,
        delete=True,
        delete_hours=48,  # Bot API: deleteMessage
        reactions=("👍", "❤", "🔥", "🙏", "👌", "🤝", "👏", "🎉", "😁", "🤔", "😢", "👀"),
        styles=frozenset(ENTITIES),
        buttons=100,  # Bot API: InlineKeyboardMarkup
        typing=True,
        rate=Rate(per_second=25, burst=25, chat_interval=1),  # Bots FAQ: 30 a second, 1 a second in a chat
        send_timeout=60,
        numbering="strict",  # Bot API: Update.update_id follows one another …
        numbering_rest_days=7,  # … and begins anywhere after a week without updates
    )
    secrets: ClassVar[tuple[str, ...]] = ("token", "secret_token")
    mends: ClassVar[frozenset[str]] = frozenset({"webhook_missing", "updates_partial"})

    _api: Api | None = None
    _sender: Sender | None = None
    _conflict = False

    def __init__(self, account: Account) -> None:
        super().__init__(account)
        number = self.settings.get("token", "").partition(":")[0]
        self._me = Myself(
            id=int(number) if number.isdecimal() and len(number) <= 20 else 0,
            username=self.settings.get("username", ""),
        )

    def can(self) -> Capabilities:
        return LOCAL if self._local else self.capabilities

    @property
    def _local(self) -> bool:
        """The company's own server that runs with --local; any other passes files on to Telegram's, with its limits."""
        return self.settings.get("server", "") == "local"

    def parse(self, envelope: Envelope) -> tuple[Event, ...]:
        return parse(envelope, self._me)

    def sticker(self, ref: str, name: str) -> str:
        return ref  # Bot API: Sending files; a bot may send what it got under the same file_id

    def admit(self, envelope: Envelope) -> Admitted:
        prove(envelope, self.settings.get("secret_token", ""))
        key, lane, number = key_and_lane(envelope.body)
        return Admitted(key=key, lane=lane, number=number)

    def polls(self) -> bool:
        match self.settings.get("mode", "auto"):
            case "webhook":
                return False
            case "polling":
                return True
            case _:
                return not _callable(self.account.hook_url, self.settings.get("api_base", ""))

    async def listen(self, cursor: bytes | None) -> AsyncIterator[Polled]:
        """Bot API: getUpdates. Asking with a higher offset confirms what lies below it."""
        offset = int(cursor) if cursor is not None and re.fullmatch(rb"-?[0-9]{1,16}", cursor) else None
        while True:
            updates = await self._look(offset)
            envelopes = tuple(self._polled(bytes(update)) for update in updates)
            numbers = [number for update in updates if (number := number_of(bytes(update))) is not None]
            if not updates:
                continue
            if not numbers:
                raise TryLater("updates without numbers", code="bad_answer")
            offset = max(numbers) + 1
            yield Polled(envelopes=envelopes, cursor=str(offset).encode())

    async def _look(self, offset: int | None) -> list[msgspec.Raw]:
        wanted: dict[str, object] = {
            "limit": BATCH,
            "timeout": LONG_POLL,
            "allowed_updates": health.UPDATES,
        }
        if offset is not None:
            wanted["offset"] = offset
        try:
            found = await self._asking().call(
                "getUpdates", list[msgspec.Raw], wanted, patience=LONG_POLL + 10
            )
        except TryLater as error:
            self._conflict = self._conflict or error.code == "other_reader"
            raise
        self._conflict = False
        return found

    def _polled(self, body: bytes) -> PolledEnvelope:
        """The same bytes as a webhook brings. The time is the provider's own: a channel has no clock."""
        key, lane, number = key_and_lane(body)
        envelope = Envelope(body=body, received_at=self._asking().told_at, method="POLL")
        return PolledEnvelope(envelope=envelope, key=key, lane=lane, number=number)

    async def send(self, message: OutboundMessage) -> tuple[str, ...]:
        if self._sender is None:
            # aiogram takes seconds to import: not on the loop.
            module = await asyncio.to_thread(importlib.import_module, "channels.telegram.send")
            if self._sender is None:
                self._sender = module.Sender(self._asking().base, self.settings.get("token", ""))
        return await self._sender.send(message, self.can())

    async def edit(self, edit: OutboundEdit) -> None:
        await acts.edit(self._asking(), edit)

    async def delete(self, thread: str, to: Identity, external_ids: Sequence[str]) -> None:
        await acts.delete(self._asking(), thread, external_ids)

    async def react(self, thread: str, to: Identity, external_id: str, emoji: str) -> None:
        await acts.react(self._asking(), thread, external_id, emoji)

    async def typing(self, thread: str, to: Identity) -> None:
        await acts.typing(self._asking(), thread)

    async def acknowledge(self, callback: str, text: str = "") -> None:
        await acts.acknowledge(self._asking(), callback, text)

    def pace(self, thread: str) -> tuple[str, float]:
        """A group's topics share its limit (Bots FAQ: 20 messages a minute in a group)."""
        address = address_of(thread)
        if address is None or not address.group:
            return thread, self.can().rate.chat_interval
        return str(address.chat), GROUP_INTERVAL

    def download(self, ref: str) -> AsyncIterator[bytes]:
        return self._asking().download(ref)

    async def profile(self, identity: Identity) -> Profile | None:
        """Bot API: getChat."""
        if identity.kind != KIND or not re.fullmatch(r"-?[0-9]{1,16}", identity.value):
            return None
        try:
            chat = await self._asking().call("getChat", FullChat, {"chat_id": int(identity.value)})
        except SendFailed:
            return None
        return Profile(
            name=full_name(chat) or chat.title or "",
            username=chat.username or "",
            picture=chat.photo.big_file_id if chat.photo is not None else "",
        )

    async def check(self) -> Sequence[Check]:
        first = await self._check_bot()
        if not first.ok:
            return [first]
        looked = await health.look(
            self._asking(), self.account.hook_url, polls=self.polls(), conflict=self._conflict
        )
        return [first, *looked]

    async def connect(self) -> Sequence[Check]:
        first = await self._check_bot()
        if not first.ok:
            return [first]
        api, account = self._asking(), self.account
        if self.polls():
            done = await health.undeliver(api)
        else:
            done = await health.deliver(api, account.hook_url, self.settings.get("secret_token", ""))
        if any(not check.ok for check in done):
            return [first, *done]
        looked = await health.look(api, account.hook_url, polls=self.polls(), conflict=self._conflict)
        return [first, *done, *looked]

    async def _check_bot(self) -> Check:
        me, line = await health.ask_me(self._asking())
        if me is not None:
            self._me = Myself(id=me.id, username=me.username)
        return line

    async def disconnect(self) -> None:
        """Take away our own webhook; another program's stays."""
        api = self._asking()
        try:
            info = await api.call("getWebhookInfo", WebhookInfo)
            if info.url and info.url == self.account.hook_url:
                await api.call("deleteWebhook", bool, {"drop_pending_updates": False})
        except SendFailed:
            return

    def campaign_link(self, label: str) -> str:
        return self.test_link(label)

    def test_link(self, code: str) -> str:
        """Bot API: Deep linking. "" until a check has told the bot's name."""
        username = self._me.username
        return f"https://t.me/{username}?start={code}" if username else ""

    async def close(self) -> None:
        if self._sender is not None:
            await self._sender.close()
            self._sender = None
        if self._api is not None:
            await self._api.close()

    async def lent(self, key: str) -> Envelope | None:
        """Bot API: getBusinessConnection. Its news come in no order with messages, and not at all where the account was
        lent before we listened."""
        try:
            told = await self._asking().call(
                "getBusinessConnection", msgspec.Raw, {"business_connection_id": key}
            )
        except Refused:
            return None
        body = b'{"update_id":0,"business_connection":' + bytes(told) + b"}"
        return Envelope(body=body, received_at=self._asking().told_at, method="POLL")

    def _asking(self) -> Api:
        if self._api is None:
            base = self.settings.get("api_base", "") or CLOUD
            self._api = Api(base, self.settings.get("token", ""), local=self._local)
        return self._api


LOCAL: Final = replace(
    Telegram.capabilities,
    files={kind: most if kind == "photo" else 2000 * MEGABYTE for kind, most in Telegram.capabilities.files.items()},
    send_timeout=660,
)  # fmt: skip
"""Bot API: Using a Local Bot API Server; 2000 MB up, no limit down. Pictures stay as they are."""


def _callable(url: str, api_base: str) -> bool:
    """Whether Telegram could call this address: https, a port it allows, a host of the open internet.

    A server of one's own on this machine reaches this machine's addresses.
    """
    if url and urlsplit(api_base).hostname in ("127.0.0.1", "localhost", "::1"):
        return True
    try:
        parts = urlsplit(url)
        port = parts.port or 443
    except ValueError:
        return False
    host = parts.hostname or ""
    return parts.scheme == "https" and port in PORTS and _is_public(host)


def _is_public(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_global
    except ValueError:
        return "." in host and not host.endswith((".local", ".localhost", ".internal", ".lan", ".home"))
