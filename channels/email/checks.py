"""Does this mailbox work? Every step is tried for real: sign in to read, look at the folders, sign in to
send."""

from __future__ import annotations

import asyncio
import uuid

from channels.base import Check, OutboundMessage
from channels.email import detect
from channels.email.grammar import quoted
from channels.email.habits import Habits
from channels.email.ids import PROBE
from channels.email.imap import Session, folder_of, session, watched
from channels.email.mailbox import Mailbox, Patience
from channels.email.send import Mailer
from channels.errors import ChannelError
from channels.events import Identity

ROUND_TRIP = 40.0
"""Seconds that our letter to ourselves may take."""
FILED_SOON, FILED_SURELY = 2.0, 10.0
"""Seconds for the provider to put it into Sent: where nothing is known, and where the preset says that it does."""
FILLING, FULL = 0.9, 0.98
"""Of a mailbox's quota. Above the second, ordinary letters with files fit no more."""


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
            lines += _room(await mail.fullness())
            lines += [Check(code="server_alert", ok=True, detail=alert[:200]) for alert in mail.alerts]
    except ChannelError as error:
        lines.append(Check(code=error.code, ok=False, detail=f"{mailbox.imap.host}: {error.detail}"[:300]))
    return lines


def _room(fullness: float | None) -> list[Check]:
    """A full mailbox takes no letter: clients get theirs back, and we hear of none."""
    if fullness is None or fullness < FILLING:
        return []
    full = fullness >= FULL
    code = "mailbox_full" if full else "mailbox_filling"
    return [Check(code=code, ok=not full, detail=f"{min(fullness, 1):.0%}")]


async def _sending(mailbox: Mailbox, mailer: Mailer) -> list[Check]:
    try:
        return [Check(code="smtp_login", ok=True, detail=await mailer.try_login())]
    except ChannelError as error:
        return [Check(code=error.code, ok=False, detail=f"{mailbox.smtp.host}: {error.detail}"[:300])]


async def round_trip(mailbox: Mailbox, mailer: Mailer, patience: Patience, habits: Habits) -> list[Check]:
    """Write to ourselves, wait for the letter, and learn whether it lies in Sent too. One that is late says little; one
    that is refused says all."""
    message = OutboundMessage(
        key=f"{PROBE}{uuid.uuid4()}",
        thread="",
        to=Identity(kind="email", value=mailbox.address),
        subject="Проверка подключения · Connection test",
        text="Это письмо отправлено нами самим себе.\nThis letter was sent by us to ourselves.",
        automatic=True,
    )
    try:
        message_id = await mailer.send(message, copy=False)
        async with session(mailbox, patience) as mail:
            await mail.open(mailbox.folders[0], writable=True)
            found = await _found(mail, message_id, min(ROUND_TRIP, patience.idle))
            if not found:
                return [Check(code="round_trip_late", ok=True, detail=mailbox.address)]
            await mail.mark_seen(found)
            filed = await _filed(mail, mailbox, patience, message_id)
        if filed is not None:
            await habits.learn(filed)
    except ChannelError as error:
        return [Check(code=error.code, ok=False, detail=error.detail[:300])]
    arrived = Check(code="round_trip", ok=True, detail=mailbox.address)
    return [arrived, Check(code="sent_filed", ok=True)] if filed else [arrived]


async def _filed(mail: Session, mailbox: Mailbox, patience: Patience, message_id: str) -> bool | None:
    """Whether the provider put our letter into Sent by itself; None where there is no such folder."""
    sent = folder_of("sent", await mail.folders())
    if not sent:
        return None
    await mail.open(sent)
    wait = FILED_SURELY if mailbox.files_sent else FILED_SOON
    return bool(await _found(mail, message_id, min(wait, patience.poll)))


async def _found(mail: Session, message_id: str, seconds: float) -> list[int]:
    """The letter of this id in the open folder, as soon as it is there; none when the time is over."""
    loop = asyncio.get_running_loop()
    until = loop.time() + seconds
    while True:
        found = await mail.search("HEADER", "Message-ID", quoted(message_id))
        if found or loop.time() >= until:
            return found
        await mail.wait_for_news(min(2.0, until - loop.time()))
