"""Did a person write this letter?

Bounces are looked for before automatic answers: some providers send bounces that call themselves automatic
answers. Only words that stand in header fields or reports count, except for bounces in plain text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias

from channels.email.charset import decode
from channels.email.headers import Address, addresses, clean, message_ids, text_of
from channels.email.mime import Part, split

Failure: TypeAlias = Literal["no_such_user", "mailbox_full", "rejected_as_spam", "too_large", "bounced"]

_ROBOTS = re.compile(
    r"^(?:mailer[-_.]?daemon|postmaster|mail-?daemon|mdaemon|bounce[sd]?|auto-?bounce)\b", re.I
)
_BOUNCE_SUBJECT = re.compile(
    r"undeliver|delivery (?:status|failure|has failed)|mail delivery|failure notice|returned mail"
    r"|not delivered|could ?n.t be delivered|недоставлен|не доставлено|не удалось доставить"
    r"|ошибка доставки|невозможно доставить",
    re.I,
)
_AUTO_SUBJECT = re.compile(
    r"^\s*(?:автоответ|автоматический ответ|автоматическое уведомление|нет на месте|вне офиса"
    r"|я в отпуске|out of (?:the )?office|auto(?:matic)?[- ]?(?:reply|response)|abwesenheitsnotiz"
    r"|automatische antwort)\b",
    re.I,
)
_STATUS = re.compile(r"\b([245])\.(\d{1,3})\.(\d{1,3})\b")
_CODE = re.compile(r"\b([45]\d\d)[ -]")
_NOBODY = re.compile(
    r"(?:user|recipient|mailbox|address|account)(?: \S+)? (?:unknown|not found|does ?n.t exist"
    r"|does not exist|unavailable|disabled|is disabled|inactive|rejected)"
    r"|no such (?:user|recipient|mailbox|person)|unknown (?:user|recipient)"
    r"|invalid (?:mailbox|recipient|address)|unrouteable address|нет такого пользователя|адрес не существует"
    r"|пользователь не найден|ящик не (?:найден|существует)",
    re.I,
)
_FULL = re.compile(
    r"(?:mailbox|quota|inbox)\S{0,40} (?:is )?(?:full|exceeded)|over ?quota|ящик переполнен|превышена квота",
    re.I,
)
_SPAM = re.compile(r"spam|blacklist|block ?list|policy|подозрен|спам", re.I)
_ID_LINE = re.compile(r"^[ \t>]*message-id:[ \t]*(<[^<>\s]{3,400}>)", re.I | re.M)
_ROBOT_NAMES = re.compile(
    r"^(?:no-?reply|do-?not-?reply|robot|wordpress|mailer|site|www-data|tilda|forms?)\b", re.I
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Bounce:
    """A report that a letter did not arrive."""

    originals: tuple[str, ...]
    """Message ids that the report names, the surest first."""
    failed: bool
    """False: only late, the other side goes on trying."""
    failure: Failure
    hard: bool
    """The address itself does not exist."""
    recipients: tuple[str, ...] = ()
    """Whom it did not reach, as far as the report names them."""
    detail: str = ""
    """The server's own words."""


def bounce_of(root: Part, text: str) -> Bounce | None:
    """The report in this letter, or None when it is none."""
    reports = [part for part in root.leaves() if part.kind == "message/delivery-status"]
    if not (
        reports
        or _is_report(root, "delivery-status")
        or root.header("x-failed-recipients")
        or _looks_bounced(root)
    ):
        return None
    told = "\n".join(decode(part.content()[:20_000]) for part in reports)
    status, words = _status(told, text), f"{told}\n{text}"[:30_000]
    late = "delayed" in _values(told, "action") or status.startswith("4.")
    failure = _failure(status, words)
    return Bounce(
        originals=tuple(dict.fromkeys(_originals(root, text))),
        failed=not late,
        failure=failure,
        hard=failure == "no_such_user" and not late,
        recipients=_recipients(root, told),
        detail=_words(told, text),
    )


def _recipients(root: Part, report: str) -> tuple[str, ...]:
    named = _values(report, "original-recipient") or _values(report, "final-recipient")
    fields = [value.rpartition(";")[2].encode("utf-8", "surrogatepass") for value in named]
    return tuple(one.email for one in addresses([*root.headers("x-failed-recipients"), *fields]))[:50]


def _words(report: str, text: str) -> str:
    told = next(iter(_values(report, "diagnostic-code", lower=False)), "")
    if told:
        return clean(told.partition(";")[2] or told)[:300]
    line = next((line for line in text.split("\n")[:200] if _CODE.search(line)), "")
    return clean(line)[:300]


