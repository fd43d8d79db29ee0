"""Who sent a form, and does it look like a person?

A form is public: its address proves only that somebody has seen it. What goes beyond that is a server's own
key, the mark of time that our own pages carry, and the site the browser names. Whatever looks wrong is kept
and marked, not thrown away.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias
from urllib.parse import urlsplit

from channels.base import RELEASED, Account, Envelope
from channels.errors import WebhookRefused
from channels.webform.submission import Submission

HONEYPOT = "_gotcha"
TOO_FAST = 2_000_000
STALE = 24 * 3600 * 1_000_000
LINK = re.compile(r"https?://|\[url", re.IGNORECASE)
MANY_LINKS = 3
HOST = re.compile(r"[a-z0-9._:-]+")
SPAM_FROM = 50
LETTERS = re.compile(r"[^\W\d_]")
CYRILLIC = re.compile(r"[\u0400-\u04ff]")
DISPOSABLE = frozenset(
    {
        "mailinator.com", "guerrillamail.com", "10minutemail.com", "temp-mail.org", "tempmail.com", "yopmail.com",
        "trashmail.com", "sharklasers.com", "getnada.com", "dispostable.com", "maildrop.cc", "throwawaymail.com",
        "mohmal.com", "fakeinbox.com", "mailnesia.com",
    }
)  # fmt: skip

Sign: TypeAlias = Literal[
    "honeypot", "too_fast", "forged", "stale", "origin", "links", "foreign", "disposable", "captcha_failed",
    "captcha_missing", "captcha_unverified", "pace_address", "pace_form", "pace_person", "pace_words",
]  # fmt: skip
WEIGHT: Mapping[Sign, int] = {
    "honeypot": 100,
    "captcha_failed": 60,
    "too_fast": 50,
    "forged": 50,
    "origin": 50,
    "captcha_missing": 50,
    "captcha_unverified": 50,  # the service is down: nobody's fault, and a person looks
    "pace_address": 50,
    "pace_form": 50,
    "pace_person": 50,
    "pace_words": 50,
    "links": 30,
    "stale": 20,  # a tab left open over night is a person, links from it are not
    "foreign": 20,
    "disposable": 20,
}
PASSED = "captcha_passed"
"""A solved puzzle: limits gone over and haste count no more."""
FORGIVEN = frozenset({"pace_address", "pace_form", "pace_words", "too_fast", "stale"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Suspicion:
    """What speaks against it, heaviest first."""

    signs: tuple[Sign, ...] = ()

    @property
    def spam(self) -> bool:
        return sum(WEIGHT[sign] for sign in self.signs) >= SPAM_FROM


def is_server(account: Account, envelope: Envelope) -> bool:
    """Whether it carries the source's own key, so that a server vouches for it."""
    key = account.settings.get("api_key", "")
    told = _told_key(envelope).encode("utf-8", "backslashreplace")  # headers may hold any bytes
    return bool(key) and hmac.compare_digest(told, key.encode())


def _told_key(envelope: Envelope) -> str:
    scheme, _, credentials = envelope.headers.get("authorization", "").partition(" ")
    bearer = credentials.strip() if scheme.lower() == "bearer" else ""
    return envelope.headers.get("x-api-key", "") or bearer


def prove(account: Account, envelope: Envelope) -> None:
    """Refuse what carries a wrong key and, where the source takes nothing without one, what carries none."""
    if is_server(account, envelope):
        return
    if account.settings.get("api_key", "") and _told_key(envelope):
        raise WebhookRefused("wrong key")
    if account.settings.get("access") == "key":
        raise WebhookRefused("no key")


def stamp(account: Account, now: int) -> str:
    """The mark of time that a page of ours carries; "" where we have nothing to sign with."""
    key = account.settings.get("form_key", "")
    return f"{now}.{_signature(key, account.source_id, str(now))}" if key else ""


