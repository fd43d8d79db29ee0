"""Which real mail server do the tests write to?

Dovecot (IMAP, IMAPS, LMTP, submission) in front of a relay that can be told to fail. Where Dovecot 2.3 is not
to be had, pymap (IMAP, IMAPS) and the relay show what they can; a build (CI=true) insists on Dovecot.
"""

from __future__ import annotations

import base64
import contextlib
import dataclasses
import grp
import hashlib
import hmac
import itertools
import json
import os
import pwd
import shutil
import signal
import smtplib
import ssl
import string
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal, TypeAlias

from tests.rig.certificates import Certificate, make_certificate
from tests.rig.engines import said
from tests.rig.process import Account, Child, ServerFailed, account, folder, free_port, give
from tests.rig.relay import Relay, Relayed, relay
from tests.rig.wire import wire

PASSWORD = "secret"
TOKEN_KEY = b"the key that signs the tokens of the tests"
CONFIGURATION = Path(__file__).with_name("dovecot.conf")
Server: TypeAlias = Literal["dovecot", "pymap"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Ports:
    """0: this server has none."""

    imap: int
    imaps: int
    submission: int
    submissions: int
    lmtp: int = 0


@dataclass(frozen=True, kw_only=True)
class MailHost:
    """A mail server on 127.0.0.1 where everybody's password is PASSWORD.

    With Dovecot the submission ports are its own and lead to the relay, and every address exists; with pymap
    the ports are the relay's, and only addresses that `mail_host` was told, or that got mail, exist.
    """

    server: Server
    ports: Ports
    certificate: Certificate
    relay: Relay
    child: Child
    place: Path
    owner: Account | None
    password: str = PASSWORD
    _numbers: Iterator[int] = dataclasses.field(default_factory=itertools.count)

    @property
    def tls(self) -> ssl.SSLContext:
        """A client's context that trusts this server, as localhost and as 127.0.0.1."""
        return self.certificate.client_context()

    def welcome(self, user: str) -> str:
        """The address of a mailbox that is there from now on, empty, with the folders that every server makes."""
        if self.server == "pymap" and not self.maildir(user).is_dir():
            for name in ("INBOX", "Sent", "Junk"):
                self._make_folder(self.maildir(user, name))
            _add_to_pymap(self.place / "mail", [user])
        return user

    def deliver(
        self, to: str | Sequence[str], letter: bytes, *, sender: str = "someone@example.test"
    ) -> None:
        """Put a letter into inboxes as another server would (LMTP). Raises smtplib.SMTPException."""
        recipients = [to] if isinstance(to, str) else list(to)
        if self.server == "pymap":
            for each in recipients:
                self.put(each, letter)
            return
        for each in recipients:  # LMTP answers once a recipient, and smtplib reads one answer
            with smtplib.LMTP("127.0.0.1", self.ports.lmtp) as lmtp:
                lmtp.sendmail(sender, [each], letter)

    def put(self, user: str, letter: bytes, *, into: str = "INBOX", flags: str = "") -> Path:
        """Write a letter's file, the quickest way to a full folder; flags as Maildir has them ("S": seen)."""
        maildir = self.maildir(user, into)
        if not maildir.is_dir():
            self._make(user, maildir)
        name = f"{int(time.time())}.R{next(self._numbers)}P{os.getpid()}.rig,S={len(letter)}"
        written = maildir / "tmp" / name
        written.write_bytes(letter)
        give(written, self.owner)
        return written.rename(maildir / (f"cur/{name}:2,{flags}" if flags else f"new/{name}"))

    def letters(self, user: str, *, within: str = "INBOX") -> list[bytes]:
        """The letters in a folder, as they lie on the disk, oldest first."""
        maildir = self.maildir(user, within)
        files = [path for part in ("new", "cur") for path in maildir.glob(f"{part}/*")]
        return [path.read_bytes() for path in sorted(files, key=lambda path: path.stat().st_mtime_ns)]

    def maildir(self, user: str, name: str = "INBOX") -> Path:
        """Where a folder's letters lie; `name` as IMAP spells it, in modified UTF-7."""
        root = self.place / "mail" / user / "Maildir"
        return root if name == "INBOX" else root / f".{name.replace('/', '.')}"

    def forget_numbers(self, user: str, name: str = "INBOX") -> None:
        """Give a folder a new UIDVALIDITY. Nobody may have it open."""
        for index in self.maildir(user, name).glob("dovecot*"):
            if index.is_file() and not index.name.startswith("dovecot-uidvalidity"):
                index.unlink()

    def token(self, user: str, *, seconds: float = 3600) -> str:
        """A bearer token for XOAUTH2; with negative `seconds` one that is over. Dovecot only."""
        now = int(time.time())
        claims = {"sub": user, "email": user, "iat": now - 7200, "exp": int(now + seconds)}
        parts = [_base64(json.dumps(part).encode()) for part in ({"alg": "HS256", "typ": "JWT"}, claims)]
        signed = ".".join(parts)
        return f"{signed}.{_base64(hmac.digest(TOKEN_KEY, signed.encode(), hashlib.sha256))}"

    def _make(self, user: str, maildir: Path) -> None:
        self.welcome(user)
        self._make_folder(maildir)
        give(self.place / "mail" / user, self.owner)

    @staticmethod
    def _make_folder(maildir: Path) -> None:
        for part in ("new", "cur", "tmp"):
            (maildir / part).mkdir(parents=True, exist_ok=True)


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


@contextlib.contextmanager
def mail_host(
    users: Sequence[str] = (),
    *,
    quota: str = "0",
    certificate: Certificate | None = None,
    server: Server | None = None,
) -> Iterator[MailHost]:
    """A running mail server; `quota` of a mailbox as Dovecot writes it, "0": none. Raises ServerFailed."""
    start = {"dovecot": _dovecot, "pymap": _pymap}[server or which()]
    with folder("mail") as place:
        for name in ("run", "state", "mail"):
            (place / name).mkdir()
        shown = certificate or make_certificate(place)
        hosts: list[MailHost] = []

        def deliver(letter: Relayed) -> None:
            hosts[0].deliver(letter.recipients, letter.content, sender=letter.sender)

        with relay(deliver, shown, PASSWORD) as running, start(place, shown, running, users, quota) as host:
            hosts.append(host)
            yield host


@contextlib.contextmanager
def _dovecot(
    place: Path, certificate: Certificate, running: Relay, users: Sequence[str], quota: str
) -> Iterator[MailHost]:
    ports = Ports(**{field.name: free_port() for field in dataclasses.fields(Ports)})
    nobody = account()
    _configure(place, certificate, running, ports, quota)
    for path in (
        certificate.chain,
        certificate.key,
        *(place / name for name in ("run", "state", "mail", "keys")),
    ):
        give(path, nobody)
    child = Child(
        [_dovecot_program(), "-F", "-c", place / "dovecot.conf"],
        cwd=place / "run",
        ready="starting up for",
        ports=(ports.imap, ports.imaps, ports.submission, ports.submissions, ports.lmtp),
        user=nobody,
    )
    child.start()
    try:
        host = MailHost(
            server="dovecot",
            ports=ports,
            certificate=certificate,
            relay=running,
            child=child,
            place=place,
            owner=nobody,
        )
        yield host
    finally:
        child.kill()


def _configure(place: Path, certificate: Certificate, running: Relay, ports: Ports, quota: str) -> None:
    person = pwd.getpwnam("nobody") if account() else pwd.getpwuid(os.geteuid())
    numbers = {f"{name}_port": port for name, port in dataclasses.asdict(ports).items()}
    text = string.Template(CONFIGURATION.read_text("utf-8")).substitute(
        numbers,
        place=place,
        user=person.pw_name,
        group=grp.getgrgid(person.pw_gid).gr_name,
        password=PASSWORD,
        certificate=certificate.chain,
        key=certificate.key,
        relay_port=running.port,
        quota=quota,
    )
    (place / "dovecot.conf").write_text(text, "utf-8")
    (place / "oauth2.conf").write_text(
        "introspection_mode = local\n"
        f"local_validation_key_dict = fs:posix:prefix={place}/keys/\n"
        "username_attribute = email\n",
        "utf-8",
    )
    for owner in ("shared/", ""):
        key = place / "keys" / f"{owner}default" / "HS256" / "default"
        key.parent.mkdir(parents=True)
        key.write_bytes(base64.b64encode(TOKEN_KEY))


@contextlib.contextmanager
def _pymap(
    place: Path, certificate: Certificate, running: Relay, users: Sequence[str], quota: str
) -> Iterator[MailHost]:
    if quota != "0":
        raise ServerFailed("pymap knows no quota: this test needs Dovecot")
    _add_to_pymap(place / "mail", users)
    port = free_port()
    program = [sys.executable, "-c", "from pymap.main import main; main()"]
    child = Child(
        [*program, "--host", "127.0.0.1", "--port", str(port), "--no-tls", "maildir", place / "mail"],
        cwd=place / "run",
        ports=(port,),
        stopping=signal.SIGINT,
        env={**os.environ, "TMPDIR": str(place / "state")},  # it renames from there: one file system
    )
    child.start()
    try:
        with wire(port, tls=certificate.server_context()) as imaps:
            ports = Ports(
                imap=port, imaps=imaps.port, submission=running.starttls_port, submissions=running.tls_port
            )
            host = MailHost(
                server="pymap",
                ports=ports,
                certificate=certificate,
                relay=running,
                child=child,
                place=place,
                owner=None,
            )
            yield host
    finally:
        child.kill()


def _add_to_pymap(place: Path, users: Sequence[str]) -> None:
    from pysasl.hashing import BuiltinHash

    hashed = BuiltinHash(rounds=1000).hash(PASSWORD)
    for user in users:
        for part in ("new", "cur", "tmp"):
            (place / user / "Maildir" / part).mkdir(parents=True, exist_ok=True)
        with (place / "pymap-etc-passwd").open("a") as passwd:
            passwd.write(f"{user}:x::::{user}/Maildir:\n")
        with (place / "pymap-etc-shadow").open("a") as shadow:
            shadow.write(f"{user}:{hashed}:::::::\n")


@cache
def which() -> Server:
    """The server that tests will meet. Raises ServerFailed in a build without Dovecot."""
    if _dovecot_version().startswith("2.3."):
        return "dovecot"
    if os.environ.get("CI", "").lower() in ("1", "true"):
        raise ServerFailed("no Dovecot 2.3: install dovecot-imapd, dovecot-lmtpd and dovecot-submissiond")
    return "pymap"


def _dovecot_program() -> str:
    return shutil.which("dovecot", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin") or ""


def _dovecot_version() -> str:
    program = _dovecot_program()
    complete = all(Path("/usr/lib/dovecot", name).exists() for name in ("imap", "lmtp", "submission"))
    return said(program, r"[0-9]+\.[0-9.]+") if program and complete else ""


def version() -> str:
    """What `which` chose, with its version, for the tests' first lines."""
    dovecot = _dovecot_version()
    if dovecot.startswith("2.3."):
        return f"Dovecot {dovecot}"
    why = f"Dovecot {dovecot} is not the 2.3 that dovecot.conf is for" if dovecot else "no Dovecot"
    from importlib.metadata import version as installed

    return f"pymap {installed('pymap')} ({why})"