def receipt_of(root: Part) -> str | None:
    """The Message-ID that a read receipt is about; "" when it names none; None: it is no receipt."""
    for part in root.leaves():
        if part.kind == "message/disposition-notification":
            text = decode(part.content()[:20_000])
            ids = message_ids([value.encode() for value in _values(text, "original-message-id", lower=False)])
            return ids[0] if ids else ""
    return "" if _is_report(root, "disposition-notification") else None


def automatic(root: Part, subject: str) -> bool:
    """A machine answered or sent it to many (RFC 3834 and the habits of common programs)."""
    said = {name: text_of(root.header(name)).lower() for name in _TOLD_BY}
    return (
        said["auto-submitted"] not in ("", "no")
        or any(root.header(name) for name in _MARKS)
        or said["precedence"] in ("auto_reply", "bulk", "junk", "list")
        or (bool(root.header("x-ms-exchange-inbox-rules-loop")) and "all" in said["x-auto-response-suppress"])
        or _is_report(root, "")
        or bool(_AUTO_SUBJECT.match(subject))
    )


_TOLD_BY = ("auto-submitted", "precedence", "x-auto-response-suppress")
_MARKS = (
    "x-autoreply", "x-autorespond", "x-autoresponder", "x-auto-reply", "list-id", "list-unsubscribe",
    "list-post", "x-loop", "x-fc-machinegenerated",
)  # fmt: skip


def marked_spam(root: Part) -> bool:
    """The mailbox's provider says so. A mark below its own trace was set by somebody else and tells
    nothing."""
    for name, value in root.first_fields("received", 2):
        said = text_of(value).lower()
        if name in ("x-spam-flag", "x-spam") and said.startswith("yes"):
            return True
        if name == "x-spam-status" and said.startswith("yes"):
            return True
        if name == "x-yandex-spam" and said == "4":
            return True
    return False


def answers_to(root: Part, sender: Address | None, own: frozenset[str]) -> Address | None:
    """Whom the letter is really from: behind a site's robot or a list stands the one in Reply-To."""
    replies = [one for one in addresses(root.headers("reply-to")) if one.email not in own]
    listed = [*addresses(root.headers("x-original-from")), *addresses(root.headers("x-original-sender"))]
    if listed and listed[0].email not in own:
        return listed[0]
    if sender is None:
        return replies[0] if replies else None
    local, _, domain = sender.email.partition("@")
    ours = {email.partition("@")[2] for email in own}
    robot = sender.email in own or bool(_ROBOT_NAMES.match(local)) or (local == "info" and domain in ours)
    if replies and robot:
        return replies[0]
    return sender


def _is_report(root: Part, kind: str) -> bool:
    return root.kind == "multipart/report" and kind in root.params.get("report-type", "").lower()


def _looks_bounced(root: Part) -> bool:
    if root.header("x-failed-recipients"):
        return True
    senders = addresses(root.headers("from"))
    daemon = bool(senders and _ROBOTS.match(senders[0].email))
    nobody = text_of(root.header("return-path")) == "<>"
    return daemon and (nobody or bool(_BOUNCE_SUBJECT.search(text_of(root.header("subject")))))


def _originals(root: Part, text: str) -> Iterator[str]:
    for part in root.leaves():
        if part.kind in ("message/rfc822", "text/rfc822-headers", "message/global", "message/rfc822-headers"):
            yield from message_ids(split(part.content()[:200_000]).headers("message-id"))
    yield from message_ids(found.encode() for found in _ID_LINE.findall(text[:100_000]))
    yield from message_ids([*root.headers("in-reply-to"), *root.headers("references")])


def _values(report: str, name: str, *, lower: bool = True) -> list[str]:
    found = re.findall(rf"^{name}[ \t]*:[ \t]*(.{{0,500}})", report, re.I | re.M)
    return [value.strip().lower() if lower else value.strip() for value in found]


def _status(report: str, text: str) -> str:
    """The enhanced code (RFC 3463), or one made of the SMTP code in the words; "" is none."""
    for value in _values(report, "status"):
        if found := _STATUS.search(value):
            return found[0]
    if found := _STATUS.search(text[:30_000]):
        return found[0]
    code = _CODE.search(text[:30_000])
    return f"{code[1][0]}.0.0" if code else ""


def _failure(status: str, words: str) -> Failure:
    match status.split("."):
        case [_, "1", "1" | "10" | "6"]:
            return "no_such_user"
        case [_, "2", "2"]:
            return "mailbox_full"
        case [_, "2" | "3", "3" | "4"]:
            return "too_large"
        case [_, "7", _]:
            return "rejected_as_spam" if _SPAM.search(words) else "bounced"
        case _:
            return _by_words(words)


def _by_words(words: str) -> Failure:
    if _NOBODY.search(words):
        return "no_such_user"
    if _FULL.search(words):
        return "mailbox_full"
    return "rejected_as_spam" if _SPAM.search(words) else "bounced"
