"""Does this mailbox work? Every step is tried for real: sign in to read, look at the folders, sign in to
send."""

from __future__ import annotations

import asyncio
import uuid

from channels.base import Check, OutboundMessage
from channels.email import detect
from channels.email.grammar import quoted
from channels.email.ids import PROBE
from channels.email.imap import session, watched
from channels.email.mailbox import Mailbox, Patience
from channels.email.send import Mailer
from channels.errors import ChannelError
from channels.events import Identity

ROUND_TRIP = 40.0
"""Seconds that our letter to ourselves may take."""


async def check(mailbox: Mailbox, mailer: Mailer, patience: Patience) -> list[Check]:
    """One line a step; the first thing that does not work ends its half. Never raises for a wrong account."""
    return [*await _receiving(mailbox, patience), *await _sending(mailbox, mailer), *await _policies(mailbox)]


async def _policies(mailbox: Mailbox) -> list[Check]:
    """What is missing in the domain's own records; a hint, nothing that stops anybody."""
    domain = detect.domain_of(mailbox.address)
    told = await detect.policies(domain)
    if told is None:
        return []
    return [Check(code=f"no_{one}", ok=True, detail=domain) for one in ("spf", "dmarc") if one not in told]


async def _receiving(mailbox: Mailbox, patience: Patience) -> list[Check]:
    lines: list[Check] = []
    try:
        async with session(mailbox, patience) as mail:
            lines.append(Check(code="imap_login", ok=True, detail=mailbox.login))
            folders = watched(mailbox, await mail.folders())
            for folder in folders:
                await mail.open(folder.name)
            lines.append(Check(code="folders", ok=True, detail=", ".join(folder.name for folder in folders)))
            lines.append(Check(code="idle" if mail.idles else "no_idle", ok=True))
            lines += [Check(code="server_alert", ok=True, detail=alert[:200]) for alert in mail.alerts]
    except ChannelError as error:
        lines.append(Check(code=error.code, ok=False, detail=f"{mailbox.imap.host}: {error.detail}"[:300]))
    return lines


async def _sending(mailbox: Mailbox, mailer: Mailer) -> list[Check]:
    try:
        return [Check(code="smtp_login", ok=True, detail=await mailer.try_login())]
    except ChannelError as error:
        return [Check(code=error.code, ok=False, detail=f"{mailbox.smtp.host}: {error.detail}"[:300])]


async def round_trip(mailbox: Mailbox, mailer: Mailer, patience: Patience) -> Check:
    """Write to ourselves and wait for the letter. One that is late says little; one that is refused says
    all."""
    message = OutboundMessage(
        key=f"{PROBE}{uuid.uuid4()}",
        thread="",
        to=Identity(kind="email", value=mailbox.address),
        subject="Проверка подключения · Connection test",
        text="Это письмо отправлено нами самим себе.\nThis letter was sent by us to ourselves.",
        automatic=True,
    )
    try:
        message_id = await mailer.send(message)
        arrived = await _arrives(mailbox, patience, message_id)
    except ChannelError as error:
        return Check(code=error.code, ok=False, detail=error.detail[:300])
    return Check(code="round_trip" if arrived else "round_trip_late", ok=True, detail=mailbox.address)


async def _arrives(mailbox: Mailbox, patience: Patience, message_id: str) -> bool:
    loop = asyncio.get_running_loop()
    until = loop.time() + min(ROUND_TRIP, patience.idle)
    async with session(mailbox, patience) as mail:
        await mail.open(mailbox.folders[0], writable=True)
        while True:
            found = await mail.search("HEADER", "Message-ID", quoted(message_id))
            if found:
                await mail.mark_seen(found)
                return True
            if loop.time() >= until:
                return False
            await mail.wait_for_news(min(2.0, until - loop.time()))
