"""Whatever a network puts into an event tomorrow, it is read or called unreadable, and no message of it is empty."""

from __future__ import annotations

import contextlib
import copy
import string
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import channels
from channels.base import Envelope
from tests.channels.contract import case_of, fixtures_of
from tests.channels.test_contract import admitted, opened


def trees_of(name: str) -> list[tuple[Path, Envelope, Any]]:
    """The channel's fixtures that are JSON as they are delivered, proof and all."""
    found: list[tuple[Path, Envelope, Any]] = []
    for path in fixtures_of(name):
        if path.name.startswith("broken__"):
            continue
        envelope = case_of(name).proven(path)
        with contextlib.suppress(orjson.JSONDecodeError):
            found.append((path, envelope, orjson.loads(envelope.body)))
    return found


TREES = {name: trees for name in channels.names() if (trees := trees_of(name))}
NAMES = list(TREES)
words = st.text(string.ascii_lowercase + "_", min_size=1, max_size=12)
values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
    max_leaves=6,
)  # fmt: skip
some = settings(
    max_examples=30, deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)  # fmt: skip


def places(tree: Any) -> list[tuple[Any, Any]]:
    """Every (container, key) in it."""
    found: list[tuple[Any, Any]] = []
    keys = list(tree) if isinstance(tree, dict) else range(len(tree)) if isinstance(tree, list) else ()
    for key in keys:
        found += [(tree, key), *places(tree[key])]
    return found


def mutate(data: st.DataObject, tree: Any) -> None:
    """One change anywhere: another value, a field gone, a field more, a field under another name, a list longer."""
    container, key = data.draw(st.sampled_from(places(tree)))
    match data.draw(st.sampled_from(["replace", "drop", "add", "rename", "repeat"])):
        case "replace":
            container[key] = data.draw(values)
        case "drop":
            del container[key]
        case "add" if isinstance(container, dict):
            container[data.draw(words)] = data.draw(values)
        case "rename" if isinstance(container, dict):
            container[data.draw(words)] = container.pop(key)
        case _ if isinstance(container, list):
            container.append(copy.deepcopy(container[key]))


@pytest.mark.parametrize("name", NAMES)
@some
@given(data=st.data())
def test_no_change_of_an_event_is_more_than_unreadable_and_no_message_is_empty(
    name: str, data: st.DataObject
) -> None:
    case = case_of(name)
    fixture, envelope, true = data.draw(st.sampled_from(TREES[name]))
    tree = copy.deepcopy(true)
    for _ in range(data.draw(st.integers(1, 4))):
        if places(tree):
            mutate(data, tree)
    channel = case.channel(name, fixture)
    changed = case.sign(replace(envelope, body=orjson.dumps(tree)))
    taken = admitted(channel, changed)
    if taken is not None and taken.keep:
        assert taken.key != ""
        opened(channel, changed)  # every fact is sane: a message says something


@pytest.mark.parametrize("name", NAMES)
@some
@given(data=st.data())
def test_unknown_fields_anywhere_fail_no_event_that_could_be_read(name: str, data: st.DataObject) -> None:
    case = case_of(name)
    fixture, envelope, true = data.draw(st.sampled_from(TREES[name]))
    tree = copy.deepcopy(true)
    objects = [tree, *(container[key] for container, key in places(tree) if isinstance(container[key], dict))]
    for one in data.draw(st.lists(st.sampled_from(objects), min_size=1, max_size=4)):
        if isinstance(one, dict):
            one.setdefault("tomorrow_" + data.draw(words), data.draw(values))
    channel = case.channel(name, fixture)
    before = opened(channel, envelope)
    after = opened(channel, case.sign(replace(envelope, body=orjson.dumps(tree))))
    assert before is not None
    assert after is not None
    assert [type(fact) for fact in after] == [type(fact) for fact in before]
