"""What Telegram's updates say, and that aiogram reads the same fixtures."""

from __future__ import annotations

import json
import string
from pathlib import Path

import pytest
from aiogram.types import Update
from hypothesis import given, settings
from hypothesis import strategies as st

from channels.errors import PayloadUnreadable
from channels.events import InboundMessage, OutgoingSeen, Span, Started
from channels.telegram import Telegram
from channels.telegram.text import entities_of, spans_of, units
from channels.telegram.wire import Entity
from tests.channels.contract import fixtures_of
from tests.channels.golden import written
from tests.channels.telegram.case import CASE, enveloped, proven

READABLE = [path for path in fixtures_of("telegram") if not path.name.startswith("broken__")]
BROKEN = [path for path in fixtures_of("telegram") if path.name.startswith("broken__")]
TELEGRAM = Telegram(CASE.account)


def names(path: Path) -> str:
    return path.stem


@pytest.mark.parametrize("fixture", READABLE, ids=names)
def test_each_update_says_what_is_written_beside_it(fixture: Path) -> None:
    expected = json.loads(fixture.with_suffix(".expected.json").read_text(encoding="utf-8"))
    assert json.loads(json.dumps(written(TELEGRAM.parse(proven(fixture))))) == expected


@pytest.mark.parametrize("fixture", READABLE, ids=names)
def test_aiogram_takes_every_fixture_for_an_update(fixture: Path) -> None:
    raw = json.loads(fixture.read_bytes())
    update = Update.model_validate(raw)
    assert update.update_id == raw["update_id"]
    kind = next(key for key in raw if key != "update_id")
    tomorrow = kind == "telepathy"
    assert tomorrow or update.event_type == kind


@pytest.mark.parametrize("fixture", BROKEN, ids=names)
def test_what_cannot_be_read_is_set_aside(fixture: Path) -> None:
    with pytest.raises(PayloadUnreadable):
        TELEGRAM.parse(proven(fixture))


def test_a_foreign_phone_proves_nothing_about_the_writer() -> None:
    for name in ("message__contact_of_another", "message__contact_without_user"):
        (event,) = TELEGRAM.parse(proven(Path(__file__).parent / "fixtures" / f"{name}.json"))
        assert isinstance(event, InboundMessage)
        assert event.sender.also == ()
        assert event.card is not None and not event.card.own


@pytest.mark.parametrize(
    ("text", "payload"),
    [
        ("/start", ""),
        ("/start ", ""),
        ("/start ads_1-2", "ads_1-2"),
        ("/start@inbox_bot ads", "ads"),
        ("/start " + "a" * 64, "a" * 64),
    ],
)
def test_start_opens_without_words(text: str, payload: str) -> None:
    (event,) = TELEGRAM.parse(enveloped(_private(text)))
    assert isinstance(event, Started)
    assert (event.payload, event.attribution.campaign) == (payload, payload)


@pytest.mark.parametrize(
    "text", ["/start два слова", "/start " + "a" * 65, "/started", "/start a b", "x /start", "/start ключ"]
)
def test_what_only_looks_like_start_is_said_by_the_client(text: str) -> None:
    (event,) = TELEGRAM.parse(enveloped(_private(text)))
    assert isinstance(event, InboundMessage)
    assert event.text == text


def _private(text: str) -> bytes:
    chat = {"id": 5100000001, "type": "private", "first_name": "Анна"}
    message = {"message_id": 1, "chat": chat, "from": chat, "date": 1790000000, "text": text}
    return json.dumps({"update_id": 1, "message": message}).encode()


def test_the_same_number_in_another_chat_is_another_message() -> None:
    """A business chat has the client's id as its own, as the bot's private chat has (peers.md, 5.4)."""
    private = TELEGRAM.parse(enveloped(_private("x")))[0]
    body = _private("x").replace(b'"message": {', b'"business_message": {"business_connection_id": "Bc-1", ')
    business = TELEGRAM.parse(enveloped(body))[0]
    assert isinstance(private, InboundMessage)
    assert isinstance(business, InboundMessage)
    assert private.external_id != business.external_id
    assert private.thread != business.thread


