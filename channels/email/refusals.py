"""What does an answer of a mail server mean for a letter?

Certainty is what matters: until the last byte is out, a broken connection means "not sent"; after it,
nobody can say.
"""

from __future__ import annotations

import re
from typing import Literal, TypeAlias

from channels.errors import Disconnected, OutcomeUnknown, Refused, SendFailed, TryLater, Unreachable

Stage: TypeAlias = Literal["connect", "login", "sender", "recipient", "text", "end"]

LIMIT_PAUSE = 3600.0
BUSY_PAUSE = 60.0
GREY_PAUSE = 300.0

_ENHANCED = re.compile(r"\b([245])\.(\d{1,3})\.(\d{1,3})\b")
_GREY = re.compile(r"gr[ea]y-?list", re.I)
_COME_AGAIN = re.compile(
    r"try again later|повторите попытку", re.I
)  # a grey list, if it is said of a recipient
_LIMIT = re.compile(
    r"limit|quota for|rate|too many (?:messages|mails|recipients|connections)|лимит|превышен", re.I
)
_NOBODY = re.compile(
    r"no such|unknown|not found|does ?n[o']t exist|invalid (?:mailbox|recipient|address)|unavailable"
    r"|user\b.*\brejected"
    r"|нет такого|не найден|не существует",
    re.I,
)
_SPAM = re.compile(r"spam|спам|black ?list|block ?list|reputation|suspicio|content rejected", re.I)
_FULL = re.compile(r"mailbox (?:is )?full|over ?quota|quota exceeded|переполнен", re.I)
_APP_PASSWORD = re.compile(r"app(?:lication)?[- ]?(?:specific )?password|пароль приложени|для внешн", re.I)
_SWITCHED_OFF = re.compile(r"access rights|disabled|not enabled|отключен", re.I)


def failure(code: int, text: str, stage: Stage) -> SendFailed:
    """What an answer of 400 and more means at this stage."""
    text = text[:300].replace("\n", " ")
    detail = f"{code} {text}"
    if code == 421 and stage == "end":
        return OutcomeUnknown(detail, code="lost_after_data")
    if stage == "login":
        return _login(code, text, detail)
    if code < 500:
        return _later(text, detail, stage)
    if code in (530, 534, 535):
        return _login(code, text, detail)
    if stage == "sender":
        return _sender(code, text, detail)
    return _recipient(code, text, detail) if stage == "recipient" else _content(code, text, detail)


def lost(stage: Stage, detail: str) -> SendFailed:
    """The connection broke, or no answer came in time."""
    if stage == "end":
        return OutcomeUnknown(detail, code="lost_after_data")
    return TryLater(detail, code="smtp_unreachable" if stage in ("connect", "login") else "smtp_lost")


def _login(code: int, text: str, detail: str) -> SendFailed:
    if code < 500:
        return TryLater(detail, code="smtp_busy", after=LIMIT_PAUSE / 12, whole_source=True)
    if _APP_PASSWORD.search(text):
        return Disconnected(detail, code="app_password_needed")
    if _SWITCHED_OFF.search(text):
        return Disconnected(detail, code="smtp_switched_off")
    return Disconnected(detail, code="login_refused")


def _later(text: str, detail: str, stage: Stage) -> SendFailed:
    """4xx: certainly not taken. A limit stops the whole account, a grey list only this letter."""
    grey = _GREY.search(text) or (stage == "recipient" and _COME_AGAIN.search(text))
    if grey and not _LIMIT.search(text):
        return TryLater(detail, code="greylisted", after=GREY_PAUSE)
    if _LIMIT.search(text) or "4.5.3" in text:
        return TryLater(detail, code="smtp_limit", after=LIMIT_PAUSE, whole_source=True)
    return TryLater(detail, code="smtp_busy", after=BUSY_PAUSE)


def _sender(code: int, text: str, detail: str) -> SendFailed:
    """At MAIL FROM: the size that we announced, or an address that this login may not use."""
    if code == 552 or "5.3.4" in text:
        return Refused(detail, code="too_large")
    if _SPAM.search(text):
        return Refused(detail, code="rejected_as_spam")
    return Disconnected(detail, code="sender_refused")


def _recipient(code: int, text: str, detail: str) -> SendFailed:
    enhanced = _ENHANCED.search(text)
    kind = (enhanced[2], enhanced[3]) if enhanced else ("", "")
    if kind in (("1", "1"), ("1", "10"), ("1", "6")) or (
        not enhanced and code in (550, 551, 553) and _NOBODY.search(text)
    ):
        return Unreachable(detail, code="no_such_user")
    if kind == ("1", "3") or code in (501, 553):
        return Refused(detail, code="bad_address")
    if kind == ("2", "2") or _FULL.search(text):
        return Refused(detail, code="mailbox_full")
    if code == 552 or kind == ("3", "4"):
        return Refused(detail, code="too_large")
    if _SPAM.search(text):
        return Refused(detail, code="rejected_as_spam")
    if code == 550 and _NOBODY.search(text):
        return Unreachable(detail, code="no_such_user")
    return Refused(detail, code="rejected")


def _content(code: int, text: str, detail: str) -> SendFailed:
    """At DATA: about the letter, not the address."""
    if code == 552 or "5.3.4" in text or "5.2.3" in text:
        return Refused(detail, code="too_large")
    if _SPAM.search(text) or "5.7.1" in text:
        return Refused(detail, code="rejected_as_spam")
    if _FULL.search(text) or "5.2.2" in text:
        return Refused(detail, code="mailbox_full")
    return Refused(detail, code="rejected")
