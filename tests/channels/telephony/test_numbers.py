"""Whose number is it, in which country, and which ad does it stand on?"""

from __future__ import annotations

from dataclasses import replace

import pytest

from channels.telephony import Telephony
from channels.telephony.numbers import client_of, extension, outer
from tests.channels.telephony import traces
from tests.channels.telephony.case import CONTRACT


@pytest.mark.parametrize(
    ("written", "region", "number"),
    [
        ("8 (495) 123-45-67", "RU", "+74951234567"),
        ("79161234567", "BY", "+79161234567"),
        ("sip:+79161234567@host;user=phone", "RU", "+79161234567"),
        ("8 017 234-56-78", "BY", "+375172345678"),
        ("8 701 123 45 67", "KZ", "+77011234567"),
        ("810375172345678", "RU", "+375172345678"),
        ("anonymous", "RU", ""),
        ("000*306", "RU", ""),
        ("101", "RU", ""),
    ],
)
def test_numbers_are_e164_by_the_region_of_the_source(written: str, region: str, number: str) -> None:
    assert outer(written, region) == number
    assert (client_of(written, region) is None) == (number == "")


@pytest.mark.parametrize(
    ("written", "short"),
    [("101", "101"), ("000*306", "306"), ("ivanov", "ivanov"), ("79161234567", ""), ("hidden", "")],
)
def test_inner_numbers_are_extensions_and_outer_ones_are_not(written: str, short: str) -> None:
    assert extension(written) == short


def test_each_line_has_its_own_campaign_and_an_unknown_line_none() -> None:
    written = "+7 495 123-45-67 = Директ\n8 800 123-45-67 = Каталог"
    known = Telephony(replace(CONTRACT, settings={**CONTRACT.settings, "campaigns": written}))
    trace = next(one for one in traces.every() if (one.system, one.name) == ("contract", "answered"))

    def campaigns(line: str) -> set[str]:
        envelopes = [traces.envelope(trace, place) for place in range(len(trace.requests))]
        told = [replace(one, body=one.body.replace(b"74951234567", line.encode())) for one in envelopes]
        return {event.attribution.campaign for one in told for event in known.parse(one) if event.line}  # type: ignore[union-attr]

    assert campaigns("74951234567") == {"Директ"}
    assert campaigns("78001234567") == {"Каталог"}
    assert campaigns("74957654321") == {""}
