"""What proves that a telephone system sent this?

Presets by name and a general HMAC, all data in a mapping's `auth`; beside them the one way that the settings
choose. Every one listed must hold, an empty secret proves nothing, and every comparison takes constant time.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, cast
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from channels.base import Envelope
from channels.errors import WebhookRefused
from channels.telephony.common import form_bytes
from channels.telephony.document import Document, find

Algorithm: TypeAlias = Literal["sha1", "sha256", "sha512", "md5"]
Encoding: TypeAlias = Literal["hex", "b64", "b64hex"]
KINDS = frozenset({"path", "header", "query", "body", "basic", "hmac"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Proof:
    """One thing that must hold. `secret` names the setting that holds the secret."""

    kind: str
    secret: str = "secret"
    field: str = ""
    """The header, query parameter or body field that carries the token or the signature."""
    over: tuple[str, ...] = ()
    """Fields of the body that an HMAC covers, in this order; () is the body as it came."""
    algorithm: Algorithm = "sha256"
    encoding: Encoding = "hex"
    prefix: str = ""


def prove(proofs: Sequence[Proof], settings: Mapping[str, str], envelope: Envelope, url: str = "") -> None:
    """All of them, else WebhookRefused. `url` is the hook's address as the provider calls it."""
    for proof in proofs:
        if not CHECKS[proof.kind](proof, settings, envelope, url):
            raise WebhookRefused("not proven")


def chosen(settings: Mapping[str, str]) -> tuple[Proof, ...]:
    """The way that the settings choose; the secret address alone is proven by the gateway."""
    kind = settings.get("proof") or "path"
    if kind == "path":
        return ()
    header = (settings.get("proof_header") or ("x-signature" if kind == "hmac" else "x-token")).lower()
    if kind == "hmac":
        return (Proof(kind="hmac", field=header),)
    return (Proof(kind=kind if kind in KINDS else "never", field=header),)


def authentic(proof: Proof, document: Document, settings: Mapping[str, str]) -> bool:
    """A secret inside the body, for systems that have nothing else."""
    return _same(find(document, proof.field).encode("utf-8", "backslashreplace"), _secret(proof, settings))


def _secret(proof: Proof, settings: Mapping[str, str]) -> bytes:
    return settings.get(proof.secret, "").encode()


def _same(given: bytes, wanted: bytes) -> bool:
    return bool(wanted) and hmac.compare_digest(given, wanted)


def _header(envelope: Envelope, name: str) -> bytes:
    return envelope.headers.get(name, "").encode("utf-8", "backslashreplace")


def _token(proof: Proof, settings: Mapping[str, str], envelope: Envelope, _: str) -> bool:
    return _same(_header(envelope, proof.field).removeprefix(b"Bearer "), _secret(proof, settings))


def _query(proof: Proof, settings: Mapping[str, str], envelope: Envelope, _: str) -> bool:
    given = envelope.query.get(proof.field, "").encode("utf-8", "backslashreplace")
    return _same(given, _secret(proof, settings))


def _body(proof: Proof, settings: Mapping[str, str], envelope: Envelope, _: str) -> bool:
    from channels.errors import PayloadUnreadable
    from channels.telephony.document import read

    try:
        return authentic(proof, read(envelope), settings)
    except PayloadUnreadable:
        return False


def _basic(proof: Proof, settings: Mapping[str, str], envelope: Envelope, _: str) -> bool:
    scheme, _, credentials = envelope.headers.get("authorization", "").partition(" ")
    try:
        given = base64.b64decode(credentials, validate=True) if scheme.lower() == "basic" else b""
    except ValueError:
        given = b""
    secret = _secret(proof, settings)
    return bool(secret) and _same(given, f"{settings.get('login', '')}:".encode() + secret)


def _hmac(proof: Proof, settings: Mapping[str, str], envelope: Envelope, _: str) -> bool:
    secret = _secret(proof, settings)
    if not secret:
        return False
    fields = form_bytes(envelope.body) if proof.over else {}
    covered = b"".join(fields.get(name.encode(), b"") for name in proof.over) if proof.over else envelope.body
    digest = hmac.new(secret, covered, proof.algorithm)
    given = (
        _header(envelope, proof.field).strip().removeprefix((proof.prefix or f"{proof.algorithm}=").encode())
    )
    in_hex = hmac.compare_digest(given.lower(), digest.hexdigest().encode())
    bare = hmac.compare_digest(given, base64.b64encode(digest.digest()))
    wrapped = hmac.compare_digest(given, base64.b64encode(digest.hexdigest().encode()))
    return wrapped if proof.encoding == "b64hex" else in_hex or bare


def _rostelecom(proof: Proof, settings: Mapping[str, str], envelope: Envelope, _: str) -> bool:
    """X-Client-Sign = sha256hex(client id + body + key) (telephony.md, 3.8)."""
    client, secret = settings.get("login", "").encode(), _secret(proof, settings)
    wanted = hashlib.sha256(client + envelope.body + secret).hexdigest().encode()
    ours = _same(_header(envelope, "x-client-id"), client)
    return bool(secret) and ours and hmac.compare_digest(_header(envelope, "x-client-sign").lower(), wanted)


