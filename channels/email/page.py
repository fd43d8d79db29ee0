"""What does an HTML letter say in plain words?

A tolerant reader of its own: one pass over the tags, linear whatever the markup, so nothing a
stranger nests or leaves open can make it slow. Quotes are left out by the marks that mail programs
put on them; what the marks do not tell is left to the rules on plain text (reply.py).
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

LONGEST = 600_000
"""Characters of markup that are read."""
DEEPEST = 400
RULE = "________________________________"
"""What a horizontal line, or Outlook's border above a quoted header block, becomes in the text."""

_NAME = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9:_-]{0,40})")
_MARK = re.compile(r"[<>\"']")
_ATTRIBUTE = re.compile(r"([a-zA-Z_:][-a-zA-Z0-9_:.]{0,60}+)\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s\"'>]+))")
_SPACE = re.compile(r"[ \t\r\n\f]+")
_BORDER = re.compile(r"border-top\s*:\s*solid\s+#?\w+\s+1\.0pt", re.I)


def _set(names: str) -> frozenset[str]:
    return frozenset(names.split())


_VOID = _set("area base br col embed hr img input link meta param source track wbr")
_SILENT = _set("script style title head noscript iframe object svg math template textarea select")
_BLOCKS = _set(
    "address article aside blockquote body caption center dd div dl dt fieldset figure footer form"
    " h1 h2 h3 h4 h5 h6 header hr li main nav ol p pre section table tr ul"
)
CUT = "#cut"
_LOOSE = _set("p li tr td th dd dt option body html")
_SPACED = _set("p h1 h2 h3 h4 h5 h6 ul ol table blockquote pre")
# Marks of mail programs. What stands in such an element is a quote or a signature; from the others on all
# is quote.
_QUOTE_CLASSES = _set(
    "gmail_quote gmail_quote_container gmail_extra gmail_attr moz-cite-prefix yahoo_quoted protonmail_quote"
    " moz-forward-container_quoted zmail_extra tutanota_quote WordSection1_quoted"
)
_QUOTE_IDS = _set("mail-editor-reference-message-container isForwardContent OLK_SRC_BODY_SECTION")
_CUT_IDS = _set("appendonsend x_appendonsend divRplyFwdMsg x_divRplyFwdMsg reply-intro")
_SIGNATURE_CLASSES = _set("gmail_signature moz-signature protonmail_signature_block")
_FORWARD = re.compile(
    r"^[\W_]*(?:forwarded message|пересылаемое сообщение|пересланное сообщение|перенаправленное сообщение"
    r"|begin forwarded message|начало переадресованного)",
    re.I,
)


@dataclass(slots=True)
class _Open:
    name: str
    quoted: bool = False
    silent: bool = False
    cites: bool = False


@dataclass(slots=True)
class _Text:
    """The text as it grows. `quotes` is how many citations deep it stands."""

    lines: list[str] = field(default_factory=list)
    line: list[str] = field(default_factory=list)
    quotes: int = 0

    def add(self, text: str) -> None:
        self.line.append(text)

    def end_line(self, *, gap: bool = False) -> None:
        line = _SPACE.sub(" ", "".join(self.line)).strip()
        self.line = []
        if line:
            self.lines.append("> " * min(self.quotes, 5) + line)
        if gap and self.lines and self.lines[-1]:
            self.lines.append("")

    def break_line(self) -> None:
        line = _SPACE.sub(" ", "".join(self.line)).strip()
        self.line = []
        self.lines.append("> " * min(self.quotes, 5) + line if line or self.quotes else "")


@dataclass(frozen=True, kw_only=True, slots=True)
class Page:
    """A letter's page in plain words."""

    text: str
    """Everything."""
    new: str
    """Without what the marks of mail programs call a quote or a signature."""
    marked: bool
    """Such marks were there."""


def read(markup: str) -> Page:
    """The page's text, whole and without marked quotes. Never raises."""
    markup = markup[:LONGEST]
    whole = "\n".join(_walk(markup, keep=True, found=[]))
    found: list[str] = []
    new = "\n".join(_walk(markup, keep=False, found=found))
    return Page(text=whole.strip("\n"), new=new.strip("\n"), marked=bool(found))


def depth(markup: str) -> int:
    """How deep elements are nested at most; those that need no end tag do not count."""
    deepest = now = 0
    for token in _tokens(markup):
        if token.kind == "text" or token.name in _VOID or token.name in _LOOSE:
            continue
        now = max(0, now - 1) if token.kind == "close" else now + 1
        deepest = max(deepest, now)
    return deepest


