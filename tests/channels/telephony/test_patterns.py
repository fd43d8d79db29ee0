"""No description of a telephone system may hold the event loop: its expressions take a glance at any text."""

from __future__ import annotations

import time

import pytest

from channels.telephony.converters import Reading
from channels.telephony.values import BadMapping, read_value


@pytest.mark.parametrize(
    "pattern",
    [
        "(a+)+$", "(a|aa)*$", "(.*.*.*)x", "(a?a?a?a?a?a?aaaaaa)x", r"(a)\1", "(?=a)(b)", "([a-z]*[a-z]*[a-z]*)x",
        "(a{1,9}b{1,9}c{1,9})", "no group", "(two)(groups)", "(" + "a" * 100 + ")", "(unclosed",
    ],
)  # fmt: skip
def test_an_expression_that_could_take_long_is_refused(pattern: str) -> None:
    with pytest.raises(BadMapping) as fault:
        read_value({"path": "from", "re": pattern}, "fields.client", "text")
    assert fault.value.code == "mapping_bad_pattern"


@pytest.mark.parametrize(
    "pattern", ["(.*.*)x", "(a*a*)x", "([^@]{1,60})@x", r"\[?([0-9+*?{]{2,6})$", "(a?.*)x"]
)
def test_what_is_allowed_takes_a_glance_at_the_longest_text(pattern: str) -> None:
    value = read_value({"path": "from", "re": pattern}, "fields.client", "text")
    began = time.process_time()
    value({"from": "a" * 100_000}, Reading())
    assert time.process_time() - began < 1
