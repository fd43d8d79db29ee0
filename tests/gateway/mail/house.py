"""A gateway with a real mailbox: letters come by LMTP, leave by SMTP, and the API is asked over HTTP."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from gateway.clock import new_id
from tests.gateway.api.house import House, open_house
from tests.rig.mail import MailHost

NUMBERS = itertools.count(1)
CLIENT = "anna@client.test"


def letter(
    to: str, subject: str = "Вопрос", text: str = "Сколько стоит дверь?", *, sender: str = CLIENT, id: str = "",
    name: str = "Анна", more: str = "", kind: str = "text/plain",
) -> bytes:  # fmt: skip
    """A short letter; `more` is whole header lines."""
    from email.header import Header

    fields = [
        f"From: {Header(name, 'utf-8').encode()} <{sender}>", f"To: {to}",
        f"Subject: {Header(subject, 'utf-8').encode()}", f"Message-ID: <{id or f'{next(NUMBERS)}@client.test'}>",
        f"Content-Type: {kind}; charset=utf-8", "Content-Transfer-Encoding: 8bit",
    ]  # fmt: skip
    return ("\r\n".join(fields) + f"\r\n{more}\r\n{text}\r\n").encode()


@dataclass
class MailHouse:
    """The gateway, the mail server, and a mailbox of the company's on it."""

    house: House
    host: MailHost
    address: str
    source_id: str = ""

    @property
    def admin(self) -> Any:
        return self.house.admin

    def settings(self, **more: str) -> dict[str, str]:
        """Reading from Dovecot, sending straight to the relay that answers as told."""
        return {
            "preset": "own", "address": self.address, "name": "Магазин", "password": self.host.password,
            "imap_host": "127.0.0.1", "imap_port": str(self.host.ports.imap), "imap_security": "plain",
            "smtp_host": "localhost", "smtp_port": str(self.host.relay.tls_port), "smtp_security": "tls",
            "certificate": self.host.certificate.authority.read_text("ascii"), "per_minute": "600", **more,
        }  # fmt: skip

    async def connect(self, **more: str) -> str:
        """Put the mailbox into service."""
        body = {"channel": "email", "name": "Почта", "settings": self.settings(**more)}
        made = await self.admin.post("/sources", body)
        self.source_id = str(made["id"])
        await self.admin.post(f"/sources/{self.source_id}/connect")
        # A server that is slow to greet for once is asked again by itself.
        await self.until(
            lambda: self.admin.get(f"/sources/{self.source_id}"), lambda one: one["state"] == "active", 60
        )
        return self.source_id

    async def hears(self, raw: bytes) -> str:
        """A letter arrives; its conversation once it is opened."""
        before = await self.count("message")
        await asyncio.to_thread(self.host.deliver, self.address, raw)
        await self.until(lambda: self.count("message"), lambda n: n > before)
        rows = await self.house.rows("SELECT conversation_id FROM message ORDER BY received_at DESC, id DESC")
        return str(rows[0].conversation_id)

    async def takes(self, raw: bytes) -> None:
        """A letter arrives that need not say anything new; until it is opened or ignored."""
        before = await self.count("envelope WHERE state <> 0")
        await asyncio.to_thread(self.host.deliver, self.address, raw)
        await self.until(lambda: self.count("envelope WHERE state <> 0"), lambda n: n > before)

    async def count(self, table: str) -> int:
        return int((await self.house.rows(f"SELECT count(*) AS n FROM {table}"))[0].n)

    async def until(self, ask: Callable[[], Any], good: Callable[[Any], bool], seconds: float = 40) -> Any:
        """Ask again and again until the answer is good. Raises TimeoutError."""
        async with asyncio.timeout(seconds):
            while not good(found := await ask()):
                await asyncio.sleep(0.05)
        return found

    async def reply(self, conversation_id: str, text: str = "Дверь стоит 14 500.", **more: Any) -> str:
        """Answer at once; the message's id."""
        body = {"id": new_id(), "text": text, "hold_ms": 0, **more}
        sent = await self.admin.post(f"/conversations/{conversation_id}/messages", body)
        return str(sent["items"][0]["id"])

    async def write(
        self, *to: str, text: str = "Здравствуйте!", subject: str = "Ваш заказ", **more: Any
    ) -> Any:
        """Begin a conversation with a letter."""
        addressed = {"to": [{"address": one} for one in to], "subject": subject, **more.pop("letter", {})}
        body = {
            "id": new_id(),
            "source_id": self.source_id,
            "letter": addressed,
            "text": text,
            "hold_ms": 0,
            **more,
        }
        return await self.admin.post("/letters", body)

    async def item(self, conversation_id: str, message_id: str) -> Any:
        """A message as the screen shows it."""
        page = await self.admin.get(f"/conversations/{conversation_id}/messages?scope=conversation")
        return next(one for one in page["items"] if one["id"] == message_id)

    async def state(self, message_id: str, *wanted: str, seconds: float = 40) -> str:
        """Wait until a message is in one of these states."""

        async def ask() -> str:
            rows = await self.house.rows("SELECT state FROM message WHERE id = :id", id=message_id)
            return str(rows[0].state)

        return str(await self.until(ask, lambda state: state in wanted, seconds))

    def posted(self) -> list[EmailMessage]:
        """The letters that the relay took, without our letters to ourselves."""
        found = []
        for one in self.host.relay.seen:
            parsed = message_from_bytes(one.content, policy=policy.default)
            if "probe-" not in str(parsed["Message-ID"]) and self.address in str(parsed["From"]):
                assert isinstance(parsed, EmailMessage)
                found.append(parsed)
        return found


@contextlib.asynccontextmanager
async def open_mail_house(url: str, folder: Path, host: MailHost) -> AsyncIterator[MailHouse]:
    """A gateway in this process, not connected yet."""
    async with open_house(url, folder) as house:
        host.relay.plan.clear()
        host.relay.refused.clear()
        yield MailHouse(house, host, host.welcome(f"shop{next(NUMBERS)}@firma.test"))
