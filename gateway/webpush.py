"""What does a push service get to see? A closed body that only the browser opens, and proof of who sent it.

RFC 8291 (the closing, over RFC 8188), RFC 8292 (the proof, VAPID), RFC 8030 (the request).
"""

from __future__ import annotations

import base64
import os
import struct
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

import orjson
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDH,
    ECDSA,
    SECP256R1,
    EllipticCurvePrivateKey,
    EllipticCurvePublicKey,
    derive_private_key,
    generate_private_key,
)
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

LARGEST: Final = 3993
"""Bytes that may be said at once: a body of 4096, which every push service takes, less what closing adds."""
RECORD: Final = 4096
LASTS: Final = 12 * 3600
"""Seconds that a proof is good; a push service takes none that is good for more than a day."""
CURVE: Final = SECP256R1()


@dataclass(frozen=True, slots=True)
class Keys:
    """What a browser gave: its public key, and a secret that it shares with us."""

    p256dh: bytes
    auth: bytes


def encode(value: bytes) -> str:
    """As all of these standards write bytes."""
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def decode(value: str) -> bytes:
    """The bytes. Raises ValueError."""
    if not value.isascii():
        raise ValueError("not base64")
    return base64.b64decode(value + "=" * (-len(value) % 4), altchars=b"-_", validate=True)


def keys_of(p256dh: str, auth: str) -> Keys:
    """A browser's keys as it writes them. Raises ValueError when they cannot be ones."""
    found = Keys(decode(p256dh), decode(auth))
    if len(found.auth) != 16:
        raise ValueError("the secret has another length")
    _public(found.p256dh)
    return found


def _public(point: bytes) -> EllipticCurvePublicKey:
    if len(point) != 65:
        raise ValueError("not a point in full")
    return EllipticCurvePublicKey.from_encoded_point(CURVE, point)


def point_of(key: EllipticCurvePublicKey) -> bytes:
    """A public key as bytes."""
    return key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def close(
    words: bytes, browser: Keys, *, own: EllipticCurvePrivateKey | None = None, salt: bytes | None = None
) -> bytes:
    """The body that only this browser opens; key and salt are new ones each time. Raises ValueError when it is too long."""
    if len(words) > LARGEST:
        raise ValueError("more than a push service takes")
    own, salt = own or generate_private_key(CURVE), salt or os.urandom(16)
    mine = point_of(own.public_key())
    shared = own.exchange(ECDH(), _public(browser.p256dh))
    secret = _derive(browser.auth, shared, b"WebPush: info\0" + browser.p256dh + mine, 32)
    content = _derive(salt, secret, b"Content-Encoding: aes128gcm\0", 16)
    nonce = _derive(salt, secret, b"Content-Encoding: nonce\0", 12)
    head = salt + struct.pack(">IB", RECORD, len(mine)) + mine
    return head + AESGCM(content).encrypt(nonce, words + b"\2", None)


def _derive(salt: bytes, secret: bytes, info: bytes, length: int) -> bytes:
    return HKDF(hashes.SHA256(), length, salt, info).derive(secret)


class Prover:
    """Says to push services that it is this installation that speaks."""

    def __init__(self, key: EllipticCurvePrivateKey) -> None:
        self._key = key
        self.public = encode(point_of(key.public_key()))

    @classmethod
    def of(cls, secret: str) -> Prover:
        """From the secret of an earlier one. Raises ValueError."""
        return cls(derive_private_key(int.from_bytes(decode(secret), "big"), CURVE))

    @classmethod
    def fresh(cls) -> Prover:
        """One that no push service knows yet."""
        return cls(generate_private_key(CURVE))

    @property
    def secret(self) -> str:
        """What it is made of."""
        return encode(self._key.private_numbers().private_value.to_bytes(32, "big"))

    def proof(self, endpoint: str, subject: str, now: int) -> str:
        """The Authorization header; `now` is seconds since 1970, `subject` an https: or mailto: address of whoever runs this."""
        parts = urlsplit(endpoint)
        claims = {"aud": f"{parts.scheme}://{parts.netloc}", "exp": now + LASTS, "sub": subject}
        said = ".".join(encode(orjson.dumps(part)) for part in ({"typ": "JWT", "alg": "ES256"}, claims))
        r, s = decode_dss_signature(self._key.sign(said.encode(), ECDSA(hashes.SHA256())))
        return f"vapid t={said}.{encode(r.to_bytes(32, 'big') + s.to_bytes(32, 'big'))}, k={self.public}"
