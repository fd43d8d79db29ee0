"""The mail servers under the tests are real ones, and the relay fails as it is told."""

from __future__ import annotations

import contextlib
import imaplib
import smtplib
import time
from collections.abc import Iterator

import pytest

from tests.rig import mail
from tests.rig.certificates import make_certificate
from tests.rig.mail import PASSWORD, MailHost, Server, mail_host
from tests.rig.process import ServerFailed, folder
from tests.rig.relay import BUSY, CUT_BEFORE, GREYLISTED, LOST_ANSWER, NOT_CONNECTED, SHUTTING_DOWN, slow

SHOP = "sales@shop.test"
CLIENT = "client@example.test"
LETTER = b"From: client@example.test\r\nTo: sales@shop.test\r\nSubject: one\r\n\r\nHello\r\n"
SERVERS: tuple[Server, ...] = ("dovecot", "pymap") if mail.which() == "dovecot" else ("pymap",)


@pytest.fixture(scope="module", params=SERVERS)
def host(request: pytest.FixtureRequest) -> Iterator[MailHost]:
    with mail_host([SHOP, CLIENT], server=request.param) as running:
        yield running


@pytest.fixture(scope="module")
def dovecot() -> Iterator[MailHost]:
    with mail_host(server=SERVERS[0]) as running:
        yield running


@contextlib.contextmanager
def signed_in(host: MailHost, user: str = SHOP) -> Iterator[imaplib.IMAP4]:
    with imaplib.IMAP4_SSL("localhost", host.ports.imaps, ssl_context=host.tls, timeout=10) as imap:
        imap.login(user, PASSWORD)
        yield imap


@contextlib.contextmanager
def submitting(host: MailHost) -> Iterator[smtplib.SMTP]:
    with smtplib.SMTP("localhost", host.ports.submission, timeout=10) as smtp:
        smtp.starttls(context=host.tls)
        smtp.login(SHOP, PASSWORD)
        yield smtp


@contextlib.contextmanager
def handing_over(host: MailHost) -> Iterator[smtplib.SMTP]:
    with smtplib.SMTP("127.0.0.1", host.relay.port, timeout=10) as smtp:
        yield smtp


def test_a_delivered_letter_is_fetched_over_tls(host: MailHost) -> None:
    host.deliver(SHOP, LETTER)
    with signed_in(host) as imap:
        imap.select()
        _, found = imap.uid("SEARCH", "SUBJECT", "one")
        number = found[0].split()[-1].decode()
        _, parts = imap.uid("FETCH", number, "(BODY.PEEK[])")
        assert isinstance(parts[0], tuple)
        assert parts[0][1].rstrip().endswith(b"Hello")  # pymap ends lines with LF


def test_a_wrong_password_is_refused(host: MailHost) -> None:
    imap = imaplib.IMAP4("127.0.0.1", host.ports.imap, timeout=10)
    with imap, pytest.raises(imaplib.IMAP4.error):
        imap.login(SHOP, "wrong")
    smtp = smtplib.SMTP_SSL("localhost", host.ports.submissions, context=host.tls, timeout=10)
    with smtp, pytest.raises(smtplib.SMTPAuthenticationError):
        smtp.login(SHOP, "wrong")


def test_nobody_submits_without_signing_in(host: MailHost) -> None:
    with smtplib.SMTP_SSL("localhost", host.ports.submissions, context=host.tls, timeout=10) as smtp:
        smtp.ehlo()
        assert smtp.mail(SHOP)[0] == 530


def test_a_submitted_letter_reaches_the_client(host: MailHost) -> None:
    before = len(host.letters(CLIENT))
    with submitting(host) as smtp:
        assert smtp.sendmail(SHOP, [CLIENT], LETTER) == {}
    assert host.relay.seen[-1].recipients == (CLIENT,)
    assert len(host.letters(CLIENT)) == before + 1


def test_a_letter_put_into_a_folder_is_there_with_its_flags(host: MailHost) -> None:
    host.put(SHOP, LETTER, into="Archive", flags="S")
    with signed_in(host) as imap:
        imap.subscribe("Archive")
        imap.select("Archive")
        assert imap.uid("SEARCH", "SEEN")[1][0].split()


def test_the_relay_answers_as_planned(host: MailHost) -> None:
    host.relay.plan.extend([GREYLISTED, BUSY, SHUTTING_DOWN, None])
    for code in (451, 451, 421):
        with pytest.raises(smtplib.SMTPException) as refused, handing_over(host) as smtp:
            smtp.sendmail(SHOP, [CLIENT], LETTER)
        assert str(code) in str(refused.value)
    with handing_over(host) as smtp:
        assert smtp.sendmail(SHOP, [CLIENT], LETTER) == {}


