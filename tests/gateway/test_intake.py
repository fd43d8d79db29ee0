"""What a provider hands over is journalled before it is answered, once, and nothing else is kept."""

from __future__ import annotations

import asyncio
import io
from pathlib import Path

import aiohttp
import orjson
import pytest

from tests.gateway.town import IGOR, MARIA, Town, open_town, until


async def post(url: str, body: bytes, **headers: str) -> tuple[int, str]:
    async with (
        aiohttp.ClientSession() as client,
        client.post(url, data=io.BytesIO(body), headers=headers) as answer,
    ):
        return answer.status, await answer.text()


async def test_a_word_becomes_one_message_one_contact_one_lead(town: Town) -> None:
    delivered = await town.say("messenger1", "Здравствуйте, сколько стоит шкаф?")
    await town.opened()
    assert delivered.status == 200
    assert (
        await town.one("SELECT text FROM message WHERE kind = 'text'") == "Здравствуйте, сколько стоит шкаф?"
    )
    assert await town.one("SELECT name FROM contact") == MARIA.name
    assert await town.one("SELECT count(*) FROM deal WHERE stage_kind = 'lead'") == 1
    assert await town.one("SELECT state FROM conversation") == "open"
    assert await town.one("SELECT rule FROM decision WHERE kind = 'attach'") == "new_lead"


async def test_an_unknown_source_or_key_is_not_found(town: Town) -> None:
    hook = town.hook(town.sources["messenger1"])
    wrong = "y" if hook.endswith("x") else "x"
    assert (await post(hook[:-1] + wrong, b"{}"))[0] == 404
    assert (await post(f"{town.address}/hooks/nobody/key", b"{}"))[0] == 404
    assert await town.one("SELECT count(*) FROM envelope") == 0


async def test_hooks_that_are_not_plainly_addressed_are_found_by_the_router(town: Town) -> None:
    hook = town.hook(town.sources["messenger1"])
    source_id = hook.rsplit("/", 2)[1]
    assert (await post(hook, b"{}", Expect="100-continue"))[0] == 403
    assert (await post(f"{hook}/more/of/it", b"{}"))[0] == 403
    assert (await post(f"{town.address}/hooks/{source_id}/%D1%8F", b"{}"))[0] == 404
    assert (await post(f"{town.address}/hooks/{source_id}", b"{}"))[0] == 404


async def test_what_proves_nothing_is_refused_and_nothing_kept(town: Town) -> None:
    hook = town.hook(town.sources["messenger1"])
    for body in (b"{}", b"not json", b"[" * 100_000, "я".encode(), b"\x00\xff"):
        assert (await post(hook, body))[0] == 403
    assert await town.one("SELECT count(*) FROM envelope") == 0
    assert (await town.account("messenger1"))["received"] == 0


async def test_a_body_over_the_limit_is_refused(town: Town) -> None:
    assert (await post(town.hook(town.sources["messenger1"]), b"x" * 2_000_001))[0] == 413
    assert await town.one("SELECT count(*) FROM envelope") == 0


async def test_a_proven_body_nobody_can_read_is_kept_set_aside_and_answered(town: Town) -> None:
    delivered = await town.say("messenger1", "", doing="broken")
    await town.opened()
    assert delivered.status == 200
    state, error = (await town.rows("SELECT state, error FROM envelope"))[0]
    assert state == 3
    assert error
    account = await town.account("messenger1")
    assert (account["received"], account["set_aside"]) == (1, 1)


async def test_the_same_event_a_hundred_times_is_one_message(town: Town) -> None:
    await town.say("messenger1", "Один раз")
    await town.fakes["messenger1"].again(99)
    await town.opened()
    assert await town.one("SELECT count(*) FROM message WHERE direction = 'in'") == 1
    account = await town.account("messenger1")
    assert (account["received"], account["opened"], account["repeated"]) == (1, 1, 99)


