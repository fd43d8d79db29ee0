"""Servers are found from the address alone, by what the domain's own records and files say, and only outside."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import AsyncIterator, Mapping
from typing import cast

import aiodns
import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from channels.email import Email, detect
from channels.outside import outside

A, MX, TXT, SRV = 1, 15, 16, 33
Zone = Mapping[tuple[str, int], list[bytes]]
FILE = """<clientConfig version="1.1"><emailProvider id="firma.ru">
<incomingServer type="pop3"><hostname>pop.hosting.ru</hostname><port>995</port><socketType>SSL</socketType></incomingServer>
<incomingServer type="imap"><hostname>imap.hosting.ru</hostname><port>143</port><socketType>STARTTLS</socketType></incomingServer>
<incomingServer type="imap"><hostname>imap.hosting.ru</hostname><port>993</port><socketType>SSL</socketType></incomingServer>
<outgoingServer type="smtp"><hostname>smtp.hosting.ru</hostname><port>587</port><socketType>STARTTLS</socketType></outgoingServer>
</emailProvider></clientConfig>"""


def name(text: str) -> bytes:
    return b"".join(bytes([len(one)]) + one.encode() for one in text.split(".")) + b"\0"


class Dns(asyncio.DatagramProtocol):
    """A name server of one zone (RFC 1035): what is not in it does not exist."""

    def __init__(self, zone: Zone) -> None:
        self.zone = zone

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        end = data.index(b"\0", 12) + 1
        asked, (kind,) = data[12:end], struct.unpack_from("!H", data, end)
        found = [
            value
            for (host, one), values in self.zone.items()
            for value in values
            if (name(host), one) == (asked, kind)
        ]
        head = data[:2] + struct.pack("!HHHHH", 0x8180 if found else 0x8183, 1, len(found), 0, 0)
        rows = [b"\xc0\x0c" + struct.pack("!HHIH", kind, 1, 60, len(value)) + value for value in found]
        self.transport.sendto(head + data[12 : end + 4] + b"".join(rows), addr)


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


async def asked(zone: Zone, http: aiohttp.ClientSession, *places: str) -> tuple[detect.Found, str]:
    """What is found for firma.ru with this zone."""
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(lambda: Dns(zone), ("127.0.0.1", 0))
    port = transport.get_extra_info("sockname")[1]
    try:
        async with aiodns.DNSResolver(["127.0.0.1"], udp_port=port, timeout=1.0, tries=1) as dns:
            told = await detect.published("firma.ru", dns)
            found, how = await detect.ask("firma.ru", dns, http, places)
            return {**found, "published": " ".join(sorted(told or ()))}, how
    finally:
        transport.close()


def mx(host: str, priority: int = 10) -> bytes:
    return struct.pack("!H", priority) + name(host)


def srv(host: str, port: int, priority: int = 0) -> bytes:
    return struct.pack("!HHH", priority, 0, port) + name(host)


@pytest.mark.parametrize(
    ("address", "preset"),
    [("anna@yandex.ru", "yandex360"), ("Anna@BK.RU", "mailru"), ("a@googlemail.com", "gmail"), ("a@lenta.ru", "rambler"),
     ("a@hotmail.com", "outlook")],
)  # fmt: skip
async def test_a_provider_is_known_by_its_name_without_asking_anybody(address: str, preset: str) -> None:
    assert await Email.suggest({"address": address}) == ({"preset": preset}, "found_by_known")


@pytest.mark.parametrize(
    "address", ["", "anna", "a@firma.test", "a@localhost", "a@10.0.0.1", "a@-x.ru", "a@printer.local"]
)
async def test_nobody_is_asked_about_what_is_no_address_of_the_internet(address: str) -> None:
    assert await Email.suggest({"address": address}) == ({}, "found_nothing")


@pytest.mark.parametrize(
    ("host", "preset"),
    [("mx.yandex.net", "yandex360"), ("emx.mail.ru", "mailru"), ("aspmx.l.google.com", "gmail"),
     ("firma-ru.mail.protection.outlook.com", "outlook")],
)  # fmt: skip
async def test_whose_servers_take_the_mail_tells_the_provider(
    host: str, preset: str, http: aiohttp.ClientSession
) -> None:
    zone = {
        ("firma.ru", MX): [mx("old.hosting.ru", 20), mx(host, 5)],
        ("firma.ru", TXT): [b"\x0bv=spf1 -all"],
    }
    assert await asked(zone, http) == ({"preset": preset, "published": "spf"}, "mx")


async def test_a_name_that_only_looks_like_a_provider_is_none(http: aiohttp.ClientSession) -> None:
    found, how = await asked({("firma.ru", MX): [mx("notmail.ru"), mx("mail.ru.evil.example")]}, http)
    assert (found, how) == ({"published": ""}, "")


async def test_the_domain_names_its_servers(http: aiohttp.ClientSession) -> None:
    zone = {
        ("_imaps._tcp.firma.ru", SRV): [srv("second.firma.ru", 993, 9), srv("mail.firma.ru", 993)],
        ("_imap._tcp.firma.ru", SRV): [srv("mail.firma.ru", 143)],
        ("_submission._tcp.firma.ru", SRV): [srv("mail.firma.ru", 587)],
        ("_dmarc.firma.ru", TXT): [b"\x0fv=DMARC1;p=none"],
    }
    assert await asked(zone, http) == (
        {"preset": "own", "imap_host": "mail.firma.ru", "imap_port": "993", "imap_security": "tls",
         "smtp_host": "mail.firma.ru", "smtp_port": "587", "smtp_security": "starttls", "published": "dmarc"},
        "srv",
    )  # fmt: skip


async def test_a_service_that_is_not_offered_is_not_proposed(http: aiohttp.ClientSession) -> None:
    zone = {("_imaps._tcp.firma.ru", SRV): [struct.pack("!HHH", 0, 0, 0) + b"\0"],
            ("_submissions._tcp.firma.ru", SRV): [srv("mail.firma.ru", 465)]}  # fmt: skip
    assert (await asked(zone, http))[1] == ""


async def test_the_domains_file_names_them_and_encryption_from_the_first_word_goes_first(
    http: aiohttp.ClientSession,
) -> None:
    async def file(request: web.Request) -> web.Response:
        assert "anna" not in request.path_qs
        return web.Response(text=FILE, content_type="text/xml")

    app = web.Application()
    app.router.add_get("/mail/{domain}.xml", file)
    async with TestServer(app) as server:
        gone = str(server.make_url("/nowhere"))
        found, how = await asked({}, http, gone, str(server.make_url("/")) + "mail/{domain}.xml")
    assert how == "autoconfig"
    assert (found["imap_host"], found["imap_port"], found["imap_security"]) == (
        "imap.hosting.ru",
        "993",
        "tls",
    )
    assert (found["smtp_port"], found["smtp_security"]) == ("587", "starttls")


@pytest.mark.parametrize(
    "body",
    [
        b"", b"<clientConfig>", b"\xff\xfe", b"<html><body>404</body></html>",
        b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>' + FILE.encode(),
        FILE.replace("imap.hosting.ru", "127.0.0.1").encode(), FILE.replace("smtp.hosting.ru", "a b").encode(),
        FILE.replace("STARTTLS", "plain").encode(), FILE.replace("587", "0").encode(), b"<a>" * 20_000,
    ],
)  # fmt: skip
def test_a_file_that_is_none_or_leads_inside_tells_nothing(body: bytes) -> None:
    assert detect.read_autoconfig(body) == {}


async def test_a_file_is_asked_for_outside_only() -> None:
    """The name may be the attacker's own, pointing into our network."""
    async with TestServer(web.Application()) as server, aiohttp.ClientSession(connector=outside()) as guarded:
        found, how = await asked({}, guarded, f"http://localhost:{server.port}/config.xml")
    assert (found, how) == ({"published": ""}, "")


async def test_who_is_silent_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(detect, "SECONDS", 0.2)

    async def silent(*args: object) -> tuple[detect.Found, str]:
        await asyncio.sleep(60)
        return {}, ""

    monkeypatch.setattr(detect, "ask", silent)
    async with asyncio.timeout(3):
        assert await Email.suggest({"address": "a@firma.ru"}) == ({}, "found_nothing")
