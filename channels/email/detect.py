"""Where is the mail of this address kept?

Asked in the order of trust: the provider's name in the address, whose servers take the domain's mail (MX), what the domain
says itself (SRV, RFC 6186 and 8314), its autoconfig file. What is found is a proposal: a person sees it before a password goes
there, and only names with a certificate are proposed.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal, TypeAlias
from xml.etree import ElementTree

import aiodns
import aiohttp
import pycares

from channels.email.headers import normal
from channels.email.mailbox import PRESETS
from channels.outside import outside

SECONDS: Final = 6.0
"""For all of it: somebody waits at a form."""
LARGEST: Final = 64 * 1024
NEVER: Final = frozenset({"test", "example", "invalid", "localhost", "local", "internal"})
"""Ends of names that are nobody's on the internet (RFC 6761, 6762)."""
PLACES: Final = (
    "https://autoconfig.{domain}/mail/config-v1.1.xml",
    "https://{domain}/.well-known/autoconfig/mail/config-v1.1.xml",
)
"""Where a domain tells it (Mozilla's autoconfig); never without TLS, and never with the address itself."""

_DOMAINS: Final[Mapping[str, str]] = {
    "yandex360": "yandex.ru ya.ru yandex.com yandex.by yandex.kz yandex.uz narod.ru",
    "mailru": "mail.ru bk.ru inbox.ru list.ru internet.ru vk.com xmail.ru",
    "gmail": "gmail.com googlemail.com",
    "outlook": "outlook.com hotmail.com live.com msn.com outlook.de",
    "rambler": "rambler.ru lenta.ru autorambler.ru myrambler.ru ro.ru rambler.ua",
}
_EXCHANGERS: Final[Mapping[str, str]] = {
    "yandex360": "yandex.net yandex.ru yandex.com",
    "mailru": "mail.ru",
    "gmail": "google.com googlemail.com",
    "outlook": "outlook.com",
    "rambler": "rambler.ru",
}
_SERVICES: Final = (
    ("imap", "_imaps._tcp", "tls"), ("imap", "_imap._tcp", "starttls"),
    ("smtp", "_submissions._tcp", "tls"), ("smtp", "_submission._tcp", "starttls"),
)  # fmt: skip
_HOST: Final = re.compile(r"(?=.{4,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]")
_DATA: Final[Mapping[str, type]] = {
    "MX": pycares.MXRecordData, "SRV": pycares.SRVRecordData, "TXT": pycares.TXTRecordData,
}  # fmt: skip
_SOCKETS: Final = {"SSL": "tls", "STARTTLS": "starttls"}

How: TypeAlias = Literal["known", "mx", "srv", "autoconfig", ""]
Found: TypeAlias = dict[str, str]


def domain_of(address: str) -> str:
    """The domain of a typed address in ASCII, "" when it is none that the internet knows."""
    domain = normal(address).rpartition("@")[2]
    return domain if _HOST.fullmatch(domain) and domain.rpartition(".")[2] not in NEVER else ""


async def suggest(address: str) -> tuple[Found, How]:
    """Settings for an address, and who told; {} when nobody did. Never raises, takes six seconds at most."""
    domain = domain_of(address)
    if (preset := _by_name(domain, _DOMAINS)) or not domain:
        return ({"preset": preset} if preset else {}), "known" if preset else ""
    try:
        async with (
            asyncio.timeout(SECONDS), _resolver() as dns,
            aiohttp.ClientSession(connector=outside()) as http,
        ):  # fmt: skip
            return await ask(domain, dns, http, PLACES)
    except (TimeoutError, OSError):
        return {}, ""


def _resolver() -> aiodns.DNSResolver:
    return aiodns.DNSResolver(timeout=2.0, tries=2)


async def ask(
    domain: str, dns: aiodns.DNSResolver, http: aiohttp.ClientSession, places: Sequence[str]
) -> tuple[Found, How]:
    """All are asked at once; the surest answer counts."""
    exchangers, services, file = await asyncio.gather(
        _exchanger(domain, dns), _services(domain, dns), _autoconfig(domain, http, places)
    )
    preset = _by_name(exchangers, _EXCHANGERS)
    if preset:
        return {"preset": preset}, "mx"
    if services:
        return {"preset": "own", **services}, "srv"
    if file:
        return {"preset": _preset_of(file), **file}, "autoconfig"
    return {}, ""


async def policies(domain: str) -> frozenset[str] | None:
    """Which of "spf" and "dmarc" a domain publishes; None when nobody could tell."""
    if not domain:
        return None
    try:
        async with asyncio.timeout(SECONDS), _resolver() as dns:
            return await published(domain, dns)
    except (TimeoutError, OSError):
        return None


