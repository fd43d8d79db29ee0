"""What is written in a letter, and what is not believed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from channels.email import Email
from channels.errors import PayloadUnreadable
from tests.channels.contract import fixtures_of
from tests.channels.email.case import CASE, proven
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
