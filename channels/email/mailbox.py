"""Which mailbox is this, and how is it reached? The settings of a source, read once."""

from __future__ import annotations

import ipaddress
import re
import ssl
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from channels.email.headers import normal
from channels.errors import Disconnected

Security: TypeAlias = Literal["tls", "starttls", "plain"]
MEGABYTE = 1024 * 1024


@dataclass(frozen=True, kw_only=True, slots=True)
class Patience:
    """How long we wait, in seconds."""

    connect: float = 20
    answer: float = 30
    body: float = 300
    """For one command that brings letters, however large."""
    idle: float = 60
    """After so long in IDLE we ask whether the other side is still there (a dead one is noticed in 60 +
    30)."""
    poll: float = 60
    """Between looks where the server cannot tell by itself."""
    send: float = 100
    """For a letter of ours to be taken."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Server:
    """A host to speak to. `plain` is only for a server on this very machine."""

    host: str
    port: int
    security: Security


@dataclass(frozen=True, kw_only=True, slots=True)
class Preset:
    """What we know of a provider."""

    imap: Server
    smtp: Server
    files_sent: bool
    """It puts what leaves by SMTP into the Sent folder by itself."""


def _preset(imap: str, smtp: str, port: int = 465, *, files_sent: bool) -> Preset:
    security: Security = "tls" if port == 465 else "starttls"
    return Preset(
        imap=Server(host=imap, port=993, security="tls"),
        smtp=Server(host=smtp, port=port, security=security),
        files_sent=files_sent,
    )


PRESETS: Mapping[str, Preset] = {
    "yandex360": _preset("imap.yandex.ru", "smtp.yandex.ru", files_sent=True),
    "mailru": _preset("imap.mail.ru", "smtp.mail.ru", files_sent=True),
    "gmail": _preset("imap.gmail.com", "smtp.gmail.com", files_sent=True),
    "outlook": _preset("outlook.office365.com", "smtp.office365.com", 587, files_sent=True),
    "rambler": _preset("imap.rambler.ru", "smtp.rambler.ru", files_sent=False),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Mailbox:
    """The account as the settings describe it."""

    address: str
    name: str
    aliases: frozenset[str]
    """Every address that is ours, `address` among them."""
    imap: Server
    smtp: Server
    login: str
    password: str
    folders: tuple[str, ...]
    """Watched for letters of clients; the first one is waited on."""
    watch_sent: bool
    watch_junk: bool
    mark_seen: bool
    files_sent: bool
    """The preset says that the provider puts what leaves by SMTP into Sent; see habits.py for what was proved."""
    keep_sent: bool
    """Our own letters belong into Sent: we put them there where the provider does not."""
    since: str
    """YYYY-MM-DD: take older letters too, back to this day; "" takes only new ones."""
    certificate: str
    """PEM of a server with a certificate of its own making; "" trusts the usual authorities."""
    largest: int
    """A letter over so many bytes is fetched in part."""
    provider: str
    """The preset's name; "own" is none."""
    oauth: bool
    """Signed into by tokens, not by a password."""
    token: Callable[[], Awaitable[str]] | None = field(default=None, compare=False, repr=False)
    """Gives an access token that is good now."""
    per_minute: int
    per_day: int
    """How many letters of ours may leave."""

    @property
    def domain(self) -> str:
        """The domain of our letters' Message-IDs."""
        return self.address.partition("@")[2] or "localhost"


def read(settings: Mapping[str, str]) -> Mailbox:
    """The settings as a mailbox. Never raises: what is missing or wrong shows when it is used."""
    preset = PRESETS.get(settings.get("preset", "own"))
    address = normal(settings.get("address", ""))
    aliases = re.split(r"[\s,;]+", settings.get("aliases", ""))
    return Mailbox(
        address=address,
        name=settings.get("name", "").strip(),
        aliases=frozenset({address, *(normal(alias) for alias in aliases if "@" in alias)}),
        imap=preset.imap if preset else _server(settings, "imap", 993),
        smtp=preset.smtp if preset else _server(settings, "smtp", 465),
        login=settings.get("login", "").strip() or settings.get("address", "").strip(),
        password=settings.get("password", ""),
        folders=_folders(settings.get("folders", "")),
        watch_sent=_on(settings, "watch_sent", default=True),
        watch_junk=_on(settings, "watch_junk", default=False),
        mark_seen=_on(settings, "mark_seen", default=False),
        files_sent=preset.files_sent if preset else False,
        keep_sent=preset is not None or _on(settings, "keep_sent", default=True),
        since=since if re.fullmatch(r"\d{4}-\d{2}-\d{2}", since := settings.get("since", "").strip()) else "",
        certificate=settings.get("certificate", "").strip() if preset is None else "",
        largest=_number(settings.get("largest_mb", ""), 25, 1, 100) * MEGABYTE,
        provider=settings.get("preset", "own"),
        oauth=settings.get("auth", "password") == "oauth",
        per_minute=_number(settings.get("per_minute", ""), 20, 1, 600),
        per_day=_number(settings.get("per_day", ""), 300, 1, 100_000),
    )


def local(host: str) -> bool:
    """Whether the host is this machine: only there may a password travel unprotected."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def trust(mailbox: Mailbox) -> ssl.SSLContext:
    """Whom to believe: the certificate of the settings, else the usual authorities. Raises Disconnected for one that is none."""
    try:
        return ssl.create_default_context(cadata=mailbox.certificate or None)
    except (ssl.SSLError, ValueError, TypeError) as error:  # the last: letters that are not ASCII
        raise Disconnected("not PEM", code="certificate_unreadable") from error


def _server(settings: Mapping[str, str], name: str, port: int) -> Server:
    security = settings.get(f"{name}_security", "tls")
    return Server(
        host=settings.get(f"{name}_host", "").strip(),
        port=_number(settings.get(f"{name}_port", ""), port, 1, 65535),
        security=security if security in ("starttls", "plain") else "tls",  # type: ignore[arg-type]
    )


def _folders(value: str) -> tuple[str, ...]:
    names = [name.strip() for name in re.split(r"[\n,;]+", value) if name.strip()]
    return tuple(dict.fromkeys(names))[:20] or ("INBOX",)


def _on(settings: Mapping[str, str], name: str, *, default: bool) -> bool:
    value = settings.get(name, "").strip().lower()
    return value in ("1", "true", "yes", "on") if value else default


def _number(value: str, default: int, least: int, most: int) -> int:
    value = value.strip()
    return min(most, max(least, int(value))) if value.isdecimal() and len(value) < 10 else default