def test_the_relay_loses_an_answer_but_not_the_letter(host: MailHost) -> None:
    before = len(host.letters(CLIENT))
    host.relay.plan.append(LOST_ANSWER)
    with pytest.raises(smtplib.SMTPServerDisconnected), handing_over(host) as smtp:
        smtp.sendmail(SHOP, [CLIENT], LETTER)
    assert len(host.letters(CLIENT)) == before + 1


@pytest.mark.parametrize("fault", [CUT_BEFORE, NOT_CONNECTED])
def test_the_relay_cuts_and_delivers_nothing(host: MailHost, fault: object) -> None:
    before = len(host.relay.seen)
    host.relay.plan.append(CUT_BEFORE if fault is CUT_BEFORE else NOT_CONNECTED)
    with pytest.raises((smtplib.SMTPServerDisconnected, ConnectionResetError)), handing_over(host) as smtp:
        smtp.sendmail(SHOP, [CLIENT], LETTER)
    assert len(host.relay.seen) == before


def test_the_relay_refuses_one_recipient_of_two(host: MailHost) -> None:
    host.relay.refused["gone@example.test"] = "550 5.1.1 No such user"
    with handing_over(host) as smtp:
        assert set(smtp.sendmail(SHOP, [CLIENT, "gone@example.test"], LETTER)) == {"gone@example.test"}


def test_the_relay_can_be_slow(host: MailHost) -> None:
    host.relay.plan.append(slow(0.2))
    begin = time.monotonic()
    with handing_over(host) as smtp:
        smtp.sendmail(SHOP, [CLIENT], LETTER)
    assert time.monotonic() - begin >= 0.2


def test_dovecot_passes_the_relays_answer_on(dovecot: MailHost) -> None:
    dovecot.relay.plan.append(GREYLISTED)
    with submitting(dovecot) as smtp, pytest.raises(smtplib.SMTPRecipientsRefused) as refused:
        smtp.sendmail(SHOP, [CLIENT], LETTER)
    assert refused.value.recipients[CLIENT][0] == 451


@pytest.mark.dovecot
def test_a_bearer_token_signs_in_until_it_is_over(dovecot: MailHost) -> None:
    def sign_in(seconds: float) -> str:
        bearer = f"user={SHOP}\1auth=Bearer {dovecot.token(SHOP, seconds=seconds)}\1\1".encode()
        with imaplib.IMAP4_SSL("localhost", dovecot.ports.imaps, ssl_context=dovecot.tls, timeout=10) as imap:
            return imap.authenticate("XOAUTH2", lambda said: b"" if said else bearer)[0]

    assert sign_in(60) == "OK"
    with pytest.raises(imaplib.IMAP4.error):
        sign_in(-60)


def test_a_folder_gets_new_numbers(dovecot: MailHost) -> None:
    def validity() -> bytes:
        with signed_in(dovecot, "numbers@shop.test") as imap:
            imap.select()
            return imap.response("UIDVALIDITY")[1][0] or b""

    dovecot.deliver("numbers@shop.test", LETTER)
    before = validity()
    dovecot.forget_numbers("numbers@shop.test")
    assert validity() != before


@pytest.mark.dovecot
def test_a_full_mailbox_refuses() -> None:
    with mail_host(server=SERVERS[0], quota="10k") as host:
        with pytest.raises(smtplib.SMTPDataError) as refused:
            host.deliver(SHOP, LETTER + b"x" * 20_000)
        assert refused.value.smtp_code == 552


def test_a_killed_server_comes_back_with_its_letters(host: MailHost) -> None:
    host.deliver(SHOP, LETTER)
    host.child.kill()
    with (
        pytest.raises((OSError, imaplib.IMAP4.error)),
        imaplib.IMAP4("127.0.0.1", host.ports.imap, timeout=2),
    ):
        pass
    host.child.start()
    with signed_in(host) as imap:
        assert int(imap.select()[1][0] or 0) >= 1


def test_a_certificate_for_somebody_else_is_not_trusted() -> None:
    with contextlib.ExitStack() as stack:
        place = stack.enter_context(folder("tls"))
        host = stack.enter_context(mail_host(certificate=make_certificate(place, host="other.test")))
        with pytest.raises(OSError, match="CERTIFICATE_VERIFY_FAILED"):
            imaplib.IMAP4_SSL("localhost", host.ports.imaps, ssl_context=host.tls, timeout=5)


def test_a_build_insists_on_dovecot(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mail, "_dovecot_program", lambda: "")
    monkeypatch.setenv("CI", "true")
    with pytest.raises(ServerFailed, match="dovecot-imapd"):
        mail.which.__wrapped__()
    monkeypatch.setenv("CI", "")
    assert mail.which.__wrapped__() == "pymap"
    assert "pymap" in mail.version()