def test_in_a_business_chat_whoever_is_not_the_client_is_us() -> None:
    body = _private("x").replace(b'"message": {', b'"business_message": {"business_connection_id": "Bc-1", ')
    by_owner = body.replace(b'"from": {"id": 5100000001', b'"from": {"id": 6200000001')
    assert isinstance(TELEGRAM.parse(enveloped(by_owner))[0], OutgoingSeen)


def link(offset: int, length: int) -> Entity:
    return Entity(type="text_link", offset=offset, length=length, url="https://u.example")


@pytest.mark.parametrize(
    ("offset", "length", "expected"),
    [
        (0, 2, "😀"),
        (3, 2, "да"),
        (0, 5, "😀 да"),
        (3, 3, None),
        (-1, 2, None),
        (0, 0, None),
        (0, 1, None),
        (1, 4, None),
        (2**40, 2, None),
        (0, 2**40, None),
    ],
)
def test_styles_are_placed_by_utf16_units_and_bent_ones_are_left_out(
    offset: int, length: int, expected: str | None
) -> None:
    spans = spans_of("😀 да", [link(offset, length)])
    assert ["😀 да"[span.start : span.start + span.length] for span in spans] == (
        [] if expected is None else [expected]
    )


def test_a_link_that_no_browser_should_follow_is_plain_text() -> None:
    bad = Entity(type="text_link", offset=0, length=2, url="javascript:alert(1)")
    assert spans_of("да", [bad]) == ()


def test_styles_that_cross_are_left_out_and_nested_ones_stay() -> None:
    def entity(kind: str, offset: int, length: int) -> Entity:
        return Entity(type=kind, offset=offset, length=length)

    found = spans_of("абвгде", [entity("bold", 0, 4), entity("italic", 1, 2), entity("code", 3, 3)])
    assert [(span.style, span.start, span.length) for span in found] == [("bold", 0, 4), ("italic", 1, 2)]


@pytest.mark.parametrize("text", ["плоско", "с 😀 и 🇷🇺 флагом", "😀"])
def test_styles_survive_the_way_out_and_back(text: str) -> None:
    spans = tuple(
        Span(start=start, length=len(text) - start, style="bold") for start in range(min(2, len(text)))
    )
    told = [Entity(type=kind, offset=at, length=length) for kind, at, length, _ in entities_of(text, spans)]
    assert spans_of(text, told) == spans


def test_blanks_at_the_end_of_a_style_stay_plain() -> None:
    assert entities_of("да  ", [Span(start=0, length=4, style="bold")]) == [("bold", 0, 2, "")]
    assert entities_of("  ", [Span(start=0, length=2, style="bold")]) == []


def test_text_is_counted_as_telegram_counts() -> None:
    assert [units(text) for text in ("", "да", "😀", "😀a")] == [0, 2, 2, 3]


UNHEARD_OF = st.text(string.ascii_lowercase + "_", min_size=4, max_size=20).map("x_".__add__)


@settings(max_examples=60, deadline=None)
@given(
    UNHEARD_OF, st.recursive(st.none() | st.integers() | st.text(), lambda inner: st.lists(inner, max_size=2))
)
def test_a_message_of_any_kind_nobody_knows_is_shown_under_the_networks_own_word(
    kind: str, value: object
) -> None:
    chat = {"id": 5, "type": "private", "first_name": "Анна"}
    for field in ("message", "business_message"):
        message = {
            "message_id": 7,
            "date": 1790000000,
            "chat": chat,
            "from": chat | {"is_bot": False},
            kind: value,
        }
        body = json.dumps({"update_id": 9, field: message}).encode()
        (event,) = TELEGRAM.parse(enveloped(body))
        assert isinstance(event, InboundMessage)
        assert (event.kind, event.unsupported) == ("unsupported", kind[:64])
    assert TELEGRAM.parse(enveloped(json.dumps({"update_id": 9, kind: value}).encode())) == ()
