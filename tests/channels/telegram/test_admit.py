"""Who is believed, which update it is, what stays in order."""

from __future__ import annotations

import json

import pytest

from channels.base import Account
from channels.errors import WebhookRefused
from channels.telegram import Telegram
from tests.channels.contract import fixtures_of
from tests.channels.telegram.case import CASE, HEADER, SECRET, enveloped, proven

TELEGRAM = Telegram(CASE.account)
TRUE = {HEADER: SECRET}


def test_an_account_without_a_secret_takes_nothing() -> None:
    for settings in ({"token": "x"}, {"secret_token": ""}):
        channel = Telegram(Account(source_id="s", settings=settings))
        for headers in ({}, {HEADER: ""}):
            with pytest.raises(WebhookRefused):
                channel.admit(enveloped(b"{}", **headers))


def test_the_key_is_the_updates_number() -> None:
    assert TELEGRAM.admit(enveloped(b'{"update_id": 77}', **TRUE)).key == "77"


def test_an_update_that_cannot_be_read_is_known_by_its_number_or_its_bytes() -> None:
    strange = enveloped(b'{"update_id": 78, "message": {"chat": 5}}', **TRUE)
    assert TELEGRAM.admit(strange).key == "78"
    first, same, other = (TELEGRAM.admit(enveloped(body, **TRUE)).key for body in (b"[1]", b"[1]", b"[2]"))
    assert first == same != other
    assert first is not None and first.startswith("sha256:")


@pytest.mark.parametrize(
    ("fixture", "lane"),
    [
        ("message__text", "5100000001"),
        ("edited_message__text", "5100000001"),
        ("message_reaction__heart", "5100000001"),
        ("my_chat_member__blocked", "5100000001"),
        ("callback_query__button", "5100000001"),
        ("callback_query__inline", "5100000001"),
        ("message__topic_text", "-1001700000002"),
        ("business_message__client", "business:Bc-1:7300000001"),
        ("business_message__by_owner", "business:Bc-1:7300000001"),
        ("deleted_business_messages__two", "business:Bc-1:7300000001"),
        ("inline_query__any", ""),
    ],
)
def test_a_chat_is_a_lane(fixture: str, lane: str) -> None:
    path = next(path for path in fixtures_of("telegram") if path.stem == fixture)
    assert TELEGRAM.admit(proven(path)).lane == lane


def test_the_same_update_three_times_has_one_key() -> None:
    """peers.md, section 5, finding 3."""
    path = next(path for path in fixtures_of("telegram") if path.stem == "message__text")
    assert len({TELEGRAM.admit(proven(path)).key for _ in range(3)}) == 1


def test_two_equal_texts_are_two_messages() -> None:
    def said(number: int) -> bytes:
        chat = {"id": 5, "type": "private"}
        message = {"message_id": number, "chat": chat, "date": 1790000000, "text": "да"}
        return json.dumps({"update_id": 1000 + number, "message": message}).encode()

    keys = {TELEGRAM.admit(enveloped(said(number), **TRUE)).key for number in (1, 2)}
    events = [TELEGRAM.parse(enveloped(said(number), **TRUE))[0] for number in (1, 2)]
    assert len(keys) == 2
    assert events[0] != events[1]
