"""Only our community's requests are kept, and each is answered as VK asks."""

from __future__ import annotations

import dataclasses
import json
from email.utils import parsedate_to_datetime
from typing import Any

import pytest

from channels.base import Admitted
from channels.errors import WebhookRefused
from channels.vk import CHANNEL
from tests.channels.vk.case import ACCOUNT, CODE, GROUP, SECRET, callback, envelope


def admit(body: dict[str, Any] | bytes, path: str = "", **settings: str) -> Admitted:
    account = dataclasses.replace(ACCOUNT, settings={**ACCOUNT.settings, **settings})
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return CHANNEL(account).admit(envelope(data, path))


def event(**fields: Any) -> dict[str, Any]:
    return {
        "type": "message_new",
        "group_id": GROUP,
        "secret": SECRET,
        "event_id": "e9",
        "object": {},
        **fields,
    }


def test_a_proven_event_is_answered_with_ok_and_nothing_else() -> None:
    reply = admit(event()).reply
    assert (reply.status, reply.body, reply.content_type) == (200, b"ok", "text/plain")


def test_the_key_is_the_event_s_id() -> None:
    assert admit(event()).key == "e9"


@pytest.mark.parametrize("event_id", [None, "", 7, ["e"], "x" * 5000])
def test_without_a_usable_id_the_same_body_has_the_same_key(event_id: object) -> None:
    first, second = admit(event(event_id=event_id)), admit(event(event_id=event_id))
    other = admit(event(event_id=event_id, v="5.199"))
    assert first.key == second.key
    assert first.key
    assert len(first.key) == 64
    assert other.key != first.key


@pytest.mark.parametrize(
    ("inner", "lane"),
    [
        ({"message": {"peer_id": 5, "from_id": 5}}, "5"),
        ({"peer_id": 2000000007, "from_id": 5}, "2000000007"),
        ({"user_id": 6, "key": ""}, "6"),
        ({"user_id": 6, "peer_id": 2000000007}, "2000000007"),
        ({"id": 3, "text": "a post"}, ""),
        ("broken", ""),
        ({"message": {"peer_id": "five"}}, ""),
    ],
)
def test_the_lane_is_the_dialog(inner: Any, lane: str) -> None:
    assert admit(event(object=inner)).lane == lane


def test_a_proven_event_whose_object_cannot_be_read_is_kept() -> None:
    admitted = admit(event(object="nonsense"))
    assert admitted.keep
    assert admitted.key == "e9"


def test_the_confirmation_is_answered_with_the_pasted_string_and_not_kept() -> None:
    admitted = admit({"type": "confirmation", "group_id": GROUP})
    assert admitted.reply.body == CODE.encode()
    assert not admitted.keep


def test_the_confirmation_string_in_the_registered_address_wins() -> None:
    assert admit({"type": "confirmation", "group_id": GROUP}, path="/abc123").reply.body == b"abc123"


@pytest.mark.parametrize("path", ["/a/b", "/<script>", "/x y", "/" + "a" * 65, "/код"])
def test_an_odd_path_is_never_echoed(path: str) -> None:
    assert admit({"type": "confirmation", "group_id": GROUP}, path=path).reply.body == CODE.encode()


def test_a_confirmation_without_any_string_is_no_success() -> None:
    admitted = admit({"type": "confirmation", "group_id": GROUP}, confirmation="")
    assert admitted.reply.status == 409
    assert not admitted.keep


def test_without_a_secret_of_ours_nothing_is_proven() -> None:
    for secret in ("", None, SECRET):
        with pytest.raises(WebhookRefused):
            admit(callback(secret), secret="")


def test_without_a_community_of_ours_nothing_is_proven() -> None:
    for number in ("", "0", "club210000001", "٢١٠٠٠٠٠٠١", "9" * 400):
        with pytest.raises(WebhookRefused):
            admit(event(group_id=0), group_id=number)


def test_a_refusal_says_what_did_not_fit() -> None:
    with pytest.raises(WebhookRefused) as wrong_secret:
        admit(event(secret="other"))
    with pytest.raises(WebhookRefused) as wrong_group:
        admit(event(group_id=5))
    assert (wrong_secret.value.code, wrong_group.value.code) == ("wrong_secret", "wrong_group")
    assert SECRET not in str(wrong_secret.value)


def test_deep_nesting_is_refused_not_raised() -> None:
    with pytest.raises(WebhookRefused):
        admit(callback(SECRET, inner=b"[" * 100_000 + b"]" * 100_000))


def test_vk_is_told_by_a_date_when_to_come_again() -> None:
    told = CHANNEL(ACCOUNT).come_again(5, 1_790_000_000_000_000)
    assert parsedate_to_datetime(told).timestamp() == 1_790_000_005
    assert told.endswith("GMT")
