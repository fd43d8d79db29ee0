"""What was said is found again: by any form of its words, by the newest first, by the start of a name."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from sqlalchemy import Connection, text

from storage import search
from storage.database import Database
from storage.search import stems
from storage.transaction import Transaction

NOW = 1_790_000_000_000_000
ID = "01a0c450-6c00-7000-8000-{:012d}"


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    opened = Database(database_url, lambda: NOW)
    yield opened
    await opened.close()


def _fill(tx: Transaction, said: list[str], names: list[str]) -> None:
    for place, name in enumerate(names):
        tx.connection.execute(
            text("INSERT INTO contact (id, name, created_at, updated_at) VALUES (:id, :name, :at, :at)"),
            {"id": f"c{place}", "name": name, "at": NOW + place},
        )
    for place, words in enumerate(said):
        tx.connection.execute(
            text(
                "INSERT INTO message (id, conversation_id, contact_id, source_id, text, stems, at, received_at)"
                " VALUES (:id, 'k', 'c0', 's', :text, :stems, :at, :at)"
            ),
            {"id": ID.format(place), "text": words, "stems": stems(words), "at": NOW + place},
        )


def _said(connection: Connection, words: str, limit: int = 20) -> list[str]:
    return [hit["snippet"] for hit in search.find(connection, words, limit) if hit["kind"] == "message"]


def _named(connection: Connection, words: str) -> list[str]:
    return [hit["title"] for hit in search.find(connection, words, 20) if hit["kind"] == "contact"]


async def test_any_form_of_each_word_is_found(database: Database) -> None:
    said = ["Хочу купить ёлку", "Ёлки ещё есть?", "Купили бы две ёлки", "Shipping costs"]
    await database.write(_fill, said, ["Мария"])
    assert await database.read(_said, "елка") == ["Купили бы две ёлки", "Ёлки ещё есть?", "Хочу купить ёлку"]
    assert await database.read(_said, "ёлка купил") == ["Купили бы две ёлки", "Хочу купить ёлку"]
    assert await database.read(_said, "shipped cost") == ["Shipping costs"]
    assert await database.read(_said, "сосна") == []


async def test_of_many_the_newest_come_first(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "RARE", 50)
    await database.write(_fill, [f"заказ {number}" for number in range(300)], ["Мария"])
    assert await database.read(_said, "заказы", 3) == ["заказ 299", "заказ 298", "заказ 297"]
    assert await database.read(_said, "заказ 7", 3) == ["заказ 7"]


async def test_words_are_found_as_they_stand_now_and_erased_ones_no_more(database: Database) -> None:
    await database.write(_fill, ["первое слово"], ["Мария"])

    def change(tx: Transaction, words: str) -> None:
        values = {"text": words, "stems": stems(words)}
        tx.connection.execute(text("UPDATE message SET text = :text, stems = :stems"), values)

    await database.write(change, "второе слово")
    assert await database.read(_said, "первое") == []
    assert await database.read(_said, "второе") == ["второе слово"]
    await database.write(change, "")
    assert await database.read(_said, "слово") == []

    def remove(tx: Transaction) -> None:
        tx.connection.execute(text("DELETE FROM message"))

    await database.write(change, "третье")
    await database.write(remove)
    assert await database.read(_said, "третье") == []


async def test_a_contact_is_found_by_the_start_of_each_word_of_the_name(database: Database) -> None:
    await database.write(_fill, [], ["Пётр Семёнов", "Анна Петрова", "Иван O'Нил"])
    assert await database.read(_named, "петр") == ["Анна Петрова", "Пётр Семёнов"]
    assert await database.read(_named, "семён пет") == ["Пётр Семёнов"]
    assert await database.read(_named, "gtnh") == ["Анна Петрова", "Пётр Семёнов"]  # the other layout
    for odd in ("'", '"', "*", ":*", "a & | !", "%", "_", "\\", "(", "NOT", "пет:"):
        await database.read(_named, odd)
        await database.read(_said, odd)


async def test_a_contact_is_found_by_address_nickname_and_number(database: Database) -> None:
    def fill(tx: Transaction) -> None:
        _fill(tx, [], ["По почте", "По имени", "По телефону"])
        rows = [
            ("email", "olga_1@example.ru", ""),
            ("telegram", "77", "olgusha"),
            ("phone", "+79991234567", ""),
        ]
        for place, (kind, value, username) in enumerate(rows):
            values = {"id": f"i{place}", "kind": kind, "value": value, "name": username, "c": f"c{place}"}
            for statement in (
                "INSERT INTO identity (id, kind, value, username, created_at) VALUES (:id, :kind, :value, :name, 1)",
                "INSERT INTO contact_identity (contact_id, identity_id, created_at) VALUES (:c, :id, 1)",
            ):
                tx.connection.execute(text(statement), values)

    await database.write(fill)
    assert await database.read(_named, "olga_1@") == ["По почте"]
    assert await database.read(_named, "olga%") == []
    assert await database.read(_named, "@olgu") == ["По имени"]
    assert await database.read(_named, "8 (999) 123-45-67") == ["По телефону"]
    assert await database.read(_named, "4567") == ["По телефону"]
