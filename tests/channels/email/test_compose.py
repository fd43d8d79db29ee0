"""What leaves is a sound letter, whatever somebody typed or a client named a file."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from email import message_from_bytes, policy
from email.message import EmailMessage

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from channels.base import OutboundFile, OutboundMessage, QuotedLetter, Recipient
from channels.email import Email
from channels.email.compose import compose
from channels.email.send import LARGEST
from channels.errors import Refused
from channels.events import Identity
from tests.channels.email.case import ACCOUNT

EMAIL = Email(ACCOUNT)
CLIENT = Identity(kind="email", value="anna@client.example")
EVIL = 'a\r\nBcc: evil@x.example\r\n\r\n<script>\0\u202e\u2028"\\;=?utf-8?q?=0ABcc:?='
FIELDS = {
    "From", "To", "Subject", "Message-ID", "Date", "In-Reply-To", "References", "MIME-Version", "Content-Type",
}  # fmt: skip


def file(name: str, body: bytes = b"%PDF-1.4", **more: str) -> OutboundFile:
    async def read() -> AsyncIterator[bytes]:
        yield body

    return OutboundFile(
        kind="file", name=name, mime=more.pop("mime", "application/pdf"), size=len(body), read=read, **more
    )


async def raw(message: OutboundMessage) -> bytes:
    return b"".join([piece async for piece in EMAIL.rendered(message)])


def read(body: bytes) -> EmailMessage:
    found = message_from_bytes(body, policy=policy.default)
    assert isinstance(found, EmailMessage)
    return found


def message(**more: object) -> OutboundMessage:
    usual = {
        "key": "k1",
        "thread": "t",
        "to": CLIENT,
        "text": "Здравствуйте!",
        "created_at": 1_789_988_700_000_000,
    }
    return OutboundMessage(**{**usual, **more})  # type: ignore[arg-type]


hostile = st.one_of(st.text(max_size=60), st.just(EVIL), st.text('\r\n\t :;<>"\\=?@\0a', max_size=40))


@settings(max_examples=40)
@given(subject=hostile, name=hostile, named=hostile, cid=hostile, mime=hostile, author=hostile)
async def test_no_word_of_anybodys_makes_a_header(
    subject: str, name: str, named: str, cid: str, mime: str, author: str
) -> None:
    body = await raw(
        message(
            subject=subject, to_name=name, files=(file(named, mime=mime), file(named, inline_id=cid)),
            recipients=(Recipient(address="anna@client.example", name=name, kind="to"),),
            references=(named, "q1@client.example"), reply_to=name, signature=author,
            quoted=QuotedLetter(author=author, when="сегодня", text=author, html="", subject=subject, to=name),
        )
    )  # fmt: skip
    assert b"\n" not in body.replace(b"\r\n", b"") and b"\r" not in body.replace(b"\r\n", b"")
    assert max(map(len, body.split(b"\r\n"))) < 998
    found = read(body)
    assert set(found.keys()) <= FIELDS
    for part in found.walk():
        assert set(part.keys()) <= {*FIELDS, "Content-Transfer-Encoding", "Content-Disposition", "Content-ID"}
    carried = [part.get_payload(decode=True) for part in found.walk() if part.get_content_disposition()]
    assert carried == [b"%PDF-1.4", b"%PDF-1.4"]


def test_references_keep_the_first_and_the_last_and_are_folded() -> None:
    """S2."""
    ids = tuple(f"{number:03}{'x' * 60}@client.example" for number in range(80))
    found = read(asyncio.run(raw(message(references=ids, reply_to=ids[-1]))))
    told = found["References"].split()
    assert told == [f"<{one}>" for one in (ids[0], *ids[-29:])]
    assert found["In-Reply-To"] == f"<{ids[-1]}>"


@pytest.mark.parametrize(
    ("subject", "told"), [("Дверь", "Re: Дверь"), ("Re: Отв: RE[2]: Дверь", "Re: Дверь"), ("", "Re:")]
)
def test_a_subject_is_answered_with_one_re(subject: str, told: str) -> None:
    """S2."""
    assert read(asyncio.run(raw(message(subject=subject, references=("q@c.example",)))))["Subject"] == told


def test_the_same_message_gives_the_same_bytes_and_is_as_large_as_announced() -> None:
    """S1."""
    one = message(
        subject="Смета", files=(file("смета.pdf", b"\0" * 100_001), file("a.png", b"x", inline_id="c@x"))
    )
    first, second = asyncio.run(raw(one)), asyncio.run(raw(one))
    assert first == second
    assert compose(one, EMAIL.mailbox, "key-of-the-tests").size == len(first)


def test_a_machines_letter_says_so() -> None:
    """E23."""
    found = read(asyncio.run(raw(message(automatic=True))))
    assert found["Auto-Submitted"] == "auto-replied"
    assert (found["Precedence"], found["X-Auto-Response-Suppress"]) == ("auto_reply", "All")
    assert found["X-Loop"] == EMAIL.mailbox.address
    assert found["List-Unsubscribe"] is None


@pytest.mark.parametrize(
    "address",
    ["a@b.example\r\nRCPT TO:<c@d.example>", "a b@c.example", "<a@b.example>", "a@b.example\n", "a@б.рф", ""],
)
def test_what_is_no_address_is_refused_before_any_network(address: str) -> None:
    with pytest.raises(Refused) as caught:
        asyncio.run(EMAIL.send(message(to=Identity(kind="email", value=address))))
    assert caught.value.code == "bad_address"


@pytest.mark.parametrize("files", [1, 2])
def test_a_letter_over_the_limit_is_refused_before_any_network(files: int) -> None:
    """S8."""
    large = tuple(
        OutboundFile(kind="file", name="x", mime="", size=LARGEST // files, read=file("x").read)
        for _ in range(files)
    )
    with pytest.raises(Refused) as caught:
        asyncio.run(EMAIL.send(message(files=large)))
    assert caught.value.code == "too_large"
