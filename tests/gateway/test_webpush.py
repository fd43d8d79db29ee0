"""What is closed for a browser is what the standard's own example says, and nothing that is no key is taken for one."""

from __future__ import annotations

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.ec import derive_private_key

from gateway import webpush
from gateway.api.handlers.devices import name_of
from tests.rig.pushservice import Browser

# RFC 8291, appendix A.
BROWSER = (
    "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4",
    "BTBZMqHH6r4Tts7J_aSIgg",
)
OURS = "yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw"
SALT = "DGv6ra1nlYgDCS1FRnbzlw"
CLOSED = (
    "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_yl95b"
    "Qpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
)


def test_the_standard_s_example_is_closed_to_the_letter() -> None:
    own = derive_private_key(int.from_bytes(webpush.decode(OURS), "big"), webpush.CURVE)
    closed = webpush.close(
        b"When I grow up, I want to be a watermelon", webpush.keys_of(*BROWSER), own=own, salt=webpush.decode(SALT)
    )  # fmt: skip
    assert webpush.encode(closed) == CLOSED


def test_only_that_browser_opens_what_is_closed_for_it_and_the_same_words_never_look_the_same() -> None:
    one, other = (Browser("https://push.example.org/x", "") for _ in range(2))
    keys = webpush.keys_of(one.json()["p256dh"], one.json()["auth"])
    words = "Новый лид №7".encode()
    first, second = webpush.close(words, keys), webpush.close(words, keys)
    assert one.open(first) == one.open(second) == words and first != second
    with pytest.raises(InvalidTag):
        other.open(first)


def test_what_is_longer_than_push_services_take_is_refused_before_it_leaves() -> None:
    keys = webpush.keys_of(*BROWSER)
    assert len(webpush.close(b"x" * webpush.LARGEST, keys)) == 4096
    with pytest.raises(ValueError, match="push service"):
        webpush.close(b"x" * (webpush.LARGEST + 1), keys)


@pytest.mark.parametrize(
    ("p256dh", "auth"),
    [
        ("", ""), (BROWSER[0], ""), (BROWSER[0], "AAAA"), (BROWSER[0][:-4], BROWSER[1]), ("ключ", BROWSER[1]),
        (webpush.encode(b"\4" + b"\1" * 64), BROWSER[1]), (webpush.encode(b"\2" + b"\1" * 64), BROWSER[1]),
    ],
)  # fmt: skip
def test_what_cannot_be_a_browser_s_key_is_none(p256dh: str, auth: str) -> None:
    assert not _is_key(p256dh, auth)


def _is_key(p256dh: str, auth: str) -> bool:
    try:
        webpush.keys_of(p256dh, auth)
    except ValueError:
        return False
    return True


@pytest.mark.parametrize(
    ("agent", "name"),
    [
        ("Mozilla/5.0 (Linux; Android 15; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Mobile Safari/537.36",
         "Chrome · Android"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 Version/18.1 Mobile Safari/604.1",
         "Safari · iPhone"),
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox · Windows"),
        ("curl/8", ""),
    ],
)  # fmt: skip
def test_a_browser_is_called_as_its_person_would(agent: str, name: str) -> None:
    assert name_of(agent) == name
