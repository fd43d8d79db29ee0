"""The channel is light to import, presents itself fully, and leaves nothing running."""

from __future__ import annotations

import re
import subprocess
import sys
import threading

import pytest

from channels.fakes import Act
from channels.vk import CHANNEL
from channels.vk.about import ABOUT
from channels.vk.fake import VKFake
from tests.channels.vk.case import ACCOUNT
from tests.channels.vk.conftest import ANNA, Connect
from tests.channels.vk.test_send import to


def test_importing_it_brings_neither_vk_api_nor_requests() -> None:
    asked = "import sys, channels.vk.about as a; print('vk_api' in sys.modules, 'requests' in sys.modules)"
    told = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    assert told.stdout.split() == ["False", "False"]


async def test_a_channel_that_was_never_used_opened_nothing() -> None:
    before = threading.active_count()
    vk = CHANNEL(ACCOUNT)
    await vk.close()
    assert threading.active_count() == before


async def test_closing_ends_its_thread(fake: VKFake, channel: Connect) -> None:
    await fake.act(Act(client=ANNA, text="Добрый день"))
    vk = channel()
    await vk.send(to(fake.community.user(ANNA.ref, ANNA.name)))
    (thread,) = [thread for thread in threading.enumerate() if thread.name.startswith("vk")]
    await vk.close()
    thread.join(1)
    assert not thread.is_alive()


def test_the_wizard_has_five_steps_and_every_field_belongs_to_one() -> None:
    assert len(ABOUT.steps) == 5
    assert {setting.step for setting in ABOUT.settings} <= set(range(1, 6))


def test_a_token_is_a_secret_field_and_the_callback_secret_is_made_by_us() -> None:
    fields = {setting.key: setting for setting in ABOUT.settings}
    assert fields["token"].kind == "secret"
    assert set(CHANNEL.secrets) - fields.keys() == {"secret"}


@pytest.mark.parametrize(
    ("key", "good", "bad"),
    [
        ("group_id", "210000001", "club210000001"),
        ("group_id", "1", "0"),
        ("token", "vk1.a.x_Y-9xxxxxxxxxxxxxxxxx", "short"),
        ("confirmation", "", "two words"),
        ("api_base", "http://127.0.0.1:8000", "file:///etc"),
    ],
)
def test_a_field_s_pattern_takes_the_good_and_not_the_bad(key: str, good: str, bad: str) -> None:
    (setting,) = [setting for setting in ABOUT.settings if setting.key == key]
    assert re.fullmatch(setting.pattern, good)
    assert not re.fullmatch(setting.pattern, bad)


def test_the_test_link_carries_the_code() -> None:
    assert CHANNEL(ACCOUNT).test_link("test_8f2") == "https://vk.me/club210000001?ref=test_8f2"


def test_placing_texts_need_nothing_but_the_community_s_number() -> None:
    assert {name for copy in ABOUT.place for name in re.findall(r"{(\w+)}", copy.value)} == {"group_id"}


def test_every_parameter_of_a_text_is_given_in_both_languages() -> None:
    for code, text in ABOUT.errors.items():
        assert re.findall(r"{\w+}", text.ru) == re.findall(r"{\w+}", text.en), code
