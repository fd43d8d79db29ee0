"""What is in a letter?

The tree of parts becomes what people see: a text, a page, files. Everything is bounded; whatever is wrong
with the letter, something readable comes out, and the raw bytes stay where they were kept.
"""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from channels.base import PART
from channels.email import page, reply, tnef
from channels.email.charset import decode, of_html
from channels.email.headers import clean, parameter, text_of
from channels.email.mime import Part, split
from channels.errors import Refused
from channels.events import Attachment, AttachmentKind

LONGEST_TEXT = 200_000
LONGEST_HTML = 2_000_000
DEEPEST_HTML = 1000
MOST_LINKS = 5000
MOST_FILES = 200
LONGEST_NAME = 150

_EXTENSIONS = {
    "image/jpeg": ".jpg", "image/png": ".png", "image/gif": ".gif", "image/webp": ".webp", "text/csv": ".csv",
    "application/pdf": ".pdf", "text/calendar": ".ics", "message/rfc822": ".eml", "text/html": ".html",
    "text/plain": ".txt", "application/zip": ".zip", "application/pkcs7-signature": ".p7s",
    "application/pgp-signature": ".asc",
}  # fmt: skip
_SEALED = ("application/pkcs7-mime", "application/x-pkcs7-mime")
_REPORTS = (
    "message/delivery-status", "message/disposition-notification", "message/feedback-report",
    "text/rfc822-headers",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True, slots=True)
class Content:
    """What a letter says and carries."""

    text: str
    """All its words, the quoted ones too."""
    new: str
    """What its writer added; never "" when there are any words."""
    html: str
    """The page as it came, or the whole text when `new` leaves some of it out; "" is none."""
    files: tuple[Attachment, ...]
    sealed: bool
    """Encrypted: there are no words to read."""
    clipped: bool
    """It has more parts than are shown."""


def read(root: Part, *, subject: str, answers: bool) -> Content:
    """The content; `answers` tells that its header names a letter it replies to."""
    plain, pages, files = _sorted(root)
    wrapped = {part.index: tnef.unwrap(part.content()) for part in files if _is_winmail(part)}
    text = _joined([_plain(part) for part in plain])
    markup = "\n".join(_markup(part) for part in pages)[:LONGEST_HTML]
    if not (text or markup.strip()):  # all its words are wrapped
        text = _joined([_lines(one.text) for one in wrapped.values()])
        markup = "\n".join(_lines(one.html) for one in wrapped.values())[:LONGEST_HTML]
    shown = page.read(markup) if markup.strip() else None
    whole = (text if text.strip() else shown.text if shown else "")[:LONGEST_TEXT]
    new = _new(text, shown, whole) if reply.is_reply(subject, answers) else whole
    sealed = root.kind == "multipart/encrypted" or (root.kind in _SEALED and not whole)
    return Content(
        text=whole,
        new=new[:LONGEST_TEXT],
        html=_kept(markup, shown, whole, new),
        files=_numbered([file for part in files for file in _attachments(part, wrapped)][:MOST_FILES]),
        sealed=sealed,
        clipped=len(files) > MOST_FILES or any(part.clipped for part in _nodes(root)),
    )


def extract(raw: bytes, ref: str) -> bytes:
    """The bytes of a file inside a letter, by the ref its Attachment had. Raises Refused when it is not in
    there."""
    wanted, _, inside = ref.removeprefix(PART).partition("/")
    if wanted.isdecimal() and len(wanted) < 8:
        for part in split(raw).leaves():
            if part.index == int(wanted):
                return _inside(part.content(), inside) if inside else part.content()
    raise Refused("there is no such part in the letter", code="no_media")


def _inside(winmail: bytes, place: str) -> bytes:
    files = tnef.unwrap(winmail).files
    if place.isdecimal() and len(place) < 8 and int(place) < len(files):
        return files[int(place)].data
    raise Refused("there is no such file in winmail.dat", code="no_media")


def _sorted(root: Part) -> tuple[list[Part], list[Part], list[Part]]:
    """Parts shown as words, parts shown as a page, and files."""
    plain: list[Part] = []
    pages: list[Part] = []
    files: list[Part] = []
    _sort(root, plain, pages, files)
    return plain, pages, files


def _sort(part: Part, plain: list[Part], pages: list[Part], files: list[Part]) -> None:
    if part.kind == "multipart/alternative":
        _sort_alternatives(part, plain, pages, files)
    elif part.children:
        children = part.children
        if part.kind in ("multipart/signed", "multipart/encrypted"):
            files += [child for child in children[1:] if not child.children]
            children = children[:1] if part.kind == "multipart/signed" else []
        for child in children:
            _sort(child, plain, pages, files)
    elif _is_words(part, "text/plain"):
        plain.append(part)
    elif _is_words(part, "text/html"):
        pages.append(part)
    elif part.kind not in _REPORTS and (part.body.strip() or _named(part)):
        files.append(part)


def _sort_alternatives(part: Part, plain: list[Part], pages: list[Part], files: list[Part]) -> None:
    """One thing in several dresses: its words, its page, and files that belong to the page."""
    some_plain: list[Part] = []
    some_pages: list[Part] = []
    for child in part.children:
        _sort(child, some_plain, some_pages, files)
    plain += some_plain
    pages += some_pages


