"""What a link's payload means: a campaign as a whole, or a label and the token of a deal."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.links import LABEL_MAX, TOKEN_LENGTH, Link, payload_of, read

SIGNS = "ABCXYZabcxyz0189_-"
labels = st.text(SIGNS, max_size=LABEL_MAX)
tokens = st.text(SIGNS, min_size=TOKEN_LENGTH, max_size=TOKEN_LENGTH)


@given(labels, tokens)
def test_a_link_s_label_and_token_are_read_back_whatever_they_are(label: str, token: str) -> None:
    assert read(payload_of(label, token)) == Link(campaign=label, token=token)


@given(labels, tokens)
def test_every_payload_fits_where_the_networks_carry_it(label: str, token: str) -> None:
    assert re.fullmatch(r"[A-Za-z0-9_-]{1,64}", payload_of(label, token))


@given(st.text())
def test_any_payload_is_read(payload: str) -> None:
    found = read(payload)
    assert found.token or found.campaign == payload


@pytest.mark.parametrize("payload", ["", "spring", "ads_spring-26", "a--b", "--", "spring--" + "x" * 21])
def test_what_is_no_link_to_a_deal_is_a_campaign_as_a_whole(payload: str) -> None:
    assert read(payload) == Link(campaign=payload)


@pytest.mark.parametrize(("label", "token"), [("a b", "x" * 22), ("x" * 41, "x" * 22), ("a", "x" * 21)])
def test_what_no_network_would_carry_is_never_made(label: str, token: str) -> None:
    with pytest.raises(ValueError, match="no link"):
        payload_of(label, token)