async def published(domain: str, dns: aiodns.DNSResolver) -> frozenset[str] | None:
    """The same, asked of this resolver."""
    own, told = await asyncio.gather(_texts(domain, dns), _texts(f"_dmarc.{domain}", dns))
    if own is None or told is None:
        return None
    has = {
        "spf": any(one.startswith("v=spf1") for one in own),
        "dmarc": any("v=dmarc1" in one for one in told),
    }
    return frozenset(name for name, there in has.items() if there)


async def _texts(name: str, dns: aiodns.DNSResolver) -> list[str] | None:
    rows = await _rows(name, "TXT", dns)
    return None if rows is None else [one.data.decode("utf-8", "replace").strip().lower() for one in rows]


async def _exchanger(domain: str, dns: aiodns.DNSResolver) -> str:
    """The name of the server that takes the domain's mail first."""
    told = sorted((one.priority, one.exchange) for one in await _rows(domain, "MX", dns) or ())
    return told[0][1].rstrip(".").lower() if told else ""


async def _services(domain: str, dns: aiodns.DNSResolver) -> Found:
    """Both servers as SRV records name them; {} unless both are named. TLS from the first word goes before STARTTLS."""
    told = await asyncio.gather(*(_service(f"{name}.{domain}", dns) for _, name, _ in _SERVICES))
    found: Found = {}
    for (kind, _, security), server in zip(_SERVICES, told, strict=True):
        if server is not None and f"{kind}_host" not in found:
            found |= {f"{kind}_host": server[0], f"{kind}_port": str(server[1]), f"{kind}_security": security}
    return found if len(found) == 6 else {}


async def _service(name: str, dns: aiodns.DNSResolver) -> tuple[str, int] | None:
    rows = await _rows(name, "SRV", dns) or ()
    told = sorted((one.priority, -one.weight, one.target.rstrip(".").lower(), one.port) for one in rows)
    _, _, host, port = told[0] if told else (0, 0, "", 0)
    return (host, port) if _HOST.fullmatch(host) and port else None


async def _rows(name: str, kind: Literal["MX", "SRV", "TXT"], dns: aiodns.DNSResolver) -> list[Any] | None:
    """The data of the records of this kind; None when nobody could tell."""
    try:
        answer = (await dns.query_dns(name, kind)).answer
    except aiodns.error.DNSError as error:
        absent = (aiodns.error.ARES_ENOTFOUND, aiodns.error.ARES_ENODATA)
        return [] if error.args and error.args[0] in absent else None
    return [row.data for row in answer if isinstance(row.data, _DATA[kind])]


async def _autoconfig(domain: str, http: aiohttp.ClientSession, places: Sequence[str]) -> Found:
    for place in places:
        try:
            url, limit = place.format(domain=domain), aiohttp.ClientTimeout(total=SECONDS / 2, connect=2)
            async with http.get(url, allow_redirects=False, timeout=limit) as answer:
                body = await answer.content.read(LARGEST) if answer.status == 200 else b""
        except (aiohttp.ClientError, TimeoutError, OSError):
            continue
        if found := read_autoconfig(body):
            return found
    return {}


def read_autoconfig(body: bytes) -> Found:
    """Both servers as the file names them; {} for anything that is no such file."""
    if b"<!" in body.replace(b"<!--", b""):
        return {}  # no document type: entities could grow without end
    try:
        provider = ElementTree.fromstring(body).find("emailProvider")
    except (ElementTree.ParseError, ValueError, LookupError):
        return {}
    found: Found = {}
    for kind, tag in (("imap", "incomingServer"), ("smtp", "outgoingServer")):
        servers = provider.findall(f"{tag}[@type='{kind}']") if provider is not None else []
        told = [one for server in servers if (one := _server(server)) is not None]
        if not told:
            return {}
        host, port, security = min(told, key=lambda one: one[2] != "tls")
        found |= {f"{kind}_host": host, f"{kind}_port": port, f"{kind}_security": security}
    return found


def _server(element: ElementTree.Element) -> tuple[str, str, str] | None:
    host = (element.findtext("hostname") or "").strip().lower()
    port = (element.findtext("port") or "").strip()
    security = _SOCKETS.get((element.findtext("socketType") or "").strip().upper(), "")
    fits = _HOST.fullmatch(host) and re.fullmatch(r"[1-9]\d{0,4}", port) and security
    return (host, port, security) if fits else None


def _preset_of(found: Found) -> str:
    """A provider whose servers these are is better known by its name: with its guide and its habits."""
    return next((name for name, preset in PRESETS.items() if preset.imap.host == found["imap_host"]), "own")


def _by_name(name: str, table: Mapping[str, str]) -> str:
    for preset, ends in table.items():
        if any(name == end or name.endswith(f".{end}") for end in ends.split()):
            return preset
    return ""