def stamped_at(account: Account, mark: str) -> int | None:
    """When the page with this mark was shown; None for a mark that is not ours."""
    moment, _, signature = mark.partition(".")
    key = account.settings.get("form_key", "")
    if not key or not (moment.isascii() and moment.isdigit()) or len(moment) > 17:
        return None
    expected = _signature(key, account.source_id, moment)
    given = signature.encode("utf-8", "backslashreplace")
    return int(moment) if hmac.compare_digest(expected.encode(), given) else None


def _signature(key: str, source_id: str, moment: str) -> str:
    return hmac.new(key.encode(), f"shown|{source_id}|{moment}".encode(), hashlib.sha256).hexdigest()[:24]


def from_our_page(account: Account, submission: Submission) -> bool:
    """Whether a page of ours made it, so that somebody sits before it who can correct a field."""
    return stamped_at(account, submission.control.get("_t", "")) is not None


def suspicion(account: Account, envelope: Envelope, submission: Submission, language: str = "") -> Suspicion:
    """What speaks against a submission that no server vouches for and nobody let out of quarantine."""
    if is_server(account, envelope) or RELEASED in envelope.marks:
        return Suspicion()
    signs: set[Sign] = {sign for sign in WEIGHT if sign in envelope.marks}
    if submission.control.get(HONEYPOT):
        signs.add("honeypot")
    if mark := submission.control.get("_t", ""):
        signs |= _by_time(stamped_at(account, mark), envelope.received_at)
    if not known_origin(account, envelope):
        signs.add("origin")
    signs |= set(_by_words(submission, language))
    if PASSED in envelope.marks:
        signs -= FORGIVEN
    return Suspicion(signs=tuple(sorted(signs, key=lambda sign: (-WEIGHT[sign], sign))))


def _by_words(submission: Submission, language: str) -> Iterator[Sign]:
    said = [value for values in submission.values.values() for value in values]
    if sum(len(LINK.findall(value)) for value in said) >= MANY_LINKS:
        yield "links"
    long = [value for value in said if len(LETTERS.findall(value)) > 40]
    if language == "ru" and long and not any(CYRILLIC.search(value) for value in said):
        yield "foreign"
    if any(value.lower().rpartition("@")[2] in DISPOSABLE for value in said if "@" in value):
        yield "disposable"


def _by_time(shown_at: int | None, received_at: int) -> set[Sign]:
    if shown_at is None:
        return {"forged"}
    age = received_at - shown_at
    if age < TOO_FAST:
        return {"too_fast"}
    return {"stale"} if age > STALE else set()


def allowed_origins(account: Account) -> tuple[str, ...]:
    """The sites that may post; () is any."""
    listed = re.split(r"[\s,;]+", account.settings.get("allowed_origins", ""))
    return tuple(origin for entry in listed if (origin := origin_of(entry)))


def origin_of(address: str) -> str:
    """scheme://host[:port] of an address, "" when it is none."""
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError:
        return ""
    host = parts.hostname or ""
    if parts.scheme not in ("http", "https") or not HOST.fullmatch(host):
        return ""
    standard = port is None or port == (443 if parts.scheme == "https" else 80)
    host = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{host}" if standard else f"{parts.scheme}://{host}:{port}"


def host_of(address: str) -> str:
    """The host of an address, "" when it is none."""
    try:
        return urlsplit(address).hostname or ""
    except ValueError:
        return ""


def is_allowed(account: Account, origin: str) -> bool:
    """Whether pages of this origin may read our answers and be gone back to."""
    listed = allowed_origins(account)
    return bool(origin) and (not listed or origin in listed)


def known_origin(account: Account, envelope: Envelope) -> bool:
    """Whether the browser's own word on where the form stands is on the list; a server says nothing and
    may."""
    listed = allowed_origins(account)
    told = envelope.headers.get("origin", "") or origin_of(envelope.headers.get("referer", ""))
    if not listed or not told:
        return True
    return told in listed or is_ours(account, envelope, told)


def is_ours(account: Account, envelope: Envelope, origin: str) -> bool:
    """Whether it is our own address: the public one, or the one this request was made to."""
    host = envelope.headers.get("host", "")
    return origin in (origin_of(account.public_url) or None, f"http://{host}", f"https://{host}")
