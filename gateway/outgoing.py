"""What does the network get of a part that is ready to leave?"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

from channels.base import OutboundFile, OutboundMessage
from channels.events import ContactCard, Identity, Location
from gateway.afterwards import spans_of
from gateway.context import Gateway
from gateway.post import as_letter
from storage.outbox import Ready


def message_of(gateway: Gateway, part: Ready) -> OutboundMessage:
    """The part as a channel takes it."""
    files = tuple(
        OutboundFile(
            kind=file["kind"], name=file["name"], mime=file["mime"], size=file["size"],
            read=_reader(gateway, file["digest"]), inline_id=file.get("inline_id", ""),
        )
        for file in part.content["files"]
    )  # fmt: skip
    message = OutboundMessage(
        key=part.id,
        thread=part.thread,
        to=Identity(kind=part.identity_kind, value=part.identity_value),
        # Whoever typed a stranger's address into a form must not put words into what we send there.
        to_name="" if part.content.get("automatic") else part.contact_name,
        text=part.content["text"],
        files=files,
        reply_to=part.reply_to,
        subject=part.subject,
        references=part.references,
        automatic=bool(part.content.get("automatic")),
        created_at=part.created_at,
        spans=spans_of(part.content.get("spans", ())),
        prepared=part.prepared,
        location=_location(part.content.get("location")),
        card=_card(part.content.get("card")),
        sticker=part.content.get("sticker", ""),
    )
    letter = part.content.get("letter")
    return message if letter is None else as_letter(message, letter, part.waiting)


def _location(kept: Mapping[str, Any] | None) -> Location | None:
    return None if kept is None else Location(**kept)


def _card(kept: Mapping[str, Any] | None) -> ContactCard | None:
    if kept is None:
        return None
    return ContactCard(name=kept["name"], phones=tuple(kept["phones"]), emails=tuple(kept["emails"]))


def _reader(gateway: Gateway, digest: str) -> Callable[[], AsyncIterator[bytes]]:
    def read() -> AsyncIterator[bytes]:
        return gateway.files.stream(digest)

    return read
