"""How do a place and somebody's card go by mail? The place as words with a link to a map, the card as a file."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

from channels.base import OutboundFile, OutboundMessage
from channels.cards import vcard
from channels.events import ContactCard, Location

MAP = "https://www.openstreetmap.org/?mlat={0}&mlon={1}#map=17/{0}/{1}"


def as_mail(message: OutboundMessage) -> OutboundMessage:
    """The message in what a letter is made of: words and files."""
    words = [message.text, *([] if message.location is None else [_place(message.location)])]
    files = [*message.files, *([] if message.card is None else [_file(message.card)])]
    text = "\n\n".join(part for part in words if part)
    return replace(message, text=text, files=tuple(files), location=None, card=None)


def _place(place: Location) -> str:
    link = MAP.format(round(place.latitude, 6), round(place.longitude, 6))
    return "\n".join(line for line in (place.title, place.address, link) if line)


def _file(card: ContactCard) -> OutboundFile:
    body = vcard(card).encode()

    async def read() -> AsyncIterator[bytes]:
        yield body

    return OutboundFile(kind="file", name=f"{card.name}.vcf", mime="text/vcard", size=len(body), read=read)