def _twilio(proof: Proof, settings: Mapping[str, str], envelope: Envelope, url: str) -> bool:
    """base64(HMAC-SHA1(token, address + fields sorted by name)), with and without the port (3.11)."""
    secret = _secret(proof, settings)
    pairs = sorted(parse_qsl(envelope.body.decode("latin-1"), keep_blank_values=True, encoding="latin-1"))
    told = "".join(name + value for name, value in pairs).encode("latin-1")
    given = _header(envelope, "x-twilio-signature")
    fits = [
        hmac.compare_digest(given, base64.b64encode(hmac.new(secret, address + told, "sha1").digest()))
        for address in _addresses(url, envelope)
    ]
    return bool(secret and url) and any(fits)


def _addresses(url: str, envelope: Envelope) -> list[bytes]:
    """The address in the two ways that it is written: with its port and without."""
    path = f"/{envelope.path}" if envelope.path else ""
    query = f"?{urlencode(list(envelope.query.items()))}" if envelope.query else ""
    parts = urlsplit(url)
    host = parts.hostname or ""
    port = parts.port or (443 if parts.scheme == "https" else 80)
    return [
        (urlunsplit((parts.scheme, netloc, parts.path, "", "")) + path + query).encode()
        for netloc in (host, f"{host}:{port}")
    ]


def _mango(proof: Proof, settings: Mapping[str, str], envelope: Envelope, _: str) -> bool:
    """sign = sha256(key + json + salt) over the field's bytes as they travel (3.1)."""
    key, secret = settings.get("login", "").encode(), _secret(proof, settings)
    form = form_bytes(envelope.body)
    wanted = hashlib.sha256(key + form.get(b"json", b"") + secret).hexdigest().encode()
    ours = _same(form.get(b"vpbx_api_key", b""), key)
    return bool(secret) and ours and hmac.compare_digest(form.get(b"sign", b"").lower(), wanted)


ZADARMA: Mapping[str, tuple[str, ...]] = {
    "NOTIFY_ANSWER": ("caller_id", "destination", "call_start"),
    "NOTIFY_OUT_START": ("internal", "destination", "call_start"),
    "NOTIFY_OUT_END": ("internal", "destination", "call_start"),
    "NOTIFY_RECORD": ("pbx_call_id", "call_id_with_rec"),
}


def zadarma_signature(form: Mapping[str, str], secret: str) -> str:
    """base64 of the *hex* HMAC-SHA1 over two or three fields (3.3): 56 characters."""
    over = ZADARMA.get(form.get("event", ""), ("caller_id", "called_did", "call_start"))
    told = "".join(form.get(name, "") for name in over).encode()
    return base64.b64encode(hmac.new(secret.encode(), told, "sha1").hexdigest().encode()).decode()


def _zadarma(proof: Proof, settings: Mapping[str, str], envelope: Envelope, _: str) -> bool:
    form = {
        name.decode("utf-8", "replace"): value.decode("utf-8", "replace")
        for name, value in form_bytes(envelope.body).items()
    }
    secret = settings.get(proof.secret, "")
    wanted = zadarma_signature(form, secret).encode()
    return bool(secret) and hmac.compare_digest(_header(envelope, "signature"), wanted)


Check: TypeAlias = Callable[[Proof, Mapping[str, str], Envelope, str], bool]
CHECKS: Mapping[str, Check] = {
    "path": lambda *_: True,  # the gateway has compared the secret in the address
    "header": _token,
    "query": _query,
    "body": _body,
    "basic": _basic,
    "hmac": _hmac,
    "rostelecom_sha256": _rostelecom,
    "twilio_sha1": _twilio,
    "mango_sha256": _mango,
    "zadarma_sha1hex": _zadarma,
    "never": lambda *_: False,
}


def read_proof(told: Mapping[str, Any]) -> Proof | None:
    """A proof as a mapping writes it; None: no such thing."""
    kind = str(told.get("preset") or told.get("type", ""))
    known = {"type", "preset", "field", "header", "over", "alg", "enc", "prefix", "secret"}
    if kind not in CHECKS or kind == "never" or not known.issuperset(told):
        return None
    algorithm, encoding = str(told.get("alg", "sha256")), str(told.get("enc", "hex"))
    if algorithm not in ("sha1", "sha256", "sha512", "md5") or encoding not in ("hex", "b64", "b64hex"):
        return None
    over = told.get("over", [])
    if not isinstance(over, list) or not all(isinstance(name, str) for name in over):
        return None
    return Proof(
        kind=kind,
        secret=str(told.get("secret", "secret")),
        field=str(told.get("header", told.get("field", ""))).lower()
        if kind in ("header", "hmac")
        else str(told.get("field", "")),
        over=tuple(over),
        algorithm=cast(Algorithm, algorithm),
        encoding=cast(Encoding, encoding),
        prefix=str(told.get("prefix", "")),
    )
