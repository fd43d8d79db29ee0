"""An address book comes in as it was previewed, once, whatever happens to us; and goes again without a trace."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.gateway.api.house import PATIENCE, House, Person
from tests.gateway.api.test_attaching import contact_of

BOOK = """ФИО;Телефон;Почта;Компания;Должность;Метки;Скидка
Анна Петрова;8 (916) 123-45-67;Anna@Example.org;Ромашка;директор;опт, вип;10%
Пётр Иванов;+7 916 000-00-01, 8 916 000-00-02;;Ромашка;;;
Анна П.;89161234567;new@example.org;;;;5%
;;;;;;
Кривой;много;не почта;;;;
;;;;;опт;
"""
STATE = (
    "SELECT id, name, name_from, responsible_id, fields, merged_into FROM contact ORDER BY id",
    "SELECT id, kind, value, shared, spam FROM identity ORDER BY id",
    "SELECT contact_id, identity_id, origin, verified, name FROM contact_identity ORDER BY contact_id, identity_id",
    "SELECT id, name FROM company ORDER BY id",
    "SELECT contact_id, company_id, role FROM contact_company ORDER BY contact_id, company_id",
)


async def state_of(house: House) -> list[Any]:
    """Everything that an import may touch."""
    return [[tuple(row) for row in await house.rows(sql)] for sql in STATE]


async def upload(person: Person, body: str | bytes, query: str = "name=book.csv") -> Any:
    raw = body.encode() if isinstance(body, str) else body
    found = await person.call("POST", f"/imports?{query}", raw=raw, headers={"Content-Type": "text/csv"})
    assert found.status == 201, found.body
    return found.json


async def until(person: Person, ref: str, *states: str) -> Any:
    async with asyncio.timeout(PATIENCE):
        while (found := await person.get(f"/imports/{ref}"))["state"] not in states:
            await asyncio.sleep(0.05)
    return found


async def prepared(person: Person, book: Any, **more: Any) -> Any:
    body = {"mapping": book["mapping"], **more}
    await person.put(f"/imports/{book['id']}/mapping", body)
    return await until(person, book["id"], "ready")


async def brought_in(person: Person, book: Any, **more: Any) -> Any:
    await prepared(person, book, **more)
    await person.post(f"/imports/{book['id']}/run")
    return await until(person, book["id"], "done")


async def test_a_book_is_previewed_brought_in_and_taken_back_without_a_trace(house: House) -> None:
    anna = await contact_of(house, await house.hears("anna"))
    await house.gateway.database.write(give_phone, anna, "+79161234567")
    before = await state_of(house)
    book = await upload(house.admin, BOOK)
    assert (book["encoding"], book["delimiter"], book["total"], book["state"]) == (
        "utf-8",
        "semicolon",
        5,
        "draft",
    )
    assert book["mapping"] == ["name", "phone", "email", "company", "role", "tags", "field:Скидка"]
    assert book["first"][0][0] == "Анна Петрова"
    ready = await prepared(house.admin, book, matching="complete", tag="выставка")
    assert ready["counts"] == {"known": 2, "new": 2, "refused": 1, "repeated": 0}
    assert ready["samples"][0]["contact_id"] == anna and ready["samples"][0]["by"] == "+79161234567"
    assert await state_of(house) == before, "looking changes nothing"
    await house.admin.post(f"/imports/{book['id']}/run")
    done = await until(house.admin, book["id"], "done")
    assert done["counts"] == {"completed": 2, "made": 2, "refused": 1}
    fields = (await house.admin.get(f"/contacts/{anna}/fields"))["fields"]
    assert fields == {"Скидка": "10%", "tags": ["опт", "вип", "выставка"]}
    found = (await house.admin.get("/contacts?words=9160000002"))["items"]
    assert [one["name"] for one in found] == ["Пётр Иванов"]
    assert [one["name"] for one in found[0]["companies"]] == ["Ромашка"]
    odd = (await house.admin.get("/contacts?words=Кривой"))["items"][0]
    kept = (await house.admin.get(f"/contacts/{odd['id']}/fields"))["fields"]
    assert (kept["Телефон"], kept["Почта"]) == ("много", "не почта")
    refused = await house.admin.call("GET", f"/imports/{book['id']}/refused")
    assert refused.body.decode("utf-8-sig").splitlines()[1] == ",,,,,опт,"
    await house.admin.post(f"/imports/{book['id']}/undo")
    undone = await until(house.admin, book["id"], "undone")
    assert (undone["counts"]["undone"], undone["counts"]["kept"]) == (4, 0)
    assert await state_of(house) == before


def give_phone(tx: Any, contact_id: str, phone: str) -> None:
    """The contact has a telephone number of its own."""
    from sqlalchemy import insert

    from storage.ids import new_id
    from storage.tables import contact_identity, identity

    ref = new_id(tx.now)
    tx.connection.execute(insert(identity).values(id=ref, kind="phone", value=phone, created_at=tx.now))
    tx.connection.execute(
        insert(contact_identity).values(
            contact_id=contact_id, identity_id=ref, origin="stated", verified=0, name="", created_at=tx.now
        )
    )


async def test_what_was_done_since_stays_and_is_counted(house: House) -> None:
    book = await upload(
        house.admin, "Имя,Телефон\nАнна,+79160000001\nБорис,+79160000002\nВера,+79160000003\n"
    )
    await brought_in(house.admin, book)
    found = {one["name"]: one["id"] for one in (await house.admin.get("/contacts"))["items"]}
    await house.admin.put(f"/contacts/{found['Анна']}/fields", {"values": {"note": "звонила"}})
    await house.admin.post(
        "/tasks", {"title": "перезвонить", "contact_id": found["Борис"], "due_at": house.gateway.now()}
    )
    await house.admin.post(f"/imports/{book['id']}/undo")
    undone = await until(house.admin, book["id"], "undone")
    assert (undone["counts"]["undone"], undone["counts"]["kept"]) == (1, 2)
    left = (await house.admin.get("/contacts"))["items"]
    assert {one["name"] for one in left} == {"Анна", "Борис"}
    assert all(one["addresses"] for one in left)


async def test_a_file_is_read_whatever_its_encoding_and_delimiter(house: House) -> None:
    for encoding, sign, name in (
        ("utf-8-sig", ",", "comma"), ("cp1251", ";", "semicolon"), ("utf-16", "\t", "tab"), ("utf-8", "\t", "tab"),
    ):  # fmt: skip
        body = f'Имя{sign}Телефон\n"Ёлкин{sign} Иван"{sign}89160000009\n'.encode(encoding)
        book = await upload(house.admin, body)
        assert (book["delimiter"], book["first"]) == (name, [[f"Ёлкин{sign} Иван", "89160000009"]])
        assert (await house.admin.call("DELETE", f"/imports/{book['id']}")).status == 204
    again = await upload(house.admin, "Имя|Телефон\nА|1\n", "name=x.csv&delimiter=comma&encoding=cp1251")
    assert again["encoding"] == "cp1251" and len(again["columns"]) == 1
    for encoding in ("cp866", "koi8-r"):  # what looks like cp1251: a person sees it and says which it is
        body = "Имя|Телефон\nЁлкин|89160000009\n".encode(encoding)
        guessed = await upload(house.admin, body)
        assert (guessed["encoding"], guessed["delimiter"]) == ("cp1251", "pipe")
        assert guessed["columns"] != ["Имя", "Телефон"]
        said = await upload(house.admin, body, f"name=x.csv&encoding={encoding}")
        assert (said["columns"], said["first"]) == (["Имя", "Телефон"], [["Ёлкин", "89160000009"]])


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"", 422, "unreadable"), (b"Name,Phone\n", 422, "unreadable"), (b"PK\x03\x04rest", 422, "unreadable"),
        (b"\x00\x01\x02\x03", 422, "unreadable"), (b'Name\n"' + b"x" * 200_000, 422, "unreadable"),
        (b"Name\n" + b"x\n" * 100_001, 413, "too_large"),
    ],
)  # fmt: skip
async def test_what_is_no_table_leaves_nothing_behind(
    house: House, body: bytes, status: int, code: str
) -> None:
    found = await house.admin.call("POST", "/imports", raw=body, headers={"Content-Type": "text/csv"})
    assert (found.status, found.code) == (status, code)
    assert not await house.rows("SELECT id FROM contact_import")
    assert not await house.rows("SELECT line FROM contact_import_row")


CARD = (
    "BEGIN:VCARD\r\nVERSION:3.0\r\nN:Петрова;Анна;;;\r\nFN:Анна Петрова\r\nitem1.TEL;TYPE=CELL:+7 916 123-45-67\r\n"
    "TEL;TYPE=WORK:8 495 000-00-01\r\nEMAIL:Anna@Example.org\r\nORG:Ромашка\\, ООО;Отдел\r\nNOTE:две\\nстроки и дли\r\n"
    " нная\r\nPHOTO;ENCODING=b:AAAA\r\n AAAA\r\nEND:VCARD\r\n"
    "BEGIN:VCARD\r\nVERSION:2.1\r\nN;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:=D0=98=D0=B2=D0=B0=\r\n=D0=BD;;;;\r\n"
    "TEL;CELL:89160000002\r\nEND:VCARD\r\n"
)


async def test_vcards_of_three_versions_come_in_and_go_out_the_same(house: House) -> None:
    done = await brought_in(house.admin, await upload(house.admin, CARD, "name=book.vcf"))
    assert (done["format"], done["counts"]) == ("vcard", {"made": 2})
    out = (await house.admin.call("GET", "/contacts-file?format=vcf")).body.decode()
    assert (
        "ORG:Ромашка\\, ООО\r\n" in out and "TEL:+74950000001\r\n" in out and "EMAIL:anna@example.org" in out
    )
    assert out.count("BEGIN:VCARD") == 2 and "FN:Иван" in out
    again = await upload(house.admin, out, "name=again.vcf")
    ready = await prepared(house.admin, again)
    assert (ready["counts"]["known"], ready["counts"]["new"]) == (2, 0)


async def test_an_export_is_audited_harmless_and_only_for_whom_it_is(house: House) -> None:
    body = 'Имя,Телефон,Заметка\n"=HYPERLINK(1)",+79160000001,@cmd\nАнна,+79160000002,обычная\n'
    await brought_in(house.admin, await upload(house.admin, body))
    answer = await house.admin.call("GET", "/contacts-file")
    lines = answer.body.decode("utf-8-sig").splitlines()
    assert lines[0] == "Имя,Телефон,E-mail,Компания,Должность,Метки,Ответственный,Заметка"
    assert lines[2] == "'=HYPERLINK(1),'+79160000001,,,,,,'@cmd"
    again = await prepared(house.admin, await upload(house.admin, answer.body))
    assert (again["counts"]["known"], again["counts"]["new"]) == (2, 0), (
        "what was exported is understood again"
    )
    rows = await house.rows("SELECT member_id, facts FROM audit_log WHERE action = 'contact.export'")
    assert [row.member_id for row in rows] == [house.admin.id]
    operator = await house.person("operator")
    assert (await operator.call("GET", "/contacts-file")).status == 403
    manager = await house.person("manager")
    assert (await manager.get("/contacts"))["items"] == []


async def test_the_same_address_twice_makes_two_cards_only_where_asked(house: House) -> None:
    body = "Имя,Телефон\nАнна,+79160000001\nАня,+79160000001\n"
    first = await upload(house.admin, body)
    assert (await prepared(house.admin, first))["counts"]["repeated"] == 1
    await house.admin.post(f"/imports/{first['id']}/run")
    assert (await until(house.admin, first["id"], "done"))["counts"] == {"made": 1, "skipped": 1}
    second = await brought_in(house.admin, await upload(house.admin, body), matching="new")
    assert second["counts"] == {"made": 2}
    proposals = (await house.admin.get("/merge-proposals"))["items"]
    assert len(proposals) == 3
    await house.admin.post(f"/imports/{second['id']}/undo")
    await until(house.admin, second["id"], "undone")
    assert (await house.admin.get("/merge-proposals"))["items"] == []


async def test_many_rows_are_one_card_each_and_stopping_takes_back_what_came(house: House) -> None:
    rows = "".join(f"Имя {n},+7916{n:07d},mail{n}@example.org,Фирма {n % 7}\n" for n in range(2600))
    before = await state_of(house)
    book = await upload(house.admin, "Имя,Телефон,Почта,Компания\n" + rows)
    ready = await prepared(house.admin, book)
    assert (ready["counts"]["new"], ready["total"]) == (2600, 2600)
    await house.admin.post(f"/imports/{book['id']}/run")
    await until(house.admin, book["id"], "done")
    assert (await house.rows("SELECT count(*) AS n FROM contact"))[0].n == 2600
    first = await house.admin.get("/contacts?limit=200")
    second = await house.admin.get(f"/contacts?limit=200&cursor={first['next']}")
    assert not {one["id"] for one in first["items"]} & {one["id"] for one in second["items"]}
    assert (await house.admin.call("POST", f"/imports/{book['id']}/run")).code == "not_now"
    await house.admin.post(f"/imports/{book['id']}/undo")
    await until(house.admin, book["id"], "undone")
    assert await state_of(house) == before
    assert (await house.admin.call("POST", f"/imports/{book['id']}/undo")).code == "not_now"
