"""Where do files lie?

Content-addressed: a file's name is the SHA-256 of its bytes, so the same picture is kept once. A file is whole or absent:
it is written beside its place and moved there.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

CHUNK = 256 * 1024


class TooLarge(Exception):
    """More bytes than allowed came; nothing is kept."""


@dataclass(frozen=True, slots=True)
class Stored:
    """What was kept: its SHA-256 in hex, its size in bytes, and its first bytes to tell its kind by."""

    digest: str
    size: int
    head: bytes


class FileStore:
    """A folder of files, two levels deep."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def path(self, digest: str) -> Path:
        """Where the file lies. Raises ValueError for what is no digest."""
        if len(digest) != 64 or not all(c in "0123456789abcdef" for c in digest):
            raise ValueError("not a digest")
        return self.root / digest[:2] / digest

    async def put(self, chunks: AsyncIterator[bytes], limit: int) -> Stored:
        """Keep a stream. Raises TooLarge past `limit` bytes, and OSError when the disk refuses."""
        hasher, size, head = hashlib.sha256(), 0, b""
        first = await anext(chunks, None)  # nothing is made on disk for what does not come at all
        part = self.root / "incoming" / secrets.token_hex(16)
        await asyncio.to_thread(part.parent.mkdir, parents=True, exist_ok=True)
        try:
            with await asyncio.to_thread(part.open, "wb") as out:
                chunk = first
                while chunk is not None:
                    size += len(chunk)
                    if size > limit:
                        raise TooLarge(str(limit))
                    head = head or chunk[:512]
                    hasher.update(chunk)
                    await asyncio.to_thread(out.write, chunk)
                    chunk = await anext(chunks, None)
                await asyncio.to_thread(_sync, out.fileno())
            digest = hasher.hexdigest()
            await asyncio.to_thread(_move, part, self.path(digest))
        except BaseException:
            part.unlink(missing_ok=True)
            raise
        return Stored(digest, size, head)

    async def put_bytes(self, body: bytes) -> Stored:
        """Keep bytes that are already here."""

        async def once() -> AsyncIterator[bytes]:
            yield body

        return await self.put(once(), len(body))

    async def read(self, digest: str) -> bytes:
        """The whole file. Raises FileNotFoundError."""
        return await asyncio.to_thread(self.path(digest).read_bytes)

    async def stream(self, digest: str) -> AsyncIterator[bytes]:
        """The file by chunks. Raises FileNotFoundError."""
        with await asyncio.to_thread(self.path(digest).open, "rb") as file:
            while chunk := await asyncio.to_thread(file.read, CHUNK):
                yield chunk

    async def remove(self, digest: str) -> None:
        """Take the file away; absent is fine."""
        await asyncio.to_thread(self.path(digest).unlink, True)


def _sync(descriptor: int) -> None:
    os.fsync(descriptor)


def _move(part: Path, place: Path) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    part.replace(place)
