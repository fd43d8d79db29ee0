"""What hangs on a message: which files can be fetched, and what do the other things say in words?

A video of VK has no file address: it becomes its title and its page. A thing without file and words of its
own is named by VK's word for it, never left out. Kinds: vk-api-schema messages_message_attachment_type, and
some that it leaves out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from channels.events import Attachment, AttachmentKind, MessageKind
from channels.values import value
from channels.vk.wire import Json, number, rows, table, words

LONGEST_LINE = 1000
MOST = 200
SITE = "https://vk.com"
SIZES = ("s", "m", "o", "p", "q", "r", "x", "y", "z", "w", "orig", "base")
"""VK's names of picture sizes, the smallest first; used where a size tells no width."""
DOC_KINDS: dict[int, AttachmentKind] = {3: "photo", 4: "photo", 5: "audio", 6: "video"}
"""docs_doc.type: gif, picture, sound, video; all else is a file."""
MIMES = {
    "pdf": "application/pdf", "gif": "image/gif", "png": "image/png", "jpg": "image/jpeg",
    "jpeg": "image/jpeg", "webp": "image/webp", "mp4": "video/mp4", "mp3": "audio/mpeg", "ogg": "audio/ogg",
    "txt": "text/plain", "zip": "application/zip", "csv": "text/csv",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}  # fmt: skip


@value(frozen=True, kw_only=True, slots=True)
class Part:
    """One thing on a message: a file, words for it, or only VK's name of it."""

    file: Attachment | None = None
    line: str = ""
    unknown: str = ""
    kind: MessageKind | None = None
    """What a message without other files is, where that is more than text."""


def parts_of(message: Json) -> list[Part]:
    """What hangs on this message, in order; forwarded messages aside."""
    return [part_of(words(row, "type"), row) for row in rows(message, "attachments")[:MOST]]


def part_of(name: str, row: Json) -> Part:
    """One attachment. Nothing in it makes this fail."""
    body = table(row, name)
    reader = READERS.get(name)
    part = reader(body) if reader is not None and body else Part()
    if part.file is not None and number(body, "id"):
        part = replace(part, file=replace(part.file, mark=f"{name}{_id(body)}"))
    return part if part.file or part.line or part.unknown else _unknown(name, body)


def _unknown(name: str, body: Json) -> Part:
    """A kind we know nothing of: its name, and its title and link if it has such."""
    link = words(body, "url")
    safe = link if link.startswith(("https://", "http://")) else ""
    return Part(line=_lines(words(body, "title"), safe), unknown=name or "attachment")


def _lines(*lines: str) -> str:
    return "\n".join(line[:LONGEST_LINE] for line in lines if line)


def _id(body: Json) -> str:
    return f"{number(body, 'owner_id')}_{number(body, 'id')}"


def _page(what: str, body: Json) -> str:
    """The thing's page on VK; "" for a thing without a number."""
    return f"{SITE}/{what}{_id(body)}" if number(body, "id") else ""


def _largest(sizes: Iterable[Json], key: str = "url") -> Json:
    """The largest picture that has an address; sizes may be unsorted or tell no width."""

    def area(size: Json) -> tuple[int, int]:
        name = words(size, "type")
        return number(size, "width") * number(size, "height"), SIZES.index(name) if name in SIZES else -1

    return max((size for size in sizes if words(size, key)), key=area, default={})


def _photo(body: Json) -> Part:
    best = _largest([*rows(body, "sizes"), table(body, "orig_photo")])
    if not best:
        return Part()
    file = Attachment(
        kind="photo", ref=words(best, "url"), name=f"photo{_id(body)}.jpg", mime="image/jpeg",
        width=number(best, "width") or None, height=number(best, "height") or None,
    )  # fmt: skip
    return Part(file=file, line=_lines(words(body, "text")))


def _video(body: Json) -> Part:
    return Part(line=_lines(words(body, "title"), _page("video", body)), kind="video")


def _audio(body: Json) -> Part:
    title = " — ".join(filter(None, (words(body, "artist"), words(body, "title"))))
    link = words(body, "url")
    if not link:
        return Part(line=_lines(title), kind="audio")
    name = f"{title or 'audio'}.mp3"
    seconds = number(body, "duration") or None
    return Part(file=Attachment(kind="audio", ref=link, name=name, mime="audio/mpeg", seconds=seconds))


def _doc(body: Json) -> Part:
    preview = table(body, "preview")
    if voice := table(preview, "audio_msg"):
        return _voice({**voice, "id": body.get("id"), "owner_id": body.get("owner_id")})
    link = words(body, "url")
    if not link:
        return Part(line=_lines(words(body, "title"), _page("doc", body)), kind="file")
    ext = words(body, "ext").lower()
    kind = DOC_KINDS.get(number(body, "type"), "file")
    file = Attachment(
        kind=kind, ref=link, name=_named(words(body, "title") or f"doc{_id(body)}", ext),
        mime=MIMES.get(ext, ""), size=number(body, "size") or None,
    )  # fmt: skip
    return Part(file=file)


