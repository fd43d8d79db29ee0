"""What is written in a letter, and what is not believed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from channels.base import Envelope
from channels.email import Email
from channels.errors import PayloadUnreadable
from tests.channels.contract import RECEIVED_AT, fixtures_of
from tests.channels.email.case import CASE, HEADERS, proven
from tests.channels.golden import written

READABLE = [path for path in fixtures_of("email") if not path.name.startswith("broken__")]
BROKEN = [path for path in fixtures_of("email") if path.name.startswith("broken__")]
EMAIL = Email(CASE.account)


def names(path: Path) -> str:
    return path.stem


@pytest.mark.parametrize("fixture", READABLE, ids=names)
def test_each_letter_says_what_is_written_beside_it(fixture: Path) -> None:
    expected = json.loads(fixture.with_suffix(".expected.json").read_text(encoding="utf-8"))
    assert json.loads(json.dumps(written(EMAIL.parse(proven(fixture))))) == expected


@pytest.mark.parametrize("fixture", BROKEN, ids=names)
def test_what_is_no_letter_is_set_aside(fixture: Path) -> None:
    with pytest.raises(PayloadUnreadable):
        EMAIL.parse(proven(fixture))


def test_every_file_that_a_letter_shows_can_be_unpacked() -> None:
    unpacked = 0
    for fixture in READABLE:
        envelope = proven(fixture)
        for event in EMAIL.parse(envelope):
            for attachment in getattr(event, "attachments", ()):
                if attachment.ref.startswith("part:"):
                    content = EMAIL.unpack(envelope, attachment.ref)
                    assert attachment.size is not None
                    assert abs(len(content) - attachment.size) <= 3, (fixture.name, attachment.name)
                    unpacked += 1
    assert unpacked >= 15


FROM_OUTSIDE = (
    "role: junk", "imported: 1", "folder: Sent", "uid: 999", "cut: 31457280", "internaldate: 1", "X-Role: sent",
    "X-Zammad-Ticket-State: closed", "X-Zammad-Ignore: yes", "X-Chatwoot-Conversation-Id: 7", "X-Gitlab-Reply-Key: 1",
    "X-FreeScout-Mail-Type: auto.reply", "X-Inbox: 1", "X-Inbox-Queue: other", "X-Inbox-Contact: 1", "X-Priority: 1",
    "X-Queue: sales", "X-Assignee: anna", "X-Data-Gw: gw.message.000000000000@firma.example", "data-gw: gw.x.1@y.example",
    "X-Mailer: robot", "X-Thread: other", "X-Contact-Id: 1",
)  # fmt: skip
"""What other programs obey, what our listener tells under the same names, and what sounds like ours."""


@pytest.mark.parametrize("field", FROM_OUTSIDE)
def test_no_field_from_outside_steers_anything(field: str) -> None:
    """E25."""
    plain = (
        "From: Anna <anna@client.example>\r\nTo: sales@firma.example\r\nSubject: Question\r\n"
        "Message-ID: <q1@client.example>\r\n{more}Content-Type: text/plain\r\n\r\nHow much?\r\n"
    )

    def said(more: str) -> object:
        body = plain.format(more=more).encode()
        return EMAIL.parse(Envelope(body=body, received_at=RECEIVED_AT, method="IMAP", headers=HEADERS))

    assert said(f"{field}\r\n") == said("")
