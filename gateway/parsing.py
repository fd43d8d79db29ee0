"""What is in a journalled envelope? The channel's answer, with nothing it raises let through."""

from __future__ import annotations

import asyncio

import structlog

from channels.base import Channel, Envelope
from channels.errors import PayloadUnreadable
from channels.events import Event
from gateway.context import Gateway
from gateway.opening.batch import Parsed
from storage.waiting import Stored

log = structlog.get_logger(__name__)
LARGE = 32 * 1024
"""Bodies over this are read on a thread: a long letter must not hold the others up."""
PATIENCE = 20
"""Seconds after which an envelope is given up as unreadable."""


def restore(stored: Stored, body: bytes) -> Envelope:
    """The envelope as it came."""
    return Envelope(
        body=body,
        received_at=stored.received_at,
        method=stored.method,
        path=stored.path,
        query=stored.query,
        headers=stored.headers,
    )


async def body_of(gateway: Gateway, stored: Stored) -> bytes:
    """The envelope's bytes. Raises PayloadUnreadable when they were erased or the file is gone."""
    if stored.body is not None:
        return stored.body
    if stored.body_file is None:
        raise PayloadUnreadable("the body was erased", code="erased")
    try:
        return await gateway.files.read(stored.body_file)
    except FileNotFoundError:
        raise PayloadUnreadable("the body's file is gone", code="file_gone") from None


async def parse(gateway: Gateway, stored: Stored) -> Parsed:
    """The facts in it, or the error that sets it aside."""
    live = await gateway.sources.find(stored.source_id)
    if live is None:
        return Parsed(stored.id, stored.source_id, stored.received_at, ())
    try:
        envelope = restore(stored, await body_of(gateway, stored))
        events = await _parse(live.channel, envelope)
    except PayloadUnreadable as error:
        return _unreadable(stored, f"{error.code}: {error.detail}")
    except TimeoutError:
        return _unreadable(stored, "took_too_long")
    except Exception as error:
        log.exception("parser failed", source=stored.source_id, envelope=stored.id)
        return _unreadable(stored, f"parser_failed: {type(error).__name__}: {error}")
    return Parsed(stored.id, stored.source_id, stored.received_at, events)


async def _parse(channel: Channel, envelope: Envelope) -> tuple[Event, ...]:
    if len(envelope.body) <= LARGE:
        return channel.parse(envelope)
    return await asyncio.wait_for(asyncio.to_thread(channel.parse, envelope), PATIENCE)


def _unreadable(stored: Stored, error: str) -> Parsed:
    return Parsed(stored.id, stored.source_id, stored.received_at, (), error)