async def test_the_same_message_under_another_event_is_one_message(town: Town) -> None:
    """As a poll after a webhook, or a history that is read back, brings it."""
    await town.say("messenger1", "Один раз")
    await town.opened()
    (kept,) = await town.rows("SELECT body, headers FROM envelope")
    update = orjson.loads(bytes(kept.body))
    update["update_id"] += 1
    headers = {
        name: value
        for name, value in orjson.loads(kept.headers).items()
        if not name.startswith(":") and name != "content-length"
    }
    status, _ = await post(town.hook(town.sources["messenger1"]), orjson.dumps(update), **headers)
    assert status == 200
    await town.opened()
    assert await town.one("SELECT count(*) FROM message WHERE direction = 'in'") == 1
    account = await town.account("messenger1")
    assert (account["received"], account["opened"], account["ignored"]) == (2, 1, 1)


async def test_two_first_messages_of_a_stranger_at_once_make_one_contact_conversation_and_lead(
    town: Town,
) -> None:
    await asyncio.gather(*(town.say("messenger1", f"слово {number}") for number in range(8)))
    await town.opened()
    for table in ("contact", "conversation", "deal"):
        assert await town.one(f"SELECT count(*) FROM {table}") == 1
    assert await town.one("SELECT count(*) FROM message WHERE direction = 'in'") == 8
    assert await town.one("SELECT count(DISTINCT deal_id) FROM message WHERE direction = 'in'") == 1


async def test_messages_stand_in_the_providers_order_whatever_the_order_of_arrival(town: Town) -> None:
    for ago in (30, 10, 20):
        await town.say("messenger1", f"сказано {ago} с назад", seconds_ago=ago)
    await town.opened()
    said = [row.text for row in await town.rows("SELECT text FROM message ORDER BY at, seq, id")]
    assert said == ["сказано 30 с назад", "сказано 20 с назад", "сказано 10 с назад"]
    assert await town.one("SELECT last_text FROM conversation") == "сказано 10 с назад"


async def test_the_account_balances_at_every_moment(town: Town) -> None:
    await town.say("messenger1", "раз")
    await town.say("messenger1", "", doing="broken")
    await town.say("messenger1", "два", IGOR)
    await town.opened()
    account = await town.account("messenger1")
    assert account["received"] == account["opened"] + account["ignored"] + account["set_aside"] == 3


async def test_many_processes_share_the_work_and_one_event_has_one_effect(
    postgres_url: str, redis_url: str, tmp_path: Path
) -> None:
    async with (
        open_town(postgres_url, tmp_path, redis=redis_url) as one,
        open_town(postgres_url, tmp_path, redis=redis_url, public_url=one.address) as two,
    ):
        source_id = await one.connect("messenger2")
        await two.gateway.sources.look()
        fake = one.fakes["messenger2"]
        for number in range(20):
            fake.deliver_to((one if number % 2 else two).hook(source_id))
            await one.say("messenger2", f"слово {number}")
            await fake.again(3)
        await until(lambda: both_done(one))
        assert await one.one("SELECT count(*) FROM message WHERE direction = 'in'") == 20
        assert await one.one("SELECT count(*) FROM deal") == 1
        assert (await one.account("messenger2"))["repeated"] == 60


async def test_the_first_words_of_a_source_that_another_process_has_just_made_are_opened(
    postgres_url: str, tmp_path: Path
) -> None:
    async with (
        open_town(postgres_url, tmp_path, "worker"),
        open_town(postgres_url, tmp_path, "web") as town,
    ):
        for place in ("messenger1", "messenger2"):
            await town.connect(place)
            await town.say(place, "Первые слова")
            await town.opened()
            assert await town.one("SELECT count(*) FROM message WHERE text = 'Первые слова'")
            account = await town.account(place)
            assert (account["opened"], account["ignored"]) == (account["received"], 0)


async def both_done(town: Town) -> bool:
    return int(await town.one("SELECT count(*) FROM envelope WHERE state = 0")) == 0


@pytest.mark.parametrize("place", ["messenger1", "messenger2", "form"])
async def test_signs_that_no_database_keeps_are_left_out_and_the_words_stay(town: Town, place: str) -> None:
    if place not in town.sources:
        await town.connect(place)
    await town.say(place, "до\x00после")
    await town.say(place, "целое")
    await town.opened()
    found = [row.text for row in await town.rows("SELECT text FROM message ORDER BY at, seq, id")]
    assert any("допосле" in text for text in found), found
    assert any("целое" in text for text in found), found
    assert await town.one("SELECT count(*) FROM envelope WHERE state = 3") == 0
