"""Which TLS certificates do the servers of the tests show?"""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

Key = ec.EllipticCurvePrivateKey


@dataclass(frozen=True, kw_only=True, slots=True)
class Certificate:
    """Files in PEM: what a server shows, its key, and whom a client must trust to accept it."""

    chain: Path
    key: Path
    authority: Path

    def server_context(self) -> ssl.SSLContext:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(self.chain, self.key)
        return context

    def client_context(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=str(self.authority))


def make_certificate(folder: Path, *, host: str = "localhost", expired: bool = False) -> Certificate:
    """A certificate for `host` and, when that is localhost, for 127.0.0.1; by an authority of its own."""
    authority_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    begin = datetime.now(UTC) - timedelta(days=30)
    end = begin + timedelta(days=20 if expired else 60)
    authority = _sign(_builder("Test authority", authority_key, begin, end), authority_key, None)
    names: list[x509.GeneralName] = [x509.DNSName(host)]
    if host == "localhost":
        names.append(x509.IPAddress(ip_address("127.0.0.1")))
    leaf = _builder(host, key, begin, end).add_extension(x509.SubjectAlternativeName(names), critical=False)
    made = Certificate(
        chain=folder / "certificate.pem", key=folder / "key.pem", authority=folder / "authority.pem"
    )
    made.chain.write_bytes(_pem(_sign(leaf, authority_key, authority)))
    made.authority.write_bytes(_pem(authority))
    made.key.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return made


def _builder(name: str, key: Key, begin: datetime, end: datetime) -> x509.CertificateBuilder:
    public = key.public_key()
    return (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(end)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
    )


def _sign(builder: x509.CertificateBuilder, key: Key, authority: x509.Certificate | None) -> x509.Certificate:
    issuer = (
        authority.subject
        if authority
        else x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Test authority")])
    )
    signs = authority is None
    usage = x509.KeyUsage(
        digital_signature=True, content_commitment=False, key_encipherment=False, data_encipherment=False,
        key_agreement=False, key_cert_sign=signs, crl_sign=signs, encipher_only=False, decipher_only=False,
    )  # fmt: skip
    return (
        builder.issuer_name(issuer)
        .add_extension(x509.BasicConstraints(ca=signs, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)