def _named(title: str, ext: str) -> str:
    """A document's title with its ending: people rename documents and drop it."""
    return title if not ext or title.lower().endswith(f".{ext}") else f"{title}.{ext}"


def _voice(body: Json) -> Part:
    """MP3 before OGG: every browser plays it."""
    link = words(body, "link_mp3") or words(body, "link_ogg")
    if not link:
        return Part()
    mp3 = bool(words(body, "link_mp3"))
    file = Attachment(
        kind="voice", ref=link, name=f"voice{_id(body)}.{'mp3' if mp3 else 'ogg'}",
        mime="audio/mpeg" if mp3 else "audio/ogg", seconds=number(body, "duration") or None,
        transcript=words(body, "transcript"),
    )  # fmt: skip
    return Part(file=file)


def _sticker(body: Json) -> Part:
    best = _largest(rows(body, "images") or rows(body, "images_with_background"))
    if not best:
        return Part()
    file = Attachment(
        kind="sticker", ref=words(best, "url"), mime="image/png",
        name=f"sticker{number(body, 'sticker_id')}.png",
        width=number(best, "width") or None, height=number(best, "height") or None,
    )  # fmt: skip
    return Part(file=file)


def sticker_number(name: str) -> str:
    """The number of a sticker that came under this file name, "" when it is none."""
    number = name.removeprefix("sticker").removesuffix(".png")
    return number if number.isascii() and number.isdecimal() and number != "0" else ""


def _graffiti(body: Json) -> Part:
    if not words(body, "url"):
        return Part()
    file = Attachment(
        kind="photo", ref=words(body, "url"), name=f"graffiti{_id(body)}.png", mime="image/png",
        width=number(body, "width") or None, height=number(body, "height") or None,
    )  # fmt: skip
    return Part(file=file)


def _gift(body: Json) -> Part:
    link = words(body, "thumb_512") or words(body, "thumb_256") or words(body, "thumb_96")
    if not link:
        return Part()
    name = f"gift{number(body, 'id')}.png"
    return Part(file=Attachment(kind="sticker", ref=link, name=name, mime="image/png"), unknown="gift")


def _link(body: Json) -> Part:
    return Part(line=_lines(words(body, "title"), words(body, "url")))


def _market(body: Json) -> Part:
    title = " — ".join(filter(None, (words(body, "title"), words(table(body, "price"), "text"))))
    return Part(line=_lines(title, _page(f"market{number(body, 'owner_id')}?w=product", body)))


def _market_album(body: Json) -> Part:
    return Part(line=_lines(words(body, "title"), f"{SITE}/market{number(body, 'owner_id')}"))


def _wall(body: Json) -> Part:
    owner = number(body, "owner_id") or number(body, "to_id") or number(body, "from_id")
    return Part(line=_lines(words(body, "text"), _page("wall", {**body, "owner_id": owner})))


def _wall_reply(body: Json) -> Part:
    post = f"{number(body, 'owner_id')}_{number(body, 'post_id')}"
    return Part(line=_lines(words(body, "text"), f"{SITE}/wall{post}?reply={number(body, 'id')}"))


def _article(body: Json) -> Part:
    return Part(line=_lines(words(body, "title"), words(body, "url") or words(body, "view_url")))


def _poll(body: Json) -> Part:
    answers = [f"• {words(answer, 'text')}" for answer in rows(body, "answers")[:50]]
    return Part(line=_lines(words(body, "question"), *answers, _page("poll", body)))


def _podcast(body: Json) -> Part:
    title = " — ".join(filter(None, (words(body, "artist"), words(body, "title"))))
    return Part(line=_lines(title, _page("podcast", body)))


def _story(body: Json) -> Part:
    return Part(line=_page("story", body))


READERS: dict[str, Callable[[Json], Part]] = {
    "photo": _photo, "video": _video, "clip": _video, "audio": _audio, "doc": _doc, "audio_message": _voice,
    "sticker": _sticker, "graffiti": _graffiti, "gift": _gift, "link": _link, "market": _market,
    "market_album": _market_album, "market_market_album": _market_album, "wall": _wall,
    "wall_reply": _wall_reply, "article": _article, "poll": _poll, "podcast": _podcast,
    "podcasts": _podcast, "story": _story,
}  # fmt: skip
"""A call, a playlist, a money transfer and the like have no words of their own: their name is shown."""
