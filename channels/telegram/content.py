"""What does a Telegram message say?

Bot API: Message. Some kinds come with the same file under a second name: an animation also as a document,
a venue also as a location, a live photo also as a photo; so the special one is looked for first.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from channels.events import Attachment, AttachmentKind, ContactCard, Location, MessageKind, Quoted, Span
from channels.telegram.text import spans_of
from channels.telegram.wire import Chat, File, FullChat, Message, Origin, SharedContact, User
from channels.values import value

SECOND: Final = 1_000_000


@value(frozen=True, kw_only=True, slots=True)
class Content:
    """What is said, without who said it and where."""

    kind: MessageKind
    text: str = ""
    spans: tuple[Span, ...] = ()
    attachments: tuple[Attachment, ...] = ()
    location: Location | None = None
    card: ContactCard | None = None
    phone: str = ""
    """The writer's own number in E.164, when the network proves it."""


def content_of(message: Message) -> Content | None:
    """What it says; None: nothing of a kind that we know."""
    if message.text:
        return Content(kind="text", text=message.text, spans=spans_of(message.text, message.entities))
    for read in (_media, _placed, _shared):
        found = read(message)
        if found is not None:
            return found
    return None


def _media(message: Message) -> Content | None:
    caption = message.caption or ""
    spans = spans_of(caption, message.caption_entities)
    for name, kind, attach in READERS:
        file = getattr(message, name)
        if file is not None:
            return Content(kind=kind, text=caption, spans=spans, attachments=(attach(file),))
    if message.live_photo is not None or message.photo:
        return Content(kind="photo", text=caption, spans=spans, attachments=_pictures(message))
    if (sticker := message.sticker) is not None:
        return Content(kind="sticker", text=sticker.emoji or "", attachments=(_sticker(sticker),))
    return None


def _pictures(message: Message) -> tuple[Attachment, ...]:
    """The largest size of the photo, and the moving part of a live one."""
    sizes = message.photo or ()
    largest = max(sizes, key=lambda one: (one.width or 0) * (one.height or 0), default=None)
    still = () if largest is None else (_attachment("photo", largest, mime="image/jpeg"),)
    moving = message.live_photo
    return still if moving is None else (*still, _attachment("video", moving, mime="video/mp4"))


def _placed(message: Message) -> Content | None:
    if (venue := message.venue) is not None:
        point = venue.location
        place = Location(
            latitude=point.latitude, longitude=point.longitude, title=venue.title, address=venue.address
        )
    elif (point_only := message.location) is not None:
        place = Location(latitude=point_only.latitude, longitude=point_only.longitude)
    else:
        return None
    return Content(kind="location", location=place)


def _shared(message: Message) -> Content | None:
    """A contact is the writer's own only when it names the writer (Bot API: Contact.user_id)."""
    contact = message.contact
    if contact is None:
        return None
    own = contact.user_id is not None and message.from_ is not None and contact.user_id == message.from_.id
    number = _e164(contact) if own else contact.phone_number
    card = ContactCard(name=full_name(contact), phones=(number,) if number else (), own=own)
    return Content(kind="contact", card=card, phone=number if own else "")


def _e164(contact: SharedContact) -> str:
    """Telegram's own numbers are international, with or without the plus."""
    digits = "".join(one for one in contact.phone_number if one in "0123456789")
    return f"+{digits}" if 7 <= len(digits) <= 15 else ""


def quote_of(message: Message) -> str:
    """The part of the answered message that the writer picked; what Telegram's own programs pick is not told."""
    return message.quote.text if message.quote is not None and message.quote.is_manual else ""


def forwards_of(message: Message, content: Content) -> tuple[Quoted, ...]:
    """A forwarded message, whose words are all another's; or the words of another chat that are answered here."""
    if (origin := message.forward_origin) is not None:
        return (Quoted(author=origin_name(origin), at=(origin.date or 0) * SECOND, text=content.text),)
    if message.external_reply is None or (origin := message.external_reply.origin) is None:
        return ()
    words = message.quote.text if message.quote is not None else ""
    return (Quoted(author=origin_name(origin), at=(origin.date or 0) * SECOND, text=words),)


def full_name(person: User | Chat | FullChat | SharedContact) -> str:
    """First and last name as one."""
    return f"{person.first_name or ''} {person.last_name or ''}".strip()


def origin_name(origin: Origin | None) -> str:
    """Who wrote a forwarded message first; "" when it was not forwarded."""
    if origin is None:
        return ""
    if origin.sender_user is not None:
        user = origin.sender_user
        return full_name(user) or (f"@{user.username}" if user.username else str(user.id))
    chat = origin.sender_chat or origin.chat
    if chat is not None:
        return chat.title or full_name(chat) or (f"@{chat.username}" if chat.username else str(chat.id))
    return origin.sender_user_name or "?"


def _attachment(kind: AttachmentKind, file: File, *, mime: str = "", name: str = "") -> Attachment:
    return Attachment(
        kind=kind,
        ref=file.file_id,
        name=file.file_name or name,
        mime=file.mime_type or mime,
        size=file.file_size,
        width=file.width,
        height=file.height,
        seconds=file.duration,
        mark=file.file_unique_id or "",
    )


def _video(file: File) -> Attachment:
    return _attachment("video", file, mime="video/mp4")


def _video_note(file: File) -> Attachment:
    """A round video: square, `length` its side."""
    return Attachment(
        kind="video", ref=file.file_id, mime="video/mp4", size=file.file_size, width=file.length,
        height=file.length, seconds=file.duration, mark=file.file_unique_id or "",
    )  # fmt: skip


def _voice(file: File) -> Attachment:
    return _attachment("voice", file, mime="audio/ogg")


def _audio(file: File) -> Attachment:
    told = " – ".join(part for part in (file.performer, file.title) if part)
    return _attachment("audio", file, mime="audio/mpeg", name=told)


def _document(file: File) -> Attachment:
    return _attachment("file", file)


def _sticker(file: File) -> Attachment:
    mime = "application/x-tgsticker" if file.is_animated else "video/webm" if file.is_video else "image/webp"
    return _attachment("sticker", file, mime=mime)


READERS: Final[tuple[tuple[str, MessageKind, Callable[[File], Attachment]], ...]] = (
    ("animation", "video", _video),
    ("video", "video", _video),
    ("video_note", "video", _video_note),
    ("voice", "voice", _voice),
    ("audio", "audio", _audio),
    ("document", "file", _document),
)
