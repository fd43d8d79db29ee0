"""Who fetches what clients sent? At once, because a network's links run out; what cannot be fetched says why."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence

import filetype
import structlog

from channels.base import PART, Channel
from channels.errors import ChannelError, Refused, TryLater
from gateway.context import Gateway
from gateway.parsing import body_of, restore
from gateway.pulse import REST
from routing.times import HOUR, MINUTE, SECOND, Micros
from storage import media, waiting
from storage.errors import Unavailable
from storage.files import Stored, TooLarge
from storage.media import Missed, Wanted

log = structlog.get_logger(__name__)
AT_ONCE = 8
PATIENCE = 5 * MINUTE
TIME_LIMIT = 240
ATTEMPTS = 11
LONGEST_REST = 30 * SECOND


class Fetcher:
    """Fetches attachments until cancelled."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self.silent: dict[str, tuple[Micros, Micros]] = {}
        """source -> until when its network is not asked, and how long that is: nothing could be had of it."""

    async def run(self) -> None:
        with self._gateway.bells.listening("media") as bell:
            while True:
                if not await self._round():
                    await bell.wait(REST)

    async def _round(self) -> bool:
        """One handful; what could not be fetched is written down together."""
        try:
            now = self._gateway.now()
            resting = [source_id for source_id, (until, _) in self.silent.items() if now < until]
            wanted = await self._gateway.database.write(media.to_fetch, AT_ONCE, PATIENCE, resting)
            tried = await asyncio.gather(*(self._fetch(one) for one in wanted))
            self.listen(wanted, tried)
            missed = [one for one in tried if one is not None]
            if missed:
                await self._gateway.database.write(media.not_fetched, missed)
        except Unavailable:
            return False
        return bool(wanted)

    def listen(self, wanted: Sequence[Wanted], tried: Sequence[Missed | None]) -> None:
        """A network that gave none of the files asked for rests a while, longer each time; the others' files go on."""
        later = {
            one.id: missed is not None and missed.again_at is not None
            for one, missed in zip(wanted, tried, strict=True)
        }
        for source_id in {one.source_id for one in wanted}:
            if all(later[one.id] for one in wanted if one.source_id == source_id):
                rest = min(2 * self.silent.get(source_id, (0, SECOND // 2))[1], LONGEST_REST)
                self.silent[source_id] = (self._gateway.now() + rest, rest)
            else:
                self.silent.pop(source_id, None)

    async def _fetch(self, wanted: Wanted) -> Missed | None:
        """None: it is here; else why not, and when to try again."""
        try:
            await self._store(wanted)
        except TooLarge:
            return Missed(wanted, "too_large")
        except Refused as error:
            return Missed(wanted, error.code)
        except (ChannelError, TimeoutError, OSError) as error:
            return self._again(wanted, error)
        except Exception as error:
            log.exception("fetching failed", attachment=wanted.id)
            return self._again(wanted, error)
        return None

    async def _store(self, wanted: Wanted) -> None:
        live = await self._gateway.sources.find(wanted.source_id)
        if live is None:
            raise Refused("the source is gone", code="source_gone")
        async with asyncio.timeout(TIME_LIMIT):
            chunks = await self._chunks(live.channel, wanted)
            stored = await self._gateway.files.put(chunks, self._gateway.config.max_media)
        mime = kind_of(stored.head, wanted.mime, wanted.name)
        thumb, shape = await self._thumb(stored, mime)
        await self._gateway.database.write(
            media.fetched, wanted, stored.digest, stored.size, mime, thumb, shape
        )

    async def _chunks(self, channel: Channel, wanted: Wanted) -> AsyncIterator[bytes]:
        """The network's bytes, or those the envelope itself carries."""
        if wanted.ref.startswith(PART) and wanted.envelope_id is not None:
            found = await self._gateway.database.read(waiting.find, wanted.envelope_id)
            if found is None:
                raise Refused("the envelope is gone", code="envelope_gone")
            envelope = restore(found, await body_of(self._gateway, found))
            body = await asyncio.to_thread(channel.unpack, envelope, wanted.ref)
            return _once(body)
        return channel.download(wanted.ref)

    async def _thumb(self, stored: Stored, mime: str) -> tuple[str | None, tuple[int | None, int | None]]:
        if not mime.startswith("image/") or mime == "image/svg+xml":
            return None, (None, None)
        body = await self._gateway.files.read(stored.digest)
        try:
            small, width, height = await asyncio.to_thread(_shrink, body)
        except Exception as error:  # a broken picture is still a file
            log.info("no thumbnail", error=type(error).__name__)
            return None, (None, None)
        return (await self._gateway.files.put_bytes(small)).digest, (width, height)

    def _again(self, wanted: Wanted, error: Exception) -> Missed:
        reason = error.code if isinstance(error, ChannelError) else type(error).__name__
        if wanted.attempts >= ATTEMPTS:
            return Missed(wanted, reason)
        wait = 2 ** min(wanted.attempts, 10) * SECOND
        if isinstance(error, TryLater) and error.after is not None:
            wait = max(wait, int(error.after * SECOND))
        return Missed(wanted, reason, self._gateway.now() + min(wait, HOUR))


async def _once(body: bytes) -> AsyncIterator[bytes]:
    yield body


def kind_of(head: bytes, told: str, name: str) -> str:
    """The MIME type by the bytes themselves; what they do not tell is taken from the sender, but never as a page."""
    found = filetype.guess_mime(head)
    if found:
        return str(found)
    told = told.partition(";")[0].strip().lower()
    if told in {"text/html", "application/xhtml+xml", "image/svg+xml", "text/xml", "application/xml"}:
        return "text/plain"
    return told or ("text/plain" if name.endswith(".txt") else "application/octet-stream")


def _shrink(body: bytes) -> tuple[bytes, int, int]:
    from gateway.pictures import shrink

    return shrink(body)
