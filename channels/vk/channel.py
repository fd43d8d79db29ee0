"""What can a VK community do for us?"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import suppress
from email.utils import formatdate
from typing import ClassVar
from urllib.parse import quote, urlsplit

import aiohttp

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
from channels.errors import SendFailed
from channels.events import Event, Identity, Micros
from channels.pool import Pool
from channels.vk import acts
from channels.vk.admit import Proof, admit
from channels.vk.api import PER_SECOND, Api
from channels.vk.attachments import sticker_number
from channels.vk.connect import Community, check, connect, disconnect
from channels.vk.download import download
from channels.vk.history import history
from channels.vk.hosts import base_of, is_loopback, is_public_https
from channels.vk.longpoll import listen, place
from channels.vk.parse import parse
from channels.vk.profile import profile, profiles
from channels.vk.reactions import OFFERED
from channels.vk.send import random_id, send
from channels.vk.styles import NAMES
from channels.vk.whole import whole

MB = 1024 * 1024


class VK(WebhookChannel, PollingChannel):
    """One community, by Callback API or Bots Long Poll."""

    capabilities = Capabilities(
        window=WindowRule(hours=24),  # the company's rule: VK itself asks only for the person's permission
        text_max=4096,  # the schema says 9000; VK's own clients and libraries cut at 4096
        caption_max=4096,
        files={"photo": 50 * MB, "file": 200 * MB, "video": 200 * MB, "audio": 200 * MB, "voice": 20 * MB},
        files_per_message=10,
        location=True,
        stickers=True,
        reply_to=True,
        edit=True,
        edit_hours=24,  # error 909 tells "too old"; VK's own clients stop offering it after a day
        delete=True,
        delete_hours=24,  # messages.delete, delete_for_all
        reactions=OFFERED,
        styles=frozenset(NAMES),
        buttons=10,  # dev.vk.com, keyboards: an inline one
        typing=True,
        history=True,
        read=True,
        idempotent=True,  # random_id
        rate=Rate(per_second=PER_SECOND, burst=PER_SECOND),  # 20 a second; see Api
        send_timeout=300,  # large documents on a slow line; a text ends within `patience`
    )
    secrets = ("token", "secret")
    mends = frozenset(
        {"callback_missing", "callback_not_confirmed", "callback_secret", "events_off", "longpoll_off"}
    )
    patience: ClassVar[tuple[float, float]] = (5, 15)
    """Seconds to connect and to wait for each piece of an answer."""

    def __init__(self, account: Account) -> None:
        super().__init__(account)
        number = self.settings.get("group_id", "").strip()
        self._group_id = int(number) if number.isascii() and number.isdecimal() and len(number) < 19 else 0
        self._proof = Proof(
            group_id=self._group_id, secret=self.settings.get("secret", ""),
            confirmation=self.settings.get("confirmation", "").strip(),
        )  # fmt: skip
        base = base_of(self.settings.get("api_base", ""))
        self._stand_in = is_loopback(urlsplit(base).hostname or "")
        self._api = Api(self.settings.get("token", ""), base, self.patience, account.turns)
        self._pool = Pool(lambda: aiohttp.ClientSession(trust_env=not self._stand_in))

    def by_callback(self) -> bool:
        """Whether VK calls us; else we ask. `auto` is callback wherever VK can reach us."""
        mode = self.settings.get("mode", "auto")
        return mode == "callback" or (mode != "longpoll" and is_public_https(self.account.hook_url))

    def polls(self) -> bool:
        return not self.by_callback()

    def admit(self, envelope: Envelope) -> Admitted:
        return admit(envelope, self._proof)

    def parse(self, envelope: Envelope) -> tuple[Event, ...]:
        return parse(envelope)

    def sticker(self, ref: str, name: str) -> str:
        return sticker_number(name)

    def listen(self, cursor: bytes | None) -> AsyncIterator[Polled]:
        return listen(self._api, self._pool.session(), self._group_id, cursor or self.beginning)

    async def send(self, message: OutboundMessage) -> tuple[str, ...]:
        return await send(self._api, message, self.capabilities.files)

    async def edit(self, edit: OutboundEdit) -> None:
        await acts.edit(self._api, edit)

    async def delete(self, thread: str, to: Identity, external_ids: Sequence[str]) -> None:
        await acts.delete(self._api, thread, external_ids)

    async def react(self, thread: str, to: Identity, external_id: str, emoji: str) -> None:
        await acts.react(self._api, thread, external_id, emoji)

    async def typing(self, thread: str, to: Identity) -> None:
        await acts.typing(self._api, thread)

    async def acknowledge(self, callback: str, text: str = "") -> None:
        await acts.acknowledge(self._api, callback, text)

    def history(self, since: Micros, until: Micros) -> AsyncIterator[PolledEnvelope]:
        return history(self._api, self._group_id, since, until)

    async def whole(self, thread: str, external_id: str) -> Envelope | None:
        return await whole(self._api, self._group_id, thread, external_id)

    def echo_key(self, key: str) -> str:
        return str(random_id(key))

    def download(self, ref: str) -> AsyncIterator[bytes]:
        return download(self._pool.session(), self._api.base, ref)

    async def profile(self, identity: Identity) -> Profile | None:
        return await profile(self._api, identity)

    async def profiles(self, identities: Sequence[Identity]) -> Mapping[Identity, Profile]:
        return await profiles(self._api, identities)

    async def check(self) -> Sequence[Check]:
        return await check(self._api, self._community())

    async def connect(self) -> Sequence[Check]:
        lines = await connect(self._api, self._community())
        if self.polls() and all(line.ok for line in lines):
            with suppress(SendFailed):
                self.beginning = (await place(self._api, self._group_id)).encode()
        return lines

    async def disconnect(self) -> None:
        await disconnect(self._api, self._community())

    def come_again(self, seconds: int, now: Micros) -> str:
        """dev.vk.com/api/callback/getting-started: a date, less than three hours ahead."""
        return formatdate(now / 1_000_000 + seconds, usegmt=True)

    def campaign_link(self, label: str) -> str:
        return self.test_link(label)

    def test_link(self, code: str) -> str:
        return f"https://vk.me/club{self._group_id}?ref={quote(code, safe='')}" if self._group_id else ""

    async def close(self) -> None:
        self._api.close()
        await self._pool.close()

    def _community(self) -> Community:
        hook = self.account.hook_url
        return Community(
            group_id=self._group_id, secret=self._proof.secret, hook_url=hook, by_callback=self.by_callback(),
            reachable=is_public_https(hook) or (bool(hook) and self._stand_in),
            confirmation=self._proof.confirmation,
        )  # fmt: skip
