"""How long are words kept in the journal?

Opened and ignored envelopes lose their bodies after `keep_bodies_days`; set-aside ones after `keep_aside_days`, by default never:
nobody has read them yet. What was taken for spam is kept `keep_spam_days` for somebody to let it out, then its message loses its
words too. 0 is for ever. Other messages are not touched by this.
"""

from __future__ import annotations

from typing import Final

from gateway.context import Gateway
from gateway.sealer import erase
from routing.times import DAY
from storage import cut, devices, drafts, early, erasing, imports, notices, ready, scheduled, sessions
from storage.forgetting import expired_spam, forget_spam

GROUP: Final = 1000


async def retain(gateway: Gateway) -> int:
    """Erase what has been kept long enough; how many envelopes."""
    days, aside_days = gateway.config.keep_bodies_days, gateway.config.keep_aside_days
    opened_before = gateway.now() - days * DAY if days else 0
    aside_before = gateway.now() - aside_days * DAY if aside_days else None
    total = 0
    while True:
        ids = await gateway.database.read(erasing.due, opened_before, aside_before, GROUP)
        count = await erase(gateway, ids, "retention")
        moved = await gateway.database.write(erasing.advance, opened_before, GROUP)
        total += count
        if not count and not moved:
            return total


async def forget_private(gateway: Gateway, member_id: str | None = None) -> int:
    """Erase what was said in conversations that their owner called private, as far as it is settled; how many envelopes."""
    ids = await gateway.database.read(erasing.unwanted, GROUP)
    count = await erase(gateway, ids, "personal", member_id)
    if count:
        await gateway.database.write(erasing.forget_unwanted, ids)
    return count


async def empty_quarantine(gateway: Gateway) -> int:
    """Take the words of what lay in quarantine long enough, from the journal and from the screens; how many messages."""
    if not gateway.config.keep_spam_days:
        return 0
    before, total = gateway.now() - gateway.config.keep_spam_days * DAY, 0
    for live in gateway.sources.all():
        count = GROUP
        while count == GROUP:
            ids, envelopes = await gateway.database.read(expired_spam, live.row.id, before, GROUP)
            await erase(gateway, envelopes, "retention")  # first: cut short between, it is done again
            if ids:
                await gateway.database.write(forget_spam, ids)
            count = len(ids)
            total += count
    return total


async def sweep(gateway: Gateway) -> int:
    """Take away what people emptied or removed long ago; how many rows."""
    database = gateway.database
    swept = [
        await database.write(one.sweep)
        for one in (drafts, ready, early, cut, imports, notices, scheduled, sessions, devices)
    ]
    return sum(swept)
