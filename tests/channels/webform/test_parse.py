"""Is what people wrote understood?"""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import orjson
import pytest

from channels.errors import PayloadUnreadable, Refused
from channels.events import InboundMessage
from channels.webform import WebForm
from tests.channels.contract import fixtures_of
from tests.channels.webform.case import ACCOUNT, CASE, proven

FIXTURES = [path for path in fixtures_of("webform") if not path.name.startswith("broken__")]
BROKEN = [path for path in fixtures_of("webform") if path.name.startswith("broken__")]
FOLDER = Path(__file__).parent / "fixtures"


def told(value: Any) -> Any:
    """A fact without what stands at its default, as it reads in an expected file."""
    if not dataclasses.is_dataclass(value):
        return list(map(told, value)) if isinstance(value, tuple) else value
    found = {}
    for field in dataclasses.fields(value):
        inner = getattr(value, field.name)
        default = field.default_factory() if callable(field.default_factory) else field.default
        if inner != default:
            found[field.name] = told(inner)
    return found


def opened(name: str) -> InboundMessage:
    (event,) = WebForm(ACCOUNT).parse(proven(FOLDER / name))
    assert isinstance(event, InboundMessage)
    return event


@pytest.mark.parametrize("path", FIXTURES, ids=lambda path: path.stem)
def test_a_submission_reads_as_expected(path: Path) -> None:
    events = [told(event) for event in CASE.channel("webform").parse(proven(path))]
    expected = path.parent / f"{path.name}.expected.json"
    assert orjson.loads(orjson.dumps(events)) == orjson.loads(expected.read_bytes())


@pytest.mark.parametrize("path", BROKEN, ids=lambda path: path.stem)
def test_what_cannot_be_read_is_kept_and_answered_400(path: Path) -> None:
    channel = WebForm(ACCOUNT)
    admitted = channel.admit(proven(path))
    assert (admitted.keep, admitted.reply.status) == (True, 400)
    assert admitted.key == channel.admit(proven(path)).key
    with pytest.raises(PayloadUnreadable):
        channel.parse(proven(path))


def test_a_file_is_unpacked_byte_for_byte() -> None:
    channel, envelope = WebForm(ACCOUNT), proven(FOLDER / "form__files.multipart")
    pdf, photo = opened("form__files.multipart").attachments
    assert channel.unpack(envelope, pdf.ref) == b"%PDF-1.4\r\n--not a boundary\r\n"
    assert channel.unpack(envelope, photo.ref) == b"\xff\xd8\xff\xe0jpeg"


def test_a_file_that_is_not_there_is_refused() -> None:
    with pytest.raises(Refused):
        WebForm(ACCOUNT).unpack(proven(FOLDER / "form__files.multipart"), "part:7")


def test_one_person_is_one_conversation_whatever_they_write() -> None:
    assert opened("form__too_fast.json").thread == opened("form__links.form").thread == "+79161234567"


def test_two_people_without_an_address_are_two_conversations() -> None:
    other = proven(FOLDER / "form__no_contact.json")
    (event,) = WebForm(ACCOUNT).parse(dataclasses.replace(other, body=b'{"message": "other"}'))
    assert isinstance(event, InboundMessage)
    assert event.thread != opened("form__no_contact.json").thread
