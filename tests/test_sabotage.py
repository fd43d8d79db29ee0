"""The table of what is taken out still names what is there; `make sabotage` takes it out and runs the tests."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

from scripts.sabotage import ROOT, Mechanism, mechanisms

ALL = mechanisms()


@pytest.mark.parametrize("one", ALL, ids=[one.what for one in ALL])
def test_a_mechanism_stands_where_the_table_says_and_its_test_exists(one: Mechanism) -> None:
    assert (ROOT / one.file).read_text("utf-8").count(one.cut) == 1
    file, _, name = one.test.partition("::")
    body = (ROOT / file).read_text("utf-8")
    assert re.search(rf"def {re.escape(name.partition('[')[0])}\(", body), one.test


def test_every_promise_about_messages_has_a_mechanism_that_is_taken_out() -> None:
    counted = Counter(one.promise for one in ALL)
    assert {f"I{number}" for number in range(1, 8)} <= counted.keys()
    assert all(Path(one.file).parts[0] in ("gateway", "routing", "storage") for one in ALL)