def _is_words(part: Part, kind: str) -> bool:
    return part.kind == kind and part.disposition != "attachment" and not _named(part)


def _named(part: Part) -> str:
    """The name a file was given; "" is none."""
    return parameter(part.disposition_params, "filename") or parameter(part.params, "name")


def _plain(part: Part) -> str:
    text = _lines(decode(part.content(), part.params.get("charset", "")))
    if part.params.get("format", "").lower() == "flowed":
        text = _unflowed(text, delete=part.params.get("delsp", "").lower() == "yes")
    return text


def _lines(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n").replace("\x00", "")


def _unflowed(text: str, *, delete: bool) -> str:
    """Soft line breaks taken out (RFC 3676); quoted lines keep theirs."""
    out: list[str] = []
    for raw_line in text.split("\n"):
        line = raw_line.removeprefix(" ")
        soft = line.endswith(" ") and line != "-- " and not line.startswith(">")
        out.append(line[:-1] if soft and delete else line)
        out.append("" if soft else "\n")
    return "".join(out[:-1])


def _joined(texts: list[str]) -> str:
    return "\n\n".join(text.strip("\n") for text in texts if text.strip())


def _markup(part: Part) -> str:
    body = part.content()[: LONGEST_HTML * 4]
    return _lines(decode(body, part.params.get("charset") or of_html(body)))


def _new(text: str, shown: page.Page | None, whole: str) -> str:
    """The page first: its marks tell the quote for certain. What is left empty is not believed."""
    if shown is not None and shown.text.strip() and (found := reply.new_text(shown.new)).strip():
        return found
    return reply.new_text(text) or whole


def _kept(markup: str, shown: page.Page | None, whole: str, new: str) -> str:
    """The page for those who want to see all of it; a page too large or too deep to be shown safely is left
    out."""
    low = markup.lower()
    told = shown is not None and (shown.text.strip() or "<img" in low)
    if told and low.count("<a ") <= MOST_LINKS and page.depth(markup) <= DEEPEST_HTML:
        return markup
    if len(new.strip()) < len(whole.strip()):
        return f"<pre>{html.escape(whole, quote=False)}</pre>"
    return ""


def _numbered(files: list[Attachment]) -> tuple[Attachment, ...]:
    """Files of one name get numbers, so that one does not take the other's place on somebody's disk."""
    seen: dict[str, int] = {}
    out = []
    for file in files:
        number = seen[file.name] = seen.get(file.name, 0) + 1
        stem, dot, last = file.name.rpartition(".")
        named = f"{stem} ({number}){dot}{last}" if dot else f"{file.name} ({number})"
        out.append(file if number == 1 else replace(file, name=named))
    return tuple(out)


def _nodes(part: Part) -> list[Part]:
    return [part, *(node for child in part.children for node in _nodes(child))]


def _is_winmail(part: Part) -> bool:
    return part.kind in tnef.KINDS or _named(part).lower() == "winmail.dat"


def _attachments(part: Part, wrapped: Mapping[int, tnef.Winmail]) -> list[Attachment]:
    """The file, and beside a winmail.dat what lies in it."""
    inside = wrapped[part.index].files if part.index in wrapped else []
    return [_attachment(part), *(_unwrapped(part, place, file) for place, file in enumerate(inside))]


def _unwrapped(part: Part, place: int, file: tnef.Wrapped) -> Attachment:
    mime = tnef.mime_of(file)
    return Attachment(
        kind=_kind(mime),
        ref=f"{PART}{part.index}/{place}",
        name=_safe_name(file.name) or f"file{_EXTENSIONS.get(mime, '')}",
        mime=mime,
        size=len(file.data),
        inline_id=clean(file.inline_id).strip("<> ")[:300],
    )


def _attachment(part: Part) -> Attachment:
    inline = clean(text_of(part.header("content-id"))).strip("<> ")
    return Attachment(
        kind=_kind(part.kind),
        ref=f"{PART}{part.index}",
        name=_file_name(part),
        mime=part.kind,
        size=part.size(),
        inline_id=inline[:300],
    )


def _kind(mime: str) -> AttachmentKind:
    if mime == "image/svg+xml":
        return "file"
    return {"image": "photo", "video": "video", "audio": "audio"}.get(mime.partition("/")[0], "file")  # type: ignore[return-value]


def _file_name(part: Part) -> str:
    """A name without paths and control characters; one is made for a part that has none."""
    name = _bare_name(_named(part))
    if not name and part.kind == "message/rfc822":
        name = reply.bare_subject(text_of(split(part.body[:65536]).header("subject")))[:80]
        name = re.sub(r"[\\/:*?\"<>|]", "_", name)
    extension = _EXTENSIONS.get(part.kind, "")
    if not name:
        name = {"text/calendar": "invite"}.get(part.kind, "smime" if "pkcs7" in part.kind else "file")
    return _shortened(name if "." in name[-8:] else name + extension)


def _safe_name(name: str) -> str:
    return _shortened(_bare_name(clean(name)))


def _bare_name(name: str) -> str:
    return re.split(r"[\\/]", name)[-1].strip(" .")


def _shortened(name: str) -> str:
    if len(name) <= LONGEST_NAME:
        return name
    stem, dot, last = name.rpartition(".")
    kept = LONGEST_NAME - len(last) - 1
    return stem[:kept] + dot + last if dot and len(last) < 12 else name[:LONGEST_NAME]
