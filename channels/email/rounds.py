"""How do letters come out of a mailbox, none lost and none twice?

A round looks into every watched folder, hands over what is above its cursor in small batches, then waits on
the first folder. IDLE only makes it faster: every minute the folders are asked in any case.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Sequence
from datetime import UTC, datetime
from typing import Literal, TypeAlias

from channels.base import Envelope, Polled, PolledEnvelope
from channels.email.cursor import Cursor, Place
from channels.email.grammar import Fact, day_of
from channels.email.headers import addresses
from channels.email.imap import Folder, NotGiven, Opened, Session, session, watched
from channels.email.mailbox import Mailbox, Patience
from channels.email.mime import LONGEST_FIELD, split
from channels.errors import Disconnected, TryLater
from channels.events import Micros

Lack: TypeAlias = Literal["", "cut", "withheld"]
"""Why the bytes of a letter are not all: nothing, too large, not given."""
BATCH_BYTES = 1024 * 1024
BATCH_LETTERS = 25
BEGINNING = 256 * 1024
"""How much of a letter over the limit is fetched."""
DAYS_AGAIN = 2
"""So many days before the newest known letter are looked through again from time to time, and taken again when a folder
was renumbered: their Message-IDs tell which are known."""
LOOK_BACK_EVERY = 1800.0
"""Seconds between two looks at all of these days; each new connection begins with one."""


async def listen(mailbox: Mailbox, stored: bytes | None, patience: Patience) -> AsyncGenerator[Polled, None]:
    """Yield what comes in, for ever. Raises TryLater and Disconnected; the cursor of the last yield goes
    on."""
    try:
        cursor = Cursor.load(stored)
    except ValueError as error:
        raise Disconnected(str(error), code="bad_cursor") from error
    async with session(mailbox, patience) as mail:
        folders = watched(mailbox, await mail.folders())
        loop = asyncio.get_running_loop()
        looked_back = float("-inf")
        while True:
            began = loop.time()
            back = began - looked_back >= LOOK_BACK_EVERY
            looked_back = began if back else looked_back
            # The waiting goes on in the folder that was opened last: the first one.
            missing: Disconnected | None = None
            for folder in reversed(folders):
                try:
                    opened = await mail.open(folder.name, writable=mailbox.mark_seen)
                except Disconnected as error:  # deleted or renamed: told when the others have been read
                    missing = error
                    continue
                async for polled in _look(mail, mailbox, folder, cursor, opened, back=back):
                    yield polled
            if missing is not None:
                raise missing
            while (left := began + patience.idle - loop.time()) > 0:
                if not await mail.wait_for_news(min(left, patience.idle if mail.idles else patience.poll)):
                    break
                async for polled in _look(mail, mailbox, folders[0], cursor, None):
                    yield polled
            await mail.noop()


async def begin(mailbox: Mailbox, patience: Patience) -> bytes:
    """Where a mailbox is to be read from that was never read: the cursor of this moment."""
    cursor = Cursor({})
    async with session(mailbox, patience) as mail:
        for folder in watched(mailbox, await mail.folders()):
            cursor.places[folder.name] = await _begin(mail, mailbox, folder, await mail.open(folder.name))
    return cursor.dump()


async def _look(
    mail: Session, mailbox: Mailbox, folder: Folder, cursor: Cursor, opened: Opened | None, *, back: bool = False
) -> AsyncIterator[Polled]:  # fmt: skip
    """What is new in the open folder; `opened` when it was opened just now, `back` to look at the last days too."""
    place = cursor.places.get(folder.name)
    if opened is not None and (place is None or place.validity != opened.validity):
        place = (
            await _begin(mail, mailbox, folder, opened)
            if place is None
            else await _renumbered(mail, place, opened)
        )
        cursor.places[folder.name] = place
        yield Polled(envelopes=(), cursor=cursor.dump())
    assert place is not None
    uids = place.wanted(await mail.search("UID", f"{place.start}:*"))
    if back and (known := place.newest or place.after):
        uids = sorted({*uids, *place.missed(await mail.search("SINCE", day_of(known, DAYS_AGAIN)))})
    for start in range(0, len(uids), 100):
        for batch in _batches(await _facts(mail, place, uids[start : start + 100]), mailbox.largest):
            letters, late = await _fetch(mail, mailbox, folder, place, batch)
            place.keep([fact.uid for fact in batch if fact.uid not in late], max(fact.at for fact in batch))
            yield Polled(envelopes=tuple(letters), cursor=cursor.dump())
            if mailbox.mark_seen and folder.role != "sent":
                await mail.mark_seen([fact.uid for fact in batch])


async def _facts(mail: Session, place: Place, uids: Sequence[int]) -> list[Fact]:
    """What is known of these letters. One of which the server tells nothing is settled only when it is really gone."""
    told = {fact.uid: fact for fact in await mail.facts(uids)}
    silent = [uid for uid in uids if uid not in told]
    if silent:
        there = set(await mail.search("UID", ",".join(map(str, silent))))
        told |= {uid: Fact(uid=uid, size=0, at=0) for uid in silent if uid in there}
        place.keep([uid for uid in silent if uid not in there], 0)
    return [told[uid] for uid in uids if uid in told]


async def _begin(mail: Session, mailbox: Mailbox, folder: Folder, opened: Opened) -> Place:
    """A folder seen for the first time: what lies in it is not ours, unless the settings ask for older
    letters."""
    last = opened.next_uid - 1
    facts = await mail.facts((await mail.search("UID", "*"))[-1:])
    place = Place(
        validity=opened.validity, last=last, floor=last, after=max((fact.at for fact in facts), default=0)
    )
    if mailbox.since and folder.role == "inbox":
        begin = _midnight(mailbox.since)
        older = await mail.search("SINCE", day_of(begin)) if begin else []
        if older:
            place.floor = place.last = older[0] - 1
            place.imported_to, place.after = last, begin - 1
    return place


async def _renumbered(mail: Session, place: Place, opened: Opened) -> Place:
    """UIDVALIDITY changed: take the last days again under new numbers."""
    known = place.newest or place.after
    again = await mail.search("SINCE", day_of(known, DAYS_AGAIN)) if known else await mail.search("ALL")
    last = again[0] - 1 if again else opened.next_uid - 1
    return Place(
        validity=opened.validity, last=last, floor=last, after=place.after, newest=place.newest,
        again_to=opened.next_uid - 1,
    )  # fmt: skip


def _batches(facts: Sequence[Fact], largest: int) -> Iterator[list[Fact]]:
    """Few letters at a time, and few bytes: a batch is held in memory and kept in one transaction."""
    batch: list[Fact] = []
    size = 0
    for fact in facts:
        weight = min(fact.size, BEGINNING) if fact.size > largest else fact.size
        if batch and (size + weight > BATCH_BYTES or len(batch) >= BATCH_LETTERS):
            yield batch
            batch, size = [], 0
        batch.append(fact)
        size += weight
    if batch:
        yield batch


async def _fetch(
    mail: Session, mailbox: Mailbox, folder: Folder, place: Place, batch: Sequence[Fact]
) -> tuple[list[PolledEnvelope], set[int]]:
    """The letters of a batch, and those that the server cannot give just now: they are asked for again. Of those taken
    again after a renumbering, the ones from before our time are left alone."""
    batch = [fact for fact in batch if fact.uid > place.again_to or fact.at > place.after or not fact.at]
    whole = [fact.uid for fact in batch if fact.size <= mailbox.largest]
    bodies = await mail.bodies(whole) if whole else {}
    letters: list[PolledEnvelope] = []
    late: set[int] = set()
    for fact in batch:
        raw = bodies.get(fact.uid, b"")
        lack: Lack = "" if raw else "cut" if fact.size > mailbox.largest else "withheld"
        if raw is None and place.may_wait(fact.uid):
            late.add(fact.uid)
            continue
        if raw := raw or await _in_part(mail, fact):
            letters.append(_envelope(raw, lack, fact, folder, place))
    return letters, late


async def _in_part(mail: Session, fact: Fact) -> bytes:
    """What can be had of a letter that is too large, or that the server does not give whole: its beginning, else its
    header, else nothing but that it came. b"": it is gone by now."""
    with contextlib.suppress(NotGiven):
        if beginning := await mail.piece(fact.uid, 0, BEGINNING):
            return beginning
    with contextlib.suppress(NotGiven):
        if header := await mail.header(fact.uid):
            return header
    if await mail.search("UID", str(fact.uid)):
        return f"Message-ID: <uid-{fact.uid}.{fact.at}@unreadable.invalid>\r\n\r\n".encode()
    return b""


def _envelope(raw: bytes, lack: Lack, fact: Fact, folder: Folder, place: Place) -> PolledEnvelope:
    headers = {
        "uid": str(fact.uid), "validity": str(place.validity), "folder": folder.name, "role": folder.role,
        "internaldate": str(fact.at), "cut": str(fact.size) if lack == "cut" else "0",
        "imported": "1" if fact.uid <= place.imported_to else "0",
        **({"withheld": str(fact.size)} if lack == "withheld" else {}),
    }  # fmt: skip
    # The gateway stamps its own receipt; until then the server's stands.
    envelope = Envelope(body=raw, received_at=fact.at, method="IMAP", headers=headers)
    return PolledEnvelope(
        envelope=envelope, key=f"{folder.name}:{place.validity}:{fact.uid}", lane=lane_of(raw)
    )


def lane_of(raw: bytes) -> str:
    """Letters of one writer stay in order; "" when nobody is named."""
    senders = addresses(split(raw[: 2 * LONGEST_FIELD]).headers("from")[:1])
    return senders[0].email if senders else ""


async def whole(mailbox: Mailbox, patience: Patience, ref: str) -> AsyncIterator[bytes]:
    """A letter of which only a part was kept, from the mailbox. Raises TryLater when it is not there any more, or is not
    given."""
    validity, uid, name = ref.split(":", 2)
    async with session(mailbox, patience) as mail:
        opened = await mail.open(name)
        if str(opened.validity) != validity:
            raise TryLater("the folder was renumbered", code="letter_gone")
        at, step = 0, BATCH_BYTES
        while piece := await mail.piece(int(uid), at, step):
            yield piece
            at += len(piece)
        if not at:
            raise TryLater("the letter is not there any more", code="letter_gone")


def _midnight(day: str) -> Micros:
    try:
        return int(datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp()) * 1_000_000
    except ValueError:
        return 0
