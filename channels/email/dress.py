"""How do a letter's words, its signature and what it repeats look, plain and as a page?"""

from __future__ import annotations

import html
import re

from channels.base import OutboundMessage, QuotedLetter
from channels.events import Span

SIGNATURE = "-- "
"""The line that mail programs know a signature by."""
FORWARDED = "-------- Пересылаемое сообщение --------"
QUOTE_STYLE = "margin:0 0 0 8px;padding:0 0 0 8px;border-left:1px solid #b8bfcc"
_TAGS = {
    "bold": ("<b>", "</b>"), "italic": ("<i>", "</i>"), "underline": ("<u>", "</u>"), "strike": ("<s>", "</s>"),
    "code": ("<code>", "</code>"), "pre": ("<pre>", "</pre>"), "quote": ("<blockquote>", "</blockquote>"),
}  # fmt: skip
_LINK = re.compile(r"https?://[^\s<>\"']{3,2000}[^\s<>\"'.,;:!?)\]}»]")


def text_of(message: OutboundMessage) -> str:
    """The plain twin."""
    parts = [_with_links(message)]
    if message.signature:
        parts.append(f"{SIGNATURE}\n{message.signature}")
    if message.quoted is not None:
        parts.append(_plain_quote(message.quoted))
    return "\n\n".join(part for part in parts if part)


def page_of(message: OutboundMessage, message_id: str) -> str:
    """The letter as a page. Its mark comes back with most programs' quotes, so that an answer is known by it alone."""
    pictures = "".join(
        f'<div><img src="cid:{html.escape(file.inline_id)}" alt="{html.escape(file.name)}" style="max-width:100%"></div>\n'
        for file in message.files
        if file.inline_id
    )
    parts = [
        f'<div data-gw="{html.escape(message_id)}">{_styled(message.text, message.spans)}</div>\n{pictures}'
    ]
    if message.signature:
        parts.append(
            f'<div class="gw_signature" style="color:#5b6472"><br>{SIGNATURE}<br>\n{_lines(message.signature)}</div>'
        )
    if message.quoted is not None:
        parts.append(_page_quote(message.quoted))
    body = "\n".join(parts)
    return f'<!DOCTYPE html>\n<html><head><meta charset="utf-8"></head><body>\n{body}\n</body></html>'


def _with_links(message: OutboundMessage) -> str:
    """The words; where a link stands behind other words, its address follows them."""
    text = message.text
    for span in sorted((one for one in message.spans if one.style == "link"), key=lambda one: -one.start):
        end = span.start + span.length
        if text[span.start : end] != span.url:
            text = f"{text[:end]} ({span.url}){text[end:]}"
    return text


def _styled(text: str, spans: tuple[Span, ...]) -> str:
    """The words with their styles; bare addresses become links."""
    if not spans:
        return _linked(text)
    opened: dict[int, list[str]] = {}
    closed: dict[int, list[str]] = {}
    for span in sorted(spans, key=lambda one: (one.start, -one.length)):
        before, after = _tags(span)
        opened.setdefault(span.start, []).append(before)
        closed.setdefault(span.start + span.length, []).insert(0, after)
    out: list[str] = []
    edges = sorted({0, len(text), *opened, *closed})
    for start, end in zip(edges, [*edges[1:], len(text)], strict=True):
        out += [*closed.get(start, ()), *opened.get(start, ()), _lines(text[start:end])]
    return "".join(out)


def _tags(span: Span) -> tuple[str, str]:
    if span.style == "link":
        return f'<a href="{html.escape(span.url)}">', "</a>"
    return _TAGS.get(span.style, ("", ""))


def _linked(text: str) -> str:
    out, at = [], 0
    for found in _LINK.finditer(text):
        address = html.escape(found[0])
        out += [_lines(text[at : found.start()]), f'<a href="{address}">{address}</a>']
        at = found.end()
    return "".join([*out, _lines(text[at:])])


def _lines(text: str) -> str:
    return html.escape(text, quote=False).replace("\r\n", "\n").replace("\n", "<br>\n")


def _introduction(quoted: QuotedLetter) -> str:
    return f"{quoted.when}, {quoted.author}:"


def _headings(quoted: QuotedLetter) -> list[str]:
    told = [("От", quoted.author), ("Дата", quoted.when), ("Кому", quoted.to), ("Тема", quoted.subject)]
    return [f"{name}: {value}" for name, value in told if value]


def _plain_quote(quoted: QuotedLetter) -> str:
    if quoted.forwarded:
        return "\n".join([FORWARDED, *_headings(quoted), "", quoted.text])
    lines = [f"> {line}" if line else ">" for line in quoted.text.split("\n")]
    return "\n".join([_introduction(quoted), *lines])


def _page_quote(quoted: QuotedLetter) -> str:
    inner = quoted.html or _lines(quoted.text)
    if quoted.forwarded:
        head = "<br>\n".join(html.escape(line, quote=False) for line in [FORWARDED, *_headings(quoted)])
        return f'<div class="gw_forward"><br>{head}<br><br>\n{inner}</div>'
    head = html.escape(_introduction(quoted), quote=False)
    below = f'<blockquote type="cite" style="{QUOTE_STYLE}">{inner}</blockquote>'
    return f'<div class="gmail_quote gw_quote"><br>{head}<br>\n{below}</div>'
