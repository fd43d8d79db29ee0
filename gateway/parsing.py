"""What is in a journalled envelope? The channel's answer, with nothing it raises let through and no endless reading.

What is small is read here, for a quarter of a second at most; what is large or took longer is read in a process apart.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import msgspec
import structlog

from channels.base import RELEASED, Channel, Envelope
from channels.errors import PayloadUnreadable
from channels.events import Event, InboundMessage
from gateway.apart import ReaderFailed
from gateway.bound import TookTooLong, within
from gateway.context import Gateway
from gateway.opening.batch import Parsed
from storage.clean import cleaned
from storage.waiting import Stored

log = structlog.get_logger(__name__)
LARGE: Final = 64 * 1024
"""Bodies over this are read apart: a long letter must not hold the others up."""
QUICK: Final = 0.25
"""Seconds of processor time for reading a small one."""


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
    if live is None and gateway.sources.exists(stored.source_id):
        return _unreadable(
            stored, "source_not_open"
        )  # a channel that this process does not have: kept for one that has
    if live is None:
        return Parsed(stored.id, stored.source_id, stored.received_at, ())
    try:
        envelope = restore(stored, await body_of(gateway, stored))
        events = await _parse(gateway, live.channel, envelope)
    except PayloadUnreadable as error:
        return _unreadable(stored, f"{error.code}: {error.detail}")
    except TimeoutError:
        return _unreadable(stored, "took_too_long")
    except ReaderFailed as error:
        return _unreadable(stored, f"parser_failed: {error}")
    except Exception as error:
        log.exception("parser failed", source=stored.source_id, envelope=stored.id)
        return _unreadable(stored, f"parser_failed: {type(error).__name__}: {error}")
    if _unclean(events):
        events = cleaned(events)
    if RELEASED in envelope.marks:
        events = tuple(map(_let_out, events))
    return Parsed(stored.id, stored.source_id, stored.received_at, events)


def _unclean(events: tuple[Event, ...]) -> bool:
    """Whether a text of theirs holds what no database keeps; far cheaper than looking at each."""
    try:
        return b"\\u0000" in msgspec.json.encode(events)
    except (UnicodeError, TypeError):
        return True


def _let_out(event: Event) -> Event:
    """A person said that it is no spam, whatever the channel thinks."""
    if isinstance(event, InboundMessage) and event.nature == "spam":
        return replace(event, nature=None)
    return event


async def _parse(gateway: Gateway, channel: Channel, envelope: Envelope) -> tuple[Event, ...]:
    if len(envelope.body) <= LARGE:
        try:
            return within(QUICK, channel.parse, envelope)
        except TookTooLong:
            log.warning("parser is slow", source=channel.account.source_id, size=len(envelope.body))
    return await gateway.apart.parse(channel, envelope)


def _unreadable(stored: Stored, error: str) -> Parsed:
    return Parsed(stored.id, stored.source_id, stored.received_at, (), error)
