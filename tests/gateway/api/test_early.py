"""A network that promises no order may tell what became of a message before it tells the message: nothing of it is lost."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from tests.gateway.api.house import House

MESSAGE = {"id": "m1", "chat": "anna", "text": "first", "at": 1_000_000}
FIRST = {"id": "e1", "chat": "anna", "about": "m1", "becomes": "second", "at": 2_000_000}
SECOND = {"id": "e2", "chat": "anna", "about": "m1", "becomes": "third", "at": 3_000_000}
LIKED = {"id": "e3", "chat": "anna", "about": "m1", "becomes": "liked", "at": 2_500_000}


async def shown(house: House) -> dict[str, Any]:
    ref = (await house.rows("SELECT id FROM conversation"))[0].id
    items = (await house.admin.get(f"/conversations/{ref}/messages"))["items"]
    assert len(items) == 1
    return dict(items[0])


@pytest.mark.parametrize("apart", [True, False], ids=["one by one", "together"])
async def test_the_wording_given_last_stands_in_whatever_order_they_come(house: House, apart: bool) -> None:
    await house.connect()
    for order, facts in enumerate(itertools.permutations((MESSAGE, FIRST, SECOND, LIKED))):
        if order % 5:
            continue
        name = f"m{order}"
        for fact in facts:
            told = {**fact, "id": f"{fact['id']}-{order}"}
            told |= {"about": name} if "about" in fact else {"id": name}
            await house.hook_says(told)
            if apart:
                await house.settled()
        await house.settled()
        row = (await house.rows("SELECT id, text, edited FROM message WHERE external_id = :id", id=name))[0]
        assert (row.text, row.edited) == ("third", 1), facts
        versions = (await house.admin.get(f"/messages/{row.id}/versions"))["items"]
        # What was never shown need not be among the earlier wordings; what stands is not.
        assert {one["text"] for one in versions} <= {"first", "second"}, facts
        liked = await house.rows("SELECT emojis FROM reaction WHERE message_id = :id", id=row.id)
        assert len(liked) == 1, facts
    assert await house.rows("SELECT 1 FROM early") == []


async def test_a_message_taken_back_before_it_came_is_shown_as_taken_back(house: House) -> None:
    await house.connect()
    await house.hook_says({**FIRST, "becomes": "deleted"})
    await house.settled()
    await house.hook_says(MESSAGE)
    await house.settled()
    assert (await shown(house))["deleted"] is True


async def test_words_without_a_letter_in_them_are_words_too(house: House) -> None:
    await house.connect()
    await house.hook_says(MESSAGE)
    await house.settled()
    await house.hook_says({**FIRST, "becomes": "👍"})
    await house.settled()
    assert (await shown(house))["text"] == "👍"


async def test_what_never_finds_its_message_is_forgotten_after_some_days(house: House) -> None:
    from storage import early

    await house.connect()
    await house.hook_says({**FIRST, "at": house.gateway.now() - 4 * 86_400_000_000})
    await house.hook_says({**SECOND, "at": house.gateway.now()})
    await house.settled()
    assert await house.gateway.database.write(early.sweep) == 1
    assert len(await house.rows("SELECT 1 FROM early")) == 1
