"""A push service as RFC 8030 describes it, with browsers that open what comes (RFC 8291) and check who sent it (RFC 8292).

Written from the standards, not from our own code: it shares nothing with `gateway.webpush`.
"""

from __future__ import annotations

import base64
import json
import secrets
import socket
import time
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import aiohttp
from aiohttp import web
from aiohttp.abc import AbstractResolver, ResolveResult
from cryptography.hazmat.primitives import hashes, hmac
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.rig.certificates import Certificate, make_certificate

HOST = "push.example.org"
LARGEST = 4096


def read64(value: str) -> bytes:
    return base64.urlsafe_b64decode(value + "=" * (-len(value) % 4))


def write64(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def _hmac(key: bytes, message: bytes) -> bytes:
    made = hmac.HMAC(key, hashes.SHA256())
    made.update(message)
    return made.finalize()


class Browser:
    """One subscription: its keys, and what it was shown."""

    def __init__(self, endpoint: str, server_key: str) -> None:
        self.endpoint = endpoint
        self.server_key = server_key
        self._key = ec.generate_private_key(ec.SECP256R1())
        self.auth = secrets.token_bytes(16)
        self.p256dh = self._key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        self.shown: list[dict[str, Any]] = []

    def json(self) -> dict[str, str]:
        """What its page sends us."""
        return {"endpoint": self.endpoint, "p256dh": write64(self.p256dh), "auth": write64(self.auth)}

    def open(self, body: bytes) -> bytes:
        """RFC 8291, section 3.4, and RFC 8188, section 2."""
        salt, size, length = body[:16], int.from_bytes(body[16:20], "big"), body[20]
        sender, closed = body[21 : 21 + length], body[21 + length :]
        assert length == 65 and 18 < len(closed) <= size, "one record"
        public = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), sender)
        prk = _hmac(self.auth, self._key.exchange(ec.ECDH(), public))
        ikm = _hmac(prk, b"WebPush: info\x00" + self.p256dh + sender + b"\x01")
        prk = _hmac(salt, ikm)
        key = _hmac(prk, b"Content-Encoding: aes128gcm\x00\x01")[:16]
        nonce = _hmac(prk, b"Content-Encoding: nonce\x00\x01")[:12]
        opened = AESGCM(key).decrypt(nonce, closed, None).rstrip(b"\x00")
        assert opened[-1] == 2, "the last record ends with 2"
        return opened[:-1]


class _Here(AbstractResolver):
    """Every name is this machine."""

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        return [
            ResolveResult(hostname=host, host="127.0.0.1", port=port, family=socket.AF_INET, proto=0, flags=0)
        ]

    async def close(self) -> None:
        pass


@dataclass
class PushService:
    """Takes what is proved, refuses the rest; `faults` are answered first: a status, with seconds after which to come back."""

    certificate: Certificate
    port: int = 0
    browsers: dict[str, Browser] = field(default_factory=dict)
    faults: list[tuple[int, str]] = field(default_factory=list)
    taken: list[dict[str, str]] = field(default_factory=list)
    """Headers of what was taken."""
    asked: int = 0
    failures: list[str] = field(default_factory=list)
    """What a real service would have refused."""
    waiting: dict[str, dict[str, bytes]] = field(default_factory=lambda: defaultdict(dict))

    def subscribe(self, server_key: str) -> Browser:
        """A browser that is switched on with this key."""
        token = secrets.token_urlsafe(24)
        made = Browser(f"https://{HOST}:{self.port}/push/{token}", server_key)
        self.browsers[token] = made
        return made

    def connector(self) -> aiohttp.BaseConnector:
        """As the gateway reaches it: by its name and its certificate."""
        return aiohttp.TCPConnector(resolver=_Here(), ssl=self.certificate.client_context())

    async def _take(self, request: web.Request) -> web.Response:
        self.asked += 1
        body = await request.read()
        if self.faults:
            status, pause = self.faults.pop(0)
            return web.Response(status=status, headers={"Retry-After": pause} if pause else {})
        browser = self.browsers.get(request.match_info["token"])
        if browser is None:
            return web.Response(status=410)
        try:
            self._check(request, browser, body)
            browser.shown.append(json.loads(browser.open(body)))
        except Exception as error:
            self.failures.append(repr(error))
            return web.Response(status=400)
        self.taken.append(dict(request.headers))
        return web.Response(status=201, headers={"Location": f"{browser.endpoint}/m"})

    def _check(self, request: web.Request, browser: Browser, body: bytes) -> None:
        assert request.headers["Content-Encoding"] == "aes128gcm" and len(body) <= LARGEST
        assert int(request.headers["TTL"]) > 0
        assert request.headers.get("Urgency", "normal") in ("very-low", "low", "normal", "high")
        topic = request.headers.get("Topic", "")
        assert len(topic) <= 32 and all(one.isalnum() or one in "-_" for one in topic)
        scheme, _, rest = request.headers["Authorization"].partition(" ")
        said = dict(part.strip().split("=", 1) for part in rest.split(","))
        assert scheme == "vapid" and said["k"] == browser.server_key, "the key it was switched on with"
        head, claims, signature = said["t"].split(".")
        raw = read64(signature)
        signed = encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))
        public = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), read64(said["k"]))
        public.verify(signed, f"{head}.{claims}".encode(), ec.ECDSA(hashes.SHA256()))
        assert json.loads(read64(head)) == {"typ": "JWT", "alg": "ES256"}
        told = json.loads(read64(claims))
        parts = urlsplit(browser.endpoint)
        assert told["aud"] == f"{parts.scheme}://{parts.netloc}"
        assert time.time() < told["exp"] <= time.time() + 24 * 3600
        assert told["sub"].startswith(("https://", "mailto:"))


@asynccontextmanager
async def push_service(folder: Path) -> AsyncIterator[PushService]:
    """One that listens on this machine."""
    made = PushService(make_certificate(folder, host=HOST))
    app = web.Application()
    app.router.add_post("/push/{token}", made._take)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=made.certificate.server_context())
    await site.start()
    made.port = runner.addresses[0][1]
    try:
        yield made
    finally:
        await runner.cleanup()
