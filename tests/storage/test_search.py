"""What was said is found again: by any form of its words, by the newest first, by the start of a name."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from typing import Any

import pytest
from sqlalchemy import Connection, text

from storage import finding
from storage.database import Database
from storage.finding import Eyes, Wanted
from storage.reach import Reach
from storage.search import stems
from storage.transaction import Transaction

NOW = 1_790_000_000_000_000
ID = "01a0c450-6c00-7000-8000-{:012d}"


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    opened = Database(database_url, lambda: NOW)
    yield opened
    await opened.close()


EVERYBODY = Reach("somebody")
ALL = Eyes(EVERYBODY, EVERYBODY, EVERYBODY)
IVANS = Reach("ivan", frozenset({"ivan"}))
TEAMS = Reach("ivan", frozenset({"ivan", "olga"}), frozenset({"q"}))


def _fill(tx: Transaction, said: list[str], names: list[str]) -> None:
    _talk(tx, "k", "c0")
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


def _talk(tx: Transaction, conversation_id: str, contact_id: str, assignee: str | None = None) -> None:
    tx.connection.execute(
        text(
            "INSERT INTO conversation (id, source_id, thread, contact_id, nature, assignee_id, last_at, created_at,"
            " updated_at) VALUES (:id, 's', :id, :contact, 'client', :assignee, :at, :at, :at)"
        ),
        {"id": conversation_id, "contact": contact_id, "assignee": assignee, "at": NOW},
    )


def _said(connection: Connection, words: str, limit: int = 20) -> list[str]:
    return [row.text for row in finding.messages(connection, Wanted(words), ALL, "", limit).rows]


def _named(connection: Connection, words: str) -> list[str]:
    return [row["name"] for row in finding.contacts(connection, Wanted(words), ALL, "", 20).rows]


async def test_any_form_of_each_word_is_found(database: Database) -> None:
    said = ["Хочу купить ёлку", "Ёлки ещё есть?", "Купили бы две ёлки", "Shipping costs"]
    await database.write(_fill, said, ["Мария"])
    assert await database.read_whole(_said, "елка") == [
        "Купили бы две ёлки",
        "Ёлки ещё есть?",
        "Хочу купить ёлку",
    ]
    assert await database.read_whole(_said, "ёлка купил") == ["Купили бы две ёлки", "Хочу купить ёлку"]
    assert await database.read_whole(_said, "shipped cost") == ["Shipping costs"]
    assert await database.read_whole(_said, "сосна") == []


async def test_of_many_the_newest_come_first(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(finding, "RARE", 50)
    await database.write(_fill, [f"заказ {number}" for number in range(300)], ["Мария"])
    assert await database.read_whole(_said, "заказы", 3) == ["заказ 299", "заказ 298", "заказ 297"]
    assert await database.read_whole(_said, "заказ 7", 3) == ["заказ 7"]


async def test_words_are_found_as_they_stand_now_and_erased_ones_no_more(database: Database) -> None:
    await database.write(_fill, ["первое слово"], ["Мария"])

    def change(tx: Transaction, words: str) -> None:
        values = {"text": words, "stems": stems(words)}
        tx.connection.execute(text("UPDATE message SET text = :text, stems = :stems"), values)

    await database.write(change, "второе слово")
    assert await database.read_whole(_said, "первое") == []
    assert await database.read_whole(_said, "второе") == ["второе слово"]
    await database.write(change, "")
    assert await database.read_whole(_said, "слово") == []

    def remove(tx: Transaction) -> None:
        tx.connection.execute(text("DELETE FROM message"))

    await database.write(change, "третье")
    await database.write(remove)
    assert await database.read_whole(_said, "третье") == []


async def test_a_contact_is_found_by_the_start_of_each_word_of_the_name(database: Database) -> None:
    await database.write(_fill, [], ["Пётр Семёнов", "Анна Петрова", "Иван O'Нил"])
    assert await database.read(_named, "петр") == ["Анна Петрова", "Пётр Семёнов"]
    assert await database.read(_named, "семён пет") == ["Пётр Семёнов"]
    assert await database.read(_named, "gtnh") == ["Анна Петрова", "Пётр Семёнов"]  # the other layout
    for odd in ("'", '"', "*", ":*", "a & | !", "%", "_", "\\", "(", "NOT", "пет:"):
        await database.read(_named, odd)
        await database.read_whole(_said, odd)


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
    for written in ("+7 999 123", "8 999 123-45", "999 123 4567", "123 45 67", "7-999-123-45-67"):
        assert await database.read(_named, written) == ["По телефону"], written
    assert await database.read(_named, "9991234568") == []


def _found(
    connection: Connection, tab: str, wanted: Wanted, eyes: Eyes, limit: int = 20
) -> tuple[list[str], str | None, int]:
    page = getattr(finding, tab)(connection, wanted, eyes, "", limit)
    return [row["id"] if isinstance(row, dict) else row.id for row in page.rows], page.next, page.hidden


def _fill_house(tx: Transaction) -> None:
    """Two clients: Maria's conversation is Ivan's, Olga's is another's; a deal and a file of each."""
    _fill(tx, ["Здравствуйте, шкаф", "Шкафы с доставкой", "А стол?"], ["Мария", "Ольга"])
    _talk(tx, "k1", "c1", "petr")
    for statement in (
        "UPDATE conversation SET assignee_id = 'ivan' WHERE id = 'k'",
        f"UPDATE message SET conversation_id = 'k1', contact_id = 'c1', source_id = 't' WHERE id = '{ID.format(1)}'",
        "UPDATE message SET direction = 'in', attachments = 1",
        f"UPDATE message SET direction = 'out', author_id = 'ivan', attachments = 0 WHERE id = '{ID.format(2)}'",
        "INSERT INTO stage (id, pipeline_id, name, kind) VALUES ('g', 'p', 'Новый', 'lead')",
    ):
        tx.connection.execute(text(statement))
    for place, (title, name) in enumerate((("Шкаф-купе", "КП_1042.pdf"), ("Ёлка", "счёт №118.pdf"))):
        tx.connection.execute(
            text(
                "INSERT INTO deal (id, number, contact_id, pipeline_id, stage_id, stage_kind, open, title, owner_id, created_at,"
                " last_activity_at) VALUES (:id, :number, :contact, 'p', 'g', 'lead', 1, :title, :owner, :at, :at)"
            ),
            {"id": f"d{place}", "number": 1042 + place, "contact": f"c{place}", "title": title, "at": NOW + place,
             "owner": ("ivan", "petr")[place]},
        )  # fmt: skip
        tx.connection.execute(
            text("INSERT INTO attachment (id, message_id, source_id, kind, name, state)"
                 " VALUES (:id, :message, 's', 'file', :name, 'ready')"),
            {"id": f"f{place}", "message": ID.format(place), "name": name},
        )  # fmt: skip


async def test_each_kind_of_thing_is_found_in_its_own_list(database: Database) -> None:
    await database.write(_fill_house)
    first, second = ID.format(0), ID.format(1)

    async def found(tab: str, **wanted: Any) -> list[str]:
        return (await database.read_whole(_found, tab, Wanted(**wanted), ALL))[0]

    assert await found("messages", words="шкафу") == [second, first]
    assert await found("messages", words="шкаф", contacts=("c0",)) == [first]
    assert await found("messages", words="стол", contacts=("c0",)) == []  # it was we who said it
    assert await found("messages", contacts=(), authors=("ivan",)) == [ID.format(2)]
    assert await found("messages", words="шкаф", sources=("t",)) == [second]
    assert await found("messages", words="шкаф", until=NOW + 1) == [first]
    assert await found("messages", words="шкаф", since=NOW + 1) == [second]
    assert await found("messages", sources=("t",), files=True) == [second]
    assert await found("messages", files=True, kinds=("photo",)) == []
    assert await found("conversations", words="мари") == ["k"]
    assert await found("conversations", words="доставка") == ["k1"]
    assert await found("deals", words="шкафы") == ["d0"]
    assert await found("deals", words="елку") == ["d1"]
    assert await found("deals", words="№1043") == ["d1"]
    assert await found("deals", words="ольга") == ["d1"]
    assert await found("contacts", deal=1043) == ["c1"]
    assert await found("files", words="1042") == ["f0"]
    assert await found("files", words="счет pdf") == ["f1"]
    assert await found("files", words="доставки") == ["f1"]
    assert await found("files", files=True) == ["f1", "f0"]
    for odd in ("'", '"', "*", ":*", "a & | !", "%", "_", "\\", "(", "NOT", "шк:", "{}", "№"):
        for tab in ("messages", "conversations", "contacts", "deals", "files"):
            await found(tab, words=odd)


async def test_who_sees_only_their_own_is_told_how_much_is_hidden(database: Database) -> None:
    await database.write(_fill_house)
    ivan = Eyes(IVANS, IVANS, IVANS)
    wanted = Wanted("шкаф")
    assert await database.read_whole(_found, "messages", wanted, ivan) == ([ID.format(0)], None, 1)
    assert await database.read_whole(_found, "conversations", wanted, ivan) == (["k"], None, 1)
    assert (await database.read_whole(_found, "files", Wanted(files=True), ivan))[0] == ["f0"]
    assert (await database.read_whole(_found, "deals", Wanted("ольга"), ivan))[0] == []
    assert (await database.read_whole(_found, "contacts", Wanted("ольга"), ivan))[0] == []
    assert (await database.read_whole(_found, "contacts", Wanted("мария"), ivan))[0] == ["c0"]


async def test_a_word_that_very_many_said_is_found_in_ones_own_talk_too(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(finding, "RARE", 5)
    monkeypatch.setattr(finding, "CANDIDATES", 10)
    await database.write(_fill, [f"заказ {number}" for number in range(60)], ["Мария"])

    def give(tx: Transaction) -> None:
        _talk(tx, "mine", "c0", "ivan")
        tx.connection.execute(
            text("UPDATE message SET conversation_id = 'mine' WHERE id = :id"), {"id": ID.format(3)}
        )

    await database.write(give)
    ids, _, _ = await database.read_whole(
        _found, "messages", Wanted("заказы"), Eyes(IVANS, EVERYBODY, EVERYBODY)
    )
    assert ids == [ID.format(3)]

    def walk(connection: Connection) -> list[str]:
        found: list[str] = []
        cursor: str | None = ""
        while cursor is not None:
            page = finding.messages(connection, Wanted("заказ"), ALL, cursor, 7)
            found += [row.id for row in page.rows]
            cursor = page.next
        return found

    assert await database.read_whole(walk) == [ID.format(place) for place in reversed(range(60))]


WHOLE = re.compile(
    r"Seq Scan on (?!member|stage|role)"
    r"|SCAN (message|identity|contact|conversation|deal|attachment|[icdkta])\b(?!.*(INDEX|VIRTUAL))"
)


class Spy:
    """A connection that asks of every statement how it would be done."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.plans: list[str] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)

    def execute(self, statement: Any, parameters: Any = None) -> Any:
        if str(statement).startswith("SELECT"):
            how = "EXPLAIN" if self.dialect.name == "postgresql" else "EXPLAIN QUERY PLAN"
            explained = text(f"{how} {statement.text}").bindparams(*statement._bindparams.values())
            rows = self._connection.execute(explained, parameters).all()
            self.plans += [" ".join(map(str, row)) for row in rows]
        return self._connection.execute(statement, parameters)


async def test_nothing_is_looked_for_by_reading_a_whole_table(database: Database) -> None:
    await database.write(_fill_house)
    asked = [
        Wanted("шкаф"), Wanted("999 123"), Wanted("1042"), Wanted("шкаф", contacts=("c0",)), Wanted(deal=1042),
        Wanted("мария", sources=("s",), until=NOW), Wanted(contacts=("c0",), authors=("ivan",)),
    ]  # fmt: skip

    def plans(connection: Connection) -> list[str]:
        if (
            connection.dialect.name == "postgresql"
        ):  # a table of three rows is read whole unless that is forbidden
            connection.execute(text("SET LOCAL enable_seqscan = off"))
        spy: Any = Spy(connection)
        for tab in ("messages", "conversations", "contacts", "deals", "files"):
            for wanted in asked:
                for reach in (EVERYBODY, IVANS, TEAMS):
                    getattr(finding, tab)(spy, wanted, Eyes(reach, reach, reach), "", 20)
        return list(spy.plans)

    found = await database.read_whole(plans)
    assert len(found) > 50
    assert [line for line in found if WHOLE.search(line)] == []
