"""What is new in a reply?

Mail programs repeat the letter they answer. These tables know how Russian and English programs
introduce the repetition; what stands before it is the answer. Nothing is cut from a letter that is
no reply, and a letter that would become empty is kept whole: losing a client's words is worse than
showing a quote.
"""

from __future__ import annotations

import re
from itertools import dropwhile, pairwise

LONGEST_LINE = 1000
MOST_LINES = 20_000
MOST_ANSWERED = 30
"""Introduced quotes with an answer below that are stepped over: for each of them all that follows is looked at."""

PREFIX = re.compile(
    r"^\s*(?:\[[^\]]{1,40}\]\s*)?(?:re|отв|ответ|на|aw|sv|antw|rif|res|vs|ha)(?:\s*\[\d+\]|\(\d+\))?\s*[:：]\s*",
    re.I,
)
FORWARD_PREFIX = re.compile(r"^\s*(?:fwd?|fw|пер|пересл|пересылка|wg|tr|i)\s*[:：]\s*", re.I)

_MAIL = r"<?[^\s<>@]{1,80}@[^\s<>@]{1,120}>?"
_TIME = r"\d{1,2}[:.]\d{2}"
_DAY = (
    r"(?:\d{1,2}[./-]\d{1,2}[./-]\d{2,4}|\d{4}-\d{2}-\d{2}|\d{1,2}(?:st|nd|rd|th)?\.?\s++[а-яёa-z]{3,9}\.?,?\s++\d{2,4}"
    r"|[a-z]{3,9}\.?\s++\d{1,2},?\s++\d{4})"
)
_SAID = (
    r"(?:написал(?:а|\(а\)|/а)?|пишет?|писал(?:а|\(а\)|/а)?|wrote|writes|schrieb|a écrit|написав|написала"
    r"|sent the following|сообщил(?:а|\(а\))?)"
)
_DAY_IN = re.compile(_DAY, re.I)
_TIME_IN = re.compile(_TIME)
_MAIL_IN = re.compile(_MAIL)
_SAID_IN = re.compile(rf"\b{_SAID}", re.I)
# Possessive, here and below: a stranger's line of blanks would be walked once from each of them.
_SAID_LAST = re.compile(rf"\b{_SAID}\s*+[:：]?\s*+$", re.I)
_MAIL_LAST = re.compile(rf"{_MAIL}[\s\"'»)]{{0,5}}[:：]\s*+$", re.I)
_FROM_IN = re.compile(r"\s(?:от|from)\s", re.I)
_YOU_WROTE = re.compile(r"^[\s>]*(?:вы писали(?:\s.{0,80})?|(?:on .{5,120} )?you wrote)\s*[:：]\s*$", re.I)
_BANNER = re.compile(
    r"^[\s>]*(?:[-_—=*]{2,}\s*)?(?:исходное сообщение|original message|original-nachricht"
    r"|пересылаемое сообщение|пересланное сообщение|перенаправленное сообщение|forwarded message"
    r"|переадресованное сообщение|конец переадресованного сообщения|reply above this line"
    r"|ответьте выше этой (?:линии|черты))\s*(?:[-_—=*]{2,})?\s*$",
    re.I,
)
_LINE = re.compile(r"^\s*(?:_{8,}|-{8,}|—{4,}|={8,})\s*$")
_MARK = r"[^\S\t]*+\*?[^\S\t]*+[:：\t]"
_LABELS = {
    "from": re.compile(rf"^[\s>*]*(?:от|от кого|from|von|отправитель|від){_MARK}", re.I),
    "date": re.compile(rf"^[\s>*]*(?:отправлено|sent|дата|date|gesendet|надіслано){_MARK}", re.I),
    "to": re.compile(rf"^[\s>*]*(?:кому|to|an|получатель){_MARK}", re.I),
    "subject": re.compile(rf"^[\s>*]*(?:тема|subject|betreff){_MARK}", re.I),
    "cc": re.compile(rf"^[\s>*]*(?:копия|cc){_MARK}", re.I),
}
# The same without a colon (eM Client): label, two spaces or more, value.
_LOOSE_LABELS = {
    "from": re.compile(r"^(?:от|from)\s{1,4}.{0,100}@", re.I),
    "to": re.compile(r"^(?:кому|to)\s{1,4}.{0,100}@", re.I),
    "date": re.compile(rf"^(?:дата|date|отправлено|sent)\s{{1,4}}.{{0,40}}{_DAY}", re.I),
    "subject": re.compile(r"^(?:тема|subject)\s{1,4}\S", re.I),
}
_QUOTE = re.compile(r"^\s*(?:>|[A-ZА-ЯЁ]{1,3}>)")
_SIGNATURE = (
    re.compile(r"^--\s?$"),
    re.compile(
        r"^\s*(?:отправлено (?:с|из|через)\s|sent from\s|sent via\s|получите outlook для|get outlook for)",
        re.I,
    ),
)


def is_reply(subject: str, answers: bool) -> bool:
    """Only a reply repeats: it names what it answers, or its subject begins with Re."""
    return answers or bool(PREFIX.match(subject))


def bare_subject(subject: str) -> str:
    """Without the reply prefixes, however many."""
    for _ in range(10):
        cut = PREFIX.sub("", subject, count=1)
        if cut == subject:
            break
        subject = cut
    return subject.strip()


def new_text(text: str) -> str:
    """What the writer added: the quote and the signature left out; "" when nothing is left."""
    lines = own_lines(text)
    return _trimmed(lines[: _beginning_of_signature(lines)])