def _walk(markup: str, *, keep: bool, found: list[str]) -> list[str]:
    """The lines; `found` collects the marks of quotes that were met."""
    text, stack = _Text(), list[_Open]()
    skipping = 0
    for token in _tokens(markup):
        if token.kind == "text":
            text.add("" if skipping else token.words)
        elif token.kind == "close":
            skipping = _close(text, stack, token.name, skipping)
        else:
            element = _opened(token, markup, keep)
            if element.quoted or element.name == CUT:
                found.append(token.name)
            if element.name == CUT:
                break
            if not skipping and not element.quoted:
                _begin(text, element, token.words)
            if token.name not in _VOID and len(stack) < DEEPEST:
                skipping += element.quoted or element.silent
                text.quotes += element.cites and not skipping
                stack.append(element)
    text.end_line()
    return text.lines


def _close(text: _Text, stack: list[_Open], name: str, skipping: int) -> int:
    """Close the nearest open element of this name and all inside it; an end without a beginning is
    nothing.
    """
    places = range(len(stack) - 1, max(-1, len(stack) - 60), -1)
    at = next((place for place in places if stack[place].name == name), None)
    if at is None:
        return skipping
    if not skipping and name in _BLOCKS:
        text.end_line(gap=name in _SPACED)
    for element in stack[at:]:
        text.quotes -= element.cites and text.quotes > 0 and not skipping
        skipping -= element.quoted or element.silent
    del stack[at:]
    return skipping


def _begin(text: _Text, element: _Open, attributes: str) -> None:
    match element.name:
        case "br":
            text.break_line()
        case "hr":
            text.end_line()
            text.lines.append(RULE)
        case "li":
            text.end_line()
            text.add("• ")
        case "td" | "th":
            text.add(" ")
        case name if name in _BLOCKS:
            text.end_line(gap=name in _SPACED)
            if name == "div" and _BORDER.search(attributes):
                text.lines.append(RULE)
        case _:
            pass


def _opened(token: _Token, markup: str, keep: bool) -> _Open:
    """What this element is to us."""
    name, rest = token.name, token.words
    element = _Open(name, silent=name in _SILENT, cites=name == "blockquote")
    if keep or "=" not in rest:
        return element
    facts = {key.lower(): a or b or c for key, a, b, c in _ATTRIBUTE.findall(rest[:4000])}
    classes, identity = facts.get("class", "").split(), facts.get("id", "")
    if identity in _CUT_IDS:
        return _Open(CUT)
    element.quoted = (
        not _QUOTE_CLASSES.isdisjoint(classes)
        or not _SIGNATURE_CLASSES.isdisjoint(classes)
        or identity in _QUOTE_IDS
        or (name == "blockquote" and facts.get("type", "").lower() == "cite")
        or facts.get("data-marker") == "__QUOTED_TEXT__"
        or "data-signature-widget" in facts
    )
    if element.quoted and _FORWARD.match(_glance(markup, token.end)):
        element.quoted = False
    element.cites = element.cites and not element.quoted
    return element


def _glance(markup: str, at: int) -> str:
    """The first words that follow, tags left out."""
    return html.unescape(re.sub(r"<[^<>]{0,300}>", " ", markup[at : at + 1200])).strip()[:200]


@dataclass(frozen=True, slots=True)
class _Token:
    kind: Literal["text", "open", "close"]
    name: str
    words: str
    """The text, or the attributes as written."""
    end: int


def _tokens(markup: str) -> Iterator[_Token]:
    at, end, budget = 0, len(markup), [4 * len(markup)]
    while at < end:
        found = markup.find("<", at)
        found = end if found < 0 else found
        if found > at:
            yield _Token("text", "", html.unescape(markup[at:found]).replace("\xa0", " "), found)
        if found >= end:
            return
        tag = _NAME.match(markup, found)
        close = _tag_end(markup, tag.end(), budget) if tag is not None else -1
        if tag is not None and close >= 0:
            yield _Token("close" if tag[1] else "open", tag[2].lower(), markup[tag.end() : close], close + 1)
            at = close + 1
        else:
            at = _past_broken(markup, found)
            if at == found + 1:
                yield _Token("text", "", "<", at)


def _tag_end(markup: str, at: int, budget: list[int]) -> int:
    """Where the tag's `>` is, quotes honoured; -1: it has none. The budget keeps all failures together
    linear.
    """
    began = at
    while budget[0] > 0:
        mark = _MARK.search(markup, at)
        if mark is None or mark[0] == "<":
            budget[0] -= (mark.start() if mark else len(markup)) - began
            return -1
        if mark[0] == ">":
            return mark.start()
        close = markup.find(mark[0], mark.end())
        if close < 0:
            budget[0] -= len(markup) - began
            return -1
        at = close + 1
    return markup.find(">", began)


def _past_broken(markup: str, at: int) -> int:
    """Comments, doctypes and conditional marks are stepped over; any other lone `<` is a character."""
    if markup.startswith("<!--", at):
        close = markup.find("-->", at)
        return close + 3 if close >= 0 else len(markup)
    if markup[at + 1 : at + 2] in ("!", "?", "/"):
        close = markup.find(">", at, at + 1000)
        return close + 1 if close >= 0 else at + 1
    return at + 1
