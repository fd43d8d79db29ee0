"""What is typed into the search is understood, and finds what it should, for whom it should."""

from __future__ import annotations

from datetime import date
from typing import Any
from urllib.parse import quote

import pytest

from gateway.asking import day_of, parts_of
from tests.gateway.api.house import House, Person


async def found(person: Person, words: str, tab: str = "messages", **more: Any) -> dict[str, Any]:
    query = "".join(f"&{name}={value}" for name, value in more.items())
    answer: dict[str, Any] = await person.get(f"/search?q={quote(words)}&tab={tab}{query}")
    return answer


@pytest.mark.parametrize(
    ("typed", "words", "parts"),
    [
        ("шкаф от:мария", "шкаф", [("from", "мария")]),
        ("от: мария шкаф белый", "шкаф белый", [("from", "мария")]),
        ('from:"Мария Котова" channel:tg', "", [("from", "Мария Котова"), ("channel", "tg")]),
        ("от:«Мария Котова» есть:файл", "", [("from", "Мария Котова"), ("has", "файл")]),
        ("в 12:30 и http://a.example", "в 12:30 и http://a.example", []),
        ("Сделка:№1042 ДО:12.03", "", [("deal", "№1042"), ("until", "12.03")]),
        ("от:", "от:", []),
    ],
)
def test_words_and_what_narrows_them_are_told_apart(
    typed: str, words: str, parts: list[tuple[str, str]]
) -> None:
    said, found_parts = parts_of(typed)
    assert (said, [(name, value) for name, value, _ in found_parts]) == (words, parts)


@pytest.mark.parametrize(
    ("typed", "day"),
    [
        ("12.03", date(2026, 3, 12)), ("31.12", date(2025, 12, 31)), ("12.03.24", date(2024, 3, 12)),
        ("2026-05-01", date(2026, 5, 1)), ("вчера", date(2026, 5, 19)), ("31.02", None), ("март", None), ("29.02", None),
    ],
)  # fmt: skip
def test_a_day_is_read_as_people_write_it(typed: str, day: date | None) -> None:
    assert day_of(typed, date(2026, 5, 20)) == day


async def test_words_are_found_in_any_form_layout_and_narrowing(house: House) -> None:
    maria = await house.hears("maria", "Хочу ёлку с доставкой", name="Мария Котова")
    await house.hears("igor", "Доставка ёлки есть?", name="Игорь")
    both = await found(house.admin, "елка доставки")
    assert [hit["title"] for hit in both["items"]] == ["Игорь", "Мария Котова"]
    assert both["items"][1]["found"] == ["ёлку", "доставкой"]
    assert both["items"][1]["conversation_id"] == maria
    assert both["items"][1]["author"] == {"name": "Мария Котова", "kind": "client", "me": False}
    wrong = await found(house.admin, "tkrf ljcnfdrb")  # the same keys in the other layout
    assert (wrong["read_as"], len(wrong["items"])) == ("елка доставки", 2)
    number = (await house.admin.get(f"/conversations/{maria}"))["row"]["deal"]["number"]
    for narrow, count in (
        ("от:мария", 1), ("от: игорь", 1), ("канал:paper", 2), ("до:сегодня", 2), ("после:сегодня", 2), ("до:вчера", 0),
        ("есть:файл", 0), (f"сделка:{number}", 1),
    ):  # fmt: skip
        assert len((await found(house.admin, f"елка {narrow}"))["items"]) == count, narrow
    assert len((await found(house.admin, "от:мария"))["items"]) == 1
    for unread in ("от:никтошка", "канал:факс", "до:позжее", "есть:счастье", "сделка:вчера"):
        assert await found(house.admin, f"елка {unread}") == {
            "items": [], "next": None, "hidden": 0, "read_as": "", "unread": [unread],
        }  # fmt: skip
    assert (await found(house.admin, "е"))["items"] == []


async def test_every_tab_says_where_its_hits_open(house: House) -> None:
    ref = await house.hears("maria", "Смотрите чертёж", name="Мария Котова", files=["photo"])
    for tab, kind in (("conversations", "conversation"), ("files", "file"), ("messages", "message")):
        (hit,) = (await found(house.admin, "чертежи", tab))["items"]
        assert (hit["kind"], hit["conversation_id"]) == (kind, ref)
        assert hit["message_id"]
        assert hit["source"]["id"] == house.source_id
    (contact,) = (await found(house.admin, "котов", "contacts"))["items"]
    assert (contact["title"], contact["found"], contact["conversation_id"]) == (
        "Мария Котова",
        ["Котова"],
        ref,
    )
    (deal,) = (await found(house.admin, "котова", "deals"))["items"]
    assert (deal["kind"], deal["conversation_id"], deal["state"]) == ("deal", ref, "lead")
    mixed = (await found(house.admin, "мария", "all"))["items"]
    assert [hit["kind"] for hit in mixed] == ["contact", "deal"]


async def test_a_manager_learns_how_much_is_hidden_and_nothing_of_it(house: House) -> None:
    mine = await house.hears("maria", "a white wardrobe", name="Maria")
    await house.hears("igor", "a black wardrobe", name="Igor")
    ivan = await house.person("manager")
    await house.admin.post(f"/conversations/{mine}/assignee", {"member_id": ivan.id})
    for tab in ("messages", "conversations"):
        answer = await found(ivan, "wardrobes", tab)
        assert ([hit["title"] for hit in answer["items"]], answer["hidden"]) == (["Maria"], 1)
    for tab in ("contacts", "deals"):
        assert (await found(ivan, "igor", tab))["items"] == []