def own_lines(text: str) -> list[str]:
    """The writer's own lines, the signature too; what is quoted is left out."""
    lines = [line[:LONGEST_LINE].rstrip() for line in text.split("\n")[:MOST_LINES]]
    return _without_quotes(lines[: _beginning_of_quote(lines)])


def _beginning_of_quote(lines: list[str]) -> int:
    """The first line of the repeated letter; the number of lines when there is none."""
    first_words = _first_words(lines)
    answered = 0
    for at, line in enumerate(lines):
        if not line:
            continue
        if answered < MOST_ANSWERED and _introduces(lines, at):
            if not _answered_below(lines, at):
                return at
            answered += 1
        if at <= first_words:  # nothing stands above: a forward without a note, which is kept
            continue
        block = _LINE.match(line) and _header_block(lines, at + 1)
        block = block or (_label(line) is not None and _header_block(lines, at))
        if block or _BANNER.match(line):
            return at
    return len(lines)


def _first_words(lines: list[str]) -> int:
    """The first line that is neither empty nor a mere banner or rule."""
    return next(
        (at for at, line in enumerate(lines) if line and not _BANNER.match(line) and not _LINE.match(line)),
        len(lines),
    )


def _introduces(lines: list[str], at: int) -> bool:
    """This line, or it and the next, says who wrote what follows."""
    line = lines[at]
    if _introduction(line):
        return True
    after = lines[at + 1] if at + 1 < len(lines) else ""
    return bool(after) and _starts_introduction(line) and _introduction(f"{line} {after.lstrip('> ')}")


def _introduction(line: str) -> bool:
    """«<day> … написал:», «<day>, <time>, Имя <mail>:», «<day> <time> от Имя:», «Имя писал <day> <time>:»
    …"""
    if len(line) > 400 or not line.rstrip().endswith((":", "：", "wrote", "писал", "писала")):
        return False
    if _YOU_WROTE.match(line):
        return True
    day, time = _DAY_IN.search(line), _TIME_IN.search(line)
    if day is None:
        return "@" in line and bool(_MAIL_IN.search(line) and _SAID_LAST.search(line))
    if _SAID_LAST.search(line):
        return True
    return time is not None and bool(
        ("@" in line and _MAIL_LAST.search(line)) or _FROM_IN.search(line) or _SAID_IN.search(line)
    )


def _starts_introduction(line: str) -> bool:
    return len(line) < 200 and bool(_DAY_IN.search(line) or ("@" in line and _MAIL_IN.search(line)))


def _answered_below(lines: list[str], at: int) -> bool:
    """Own words under the quoted lines: the answer stands below or between them, so the quote is no end."""
    rest = lines[at + 1 :]
    if rest and not rest[0] and len(rest) > 1 and not _QUOTE.match(rest[1]):
        return False
    quoted = [place for place, line in enumerate(rest) if _QUOTE.match(line)]
    if not quoted or quoted[0] > 3:
        return False
    own = [line for line in rest[quoted[0] :] if line and not _QUOTE.match(line)]
    own = own[: _beginning_of_signature(own)]
    return any(not _introduction(line) for line in own)


def _header_block(lines: list[str], at: int) -> bool:
    """A sender, a date and one more label within eight lines: the head of a repeated letter."""
    near = [line for line in lines[at : at + 10] if line][:8]
    strict = {name for line in near if (name := _label(line)) is not None}
    if {"from", "date"} <= strict and len(strict) >= 3:
        return True
    loose = {name for line in near for name, pattern in _LOOSE_LABELS.items() if pattern.match(line)}
    return (
        {"from", "to", "date"} <= loose
        and bool(near)
        and any(p.match(near[0]) for p in _LOOSE_LABELS.values())
    )


def _label(line: str) -> str | None:
    for table in (_LABELS, _LOOSE_LABELS):
        for name, pattern in table.items():
            if pattern.match(line):
                return name
    return None


def _without_quotes(lines: list[str]) -> list[str]:
    """One quote above or below the answer goes. Answers between quotes: all stays, or nobody could
    understand."""
    quoted = [bool(_QUOTE.match(line)) for line in lines]
    if not any(quoted):
        return lines
    first, last = quoted.index(True), len(quoted) - 1 - quoted[::-1].index(True)
    if any(lines[at] and not quoted[at] for at in range(first, last)):
        return lines
    own = lines[:first]
    above = own.copy()
    while above and (not above[-1] or _introduction(above[-1])):
        above.pop()
    if len(above) > 1 and _introduction(f"{above[-2]} {above[-1]}"):
        above = above[:-2]
    below = list(dropwhile(lambda line: not line, lines[last + 1 :]))
    introduced = len(above) < len(own) and any(_introduction(line) for line in own[len(above) :] if line)
    if any(above) and any(below) and not introduced and not any(map(_introduced_in_two, pairwise(own))):
        return lines  # a stretch amid their own words that nobody introduces is theirs
    return [*above, "", *below] if above else below


def _introduced_in_two(pair: tuple[str, str]) -> bool:
    return _introduction(f"{pair[0]} {pair[1]}")


def _beginning_of_signature(lines: list[str]) -> int:
    for at, line in enumerate(lines):
        if any(pattern.match(line) for pattern in _SIGNATURE):
            return at
    return len(lines)


def _trimmed(lines: list[str]) -> str:
    lines = lines.copy()
    while lines and (not lines[-1].strip() or _LINE.match(lines[-1])):
        lines.pop()
    return "\n".join(lines).strip("\n")
