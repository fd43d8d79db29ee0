"""A letter goes on the thread it belongs to, and nobody gets into a thread by copying an id."""

from __future__ import annotations

import asyncio
import base64
import errno
from typing import Any

import pytest

from storage.files import FileStore, Stored
from tests.gateway.mail.house import CLIENT, MailHouse, letter


async def sent_id(mail: MailHouse, message: str) -> str:
    rows = await mail.house.rows("SELECT external_id FROM message WHERE id = :id", id=message)
    return str(rows[0].external_id)


async def answered(mail: MailHouse) -> tuple[str, str, str]:
    """A client asked and was answered: conversation, our message, its Message-ID."""
    ref = await mail.hears(letter(mail.address, "Дверь дубовая", id="first@client.test"))
    message = await mail.reply(ref)
    await mail.state(message, "sent")
    return ref, message, await sent_id(mail, message)


async def test_an_answer_from_another_address_joins_when_it_names_our_own_id(mail_on_both: MailHouse) -> None:
    mail = mail_on_both
    ref, _, ours = await answered(mail)
    raw = letter(
        mail.address, "Re: Дверь дубовая", "Это бухгалтер", sender="buh@gmail.com", name="Буха",
        more=f"In-Reply-To: <{ours}>\r\n",
    )  # fmt: skip
    assert await mail.hears(raw) == ref
    rows = await mail.house.rows("SELECT count(*) AS n FROM deal")
    assert rows[0].n == 1, "the accountant writes about the same deal"
    blank = await mail.admin.get(f"/conversations/{ref}/letter")
    assert [one["address"] for one in blank["to"]] == ["buh@gmail.com"], "the answer goes to who wrote"


async def test_a_stranger_who_copies_a_clients_id_gets_a_thread_of_their_own(mail: MailHouse) -> None:
    ref, _, _ = await answered(mail)
    raw = letter(
        mail.address, "Re: Дверь дубовая", "Сменились реквизиты", sender="evil@evil.test",
        more="In-Reply-To: <first@client.test>\r\nReferences: <first@client.test>\r\n",
    )  # fmt: skip
    other = await mail.hears(raw)
    assert other != ref
    shown = await mail.admin.get(f"/conversations/{other}")
    assert shown["related"]["id"] == ref, "it says what it seems to go on from"


async def test_a_forged_id_of_ours_is_none(mail: MailHouse) -> None:
    ref, _, ours = await answered(mail)
    forged = ours.replace(ours.split(".")[2].partition("@")[0], "000000000000")
    assert forged != ours
    raw = letter(mail.address, "Re: Дверь", sender="evil@evil.test", more=f"In-Reply-To: <{forged}>\r\n")
    assert await mail.hears(raw) != ref


async def test_a_colleague_of_the_clients_company_joins_and_one_of_a_public_provider_does_not(
    mail: MailHouse,
) -> None:
    ref, _, _ = await answered(mail)
    more = "References: <first@client.test>\r\n"
    assert await mail.hears(letter(mail.address, "Re: Дверь", sender="boss@client.test", more=more)) == ref
    public = await mail.hears(letter(mail.address, "Замок", sender="a@mail.ru", id="p1@mail.ru"))
    more = "References: <p1@mail.ru>\r\n"
    assert await mail.hears(letter(mail.address, "Re: Замок", sender="b@mail.ru", more=more)) != public


async def test_who_was_copied_takes_part(mail: MailHouse) -> None:
    ref = await mail.hears(
        letter(mail.address, "Смета", sender="a@mail.ru", id="s1@mail.ru", more="Cc: friend@bk.ru\r\n")
    )
    more = "In-Reply-To: <s1@mail.ru>\r\n"
    assert await mail.hears(letter(mail.address, "Re: Смета", sender="friend@bk.ru", more=more)) == ref


async def test_a_reply_without_any_id_is_known_by_its_subject_for_two_weeks(mail: MailHouse) -> None:
    ref, _, _ = await answered(mail)
    assert await mail.hears(letter(mail.address, "Отв: Дверь дубовая", "И ещё вопрос")) == ref
    assert await mail.hears(letter(mail.address, "Дверь дубовая", "Новая")) != ref, "no reply prefix"
    assert await mail.hears(letter(mail.address, "Re: Дверь дубовая", sender="x@else.test")) != ref
    generic = await mail.hears(letter(mail.address, "Заказ", sender="g@client.test"))
    assert await mail.hears(letter(mail.address, "Re: Заказ", sender="g@client.test")) != generic


async def test_exchange_letters_are_known_by_their_thread_index(mail: MailHouse) -> None:
    root = bytes(range(22))
    first, second = (base64.b64encode(root + more).decode() for more in (b"", b"later"))
    ref = await mail.hears(letter(mail.address, "Вопрос по счёту", more=f"Thread-Index: {first}\r\n"))
    raw = letter(mail.address, "Другая тема", more=f"Thread-Index: {second}\r\n")
    assert await mail.hears(raw) == ref


async def test_our_mark_in_the_quoted_page_is_enough(mail: MailHouse) -> None:
    ref, _, ours = await answered(mail)
    page = f'<p>Беру</p><div class="gmail_quote"><div data-gw="{ours}">Дверь стоит 14 500.</div></div>'
    raw = letter(mail.address, "Без ссылок", page, sender="other@else.test", kind="text/html")
    assert await mail.hears(raw) == ref


async def test_a_bounce_says_who_was_not_reached_and_a_forged_one_changes_nothing(
    mail_on_both: MailHouse,
) -> None:
    mail = mail_on_both
    made = await mail.write("a@client.test", "b@client.test")
    ref, message = made["conversation_id"], made["items"][0]["id"]
    await mail.state(message, "sent")
    ours = await sent_id(mail, message)
    await mail.takes(bounce(mail.address, ours, "nobody@evil.test"))
    item = await mail.item(ref, message)
    assert item["state"] == "sent"
    await mail.takes(bounce(mail.address, ours, "a@client.test"))
    item = await mail.item(ref, message)
    assert item["state"] == "sent", "b was reached"
    assert {one["address"]: one["state"] for one in item["mail"]["reached"]} == {
        "a@client.test": "undelivered", "b@client.test": "sent",
    }  # fmt: skip
    await mail.takes(bounce(mail.address, ours, "b@client.test"))
    item = await mail.item(ref, message)
    assert (item["state"], item["reason"]) == ("undelivered", "no_such_user")
    page = await mail.admin.get(f"/conversations/{ref}/messages?scope=conversation")
    notes = [one["system"] for one in page["items"] if one["system"]]
    assert [note["address"] for note in notes] == ["a@client.test", "b@client.test"]
    assert "No such user" in notes[0]["detail"]
    warned = await mail.admin.call(
        "POST", "/letters",
        {"id": "0199c0de-0000-7000-8000-0000000000aa", "source_id": mail.source_id, "text": "x",
         "letter": {"to": [{"address": "a@client.test"}], "subject": "x"}},
    )  # fmt: skip
    assert (warned.status, warned.code) == (409, "unreachable")
    assert warned.json["params"]["addresses"] == "a@client.test"


def bounce(to: str, original: str, recipient: str) -> bytes:
    report = (
        f"--b\r\nContent-Type: text/plain\r\n\r\nUndelivered\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\n"
        f"Reporting-MTA: dns; mx.client.test\r\n\r\nFinal-Recipient: rfc822; {recipient}\r\nAction: failed\r\n"
        f"Status: 5.1.1\r\nDiagnostic-Code: smtp; 550 5.1.1 No such user\r\n\r\n--b\r\nContent-Type: text/rfc822-headers"
        f"\r\n\r\nMessage-ID: <{original}>\r\n\r\n--b--"
    )
    kind = "multipart/report; report-type=delivery-status; boundary=b"
    raw = letter(
        to, "Undelivered Mail", report, sender="mailer-daemon@mx.client.test", name="Mail System", kind=kind
    )
    return raw.replace(b"Content-Transfer-Encoding: 8bit\r\n", b"").replace(b"; charset=utf-8", b"")


async def timeline(mail: MailHouse, ref: str) -> list[Any]:
    page = await mail.admin.get(f"/conversations/{ref}/messages?scope=conversation")
    return [one["text"] for one in page["items"] if one["direction"] != "none"]


async def test_a_thread_is_split_at_a_letter_and_put_back(mail_on_both: MailHouse) -> None:
    mail = mail_on_both
    ref = await mail.hears(letter(mail.address, "Дверь", "раз", id="d1@client.test"))
    more = "References: <d1@client.test>\r\n"
    await mail.hears(letter(mail.address, "Re: Дверь", "А ещё окно", id="d2@client.test", more=more))
    page = await mail.admin.get(f"/conversations/{ref}/messages?scope=conversation")
    second = next(one for one in page["items"] if one["text"] == "А ещё окно")
    first = next(one for one in page["items"] if one["text"] == "раз")
    refused = await mail.admin.call("POST", f"/messages/{first['id']}/split", {})
    assert refused.code == "not_now"
    done = await mail.admin.post(f"/messages/{second['id']}/split")
    new = done["row"]["id"]
    assert new != ref
    assert await timeline(mail, ref) == ["раз"]
    assert await timeline(mail, new) == ["А ещё окно"]
    assert done["row"]["state"] == "open"
    answer = letter(mail.address, "Re: Дверь", "про окно", more="In-Reply-To: <d2@client.test>\r\n" + more)
    assert await mail.hears(answer) == new, "later letters follow what they answer"
    await mail.admin.call(
        done["undo"]["method"], done["undo"]["path"].removeprefix("/api/v1"), done["undo"]["body"]
    )
    assert await timeline(mail, ref) == ["раз", "А ещё окно", "про окно"]
    assert await timeline(mail, new) == []


async def test_two_threads_of_a_client_become_one_and_two_again(mail: MailHouse) -> None:
    one = await mail.hears(letter(mail.address, "Дверь", "дверь", id="j1@client.test"))
    two = await mail.hears(letter(mail.address, "Окно", "окно", id="j2@client.test"))
    stranger = await mail.hears(letter(mail.address, "Чужое", sender="x@else.test"))
    refused = await mail.admin.call("POST", f"/conversations/{two}/join", {"into": stranger})
    assert refused.code == "not_now"
    done = await mail.admin.post(f"/conversations/{two}/join", {"into": one})
    assert done["row"]["id"] == one
    assert await timeline(mail, one) == ["дверь", "окно"]
    more = "References: <j2@client.test>\r\n"
    assert await mail.hears(letter(mail.address, "Re: Окно", "ещё", more=more)) == one
    path = done["undo"]["path"].removeprefix("/api/v1")
    moved = await mail.admin.call("POST", path, done["undo"]["body"])
    assert moved.status == 200, moved.body
    assert await timeline(mail, two) == ["окно"]


@pytest.mark.dovecot
async def test_a_letter_can_be_kept_as_a_file_as_it_came_and_as_it_left(mail: MailHouse) -> None:
    raw = letter(mail.address, "Дверь")
    ref = await mail.hears(raw)
    message = await mail.reply(ref, "Вот")
    await mail.state(message, "sent")
    page = await mail.admin.get(f"/conversations/{ref}/messages?scope=conversation")
    asked = next(one for one in page["items"] if one["direction"] == "in")
    came = await mail.admin.call("GET", f"/messages/{asked['id']}/eml")
    assert raw.strip() in came.body
    assert came.headers["Content-Disposition"].startswith("attachment")
    left = await mail.admin.call("GET", f"/messages/{message}/eml")
    assert left.body == mail.host.relay.seen[-1].content
    assert CLIENT.encode() in left.body


async def test_an_answer_that_comes_before_what_it_answers_is_joined_by_it(mail: MailHouse) -> None:
    """E28: two folders, two servers or a slow filter bring letters out of order."""
    more = "In-Reply-To: <late1@client.test>\r\nReferences: <late1@client.test>\r\n"
    ref = await mail.hears(letter(mail.address, "Re: Дверь", "ответ", id="late2@client.test", more=more))
    again = "In-Reply-To: <late2@client.test>\r\nReferences: <late1@client.test> <late2@client.test>\r\n"
    assert await mail.hears(letter(mail.address, "Re: Дверь", "ещё", more=again)) == ref
    assert await mail.hears(letter(mail.address, "Дверь", "вопрос", id="late1@client.test")) == ref
    stranger = letter(mail.address, "Дверь", "чужой вопрос", id="late1@client.test", sender="x@else.test")
    assert await mail.hears(stranger) != ref, "the id alone lets nobody in"


async def test_with_the_disk_full_reading_stops_and_letters_wait_on_the_server(
    mail: MailHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    """E13."""
    keep = FileStore.put_bytes

    async def full(store: FileStore, body: bytes) -> Stored:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(FileStore, "put_bytes", full)
    large = letter(mail.address, "Чертёж", "х" * 300_000)
    await asyncio.to_thread(mail.host.deliver, mail.address, large)

    async def wrong() -> str:
        return str((await mail.admin.get(f"/sources/{mail.source_id}"))["last_error"])

    await mail.until(wrong, lambda code: code == "not_kept")
    await asyncio.to_thread(mail.host.deliver, mail.address, letter(mail.address, "Вопрос"))
    assert await mail.count("message") == 0
    monkeypatch.setattr(FileStore, "put_bytes", keep)
    await mail.until(lambda: mail.count("message"), lambda count: count == 2)
    assert await mail.count("envelope WHERE state = 1") == 2, "each once, and nothing set aside"


async def test_letters_of_one_id_with_other_words_are_all_shown_and_each_once(
    mail_on_both: MailHouse,
) -> None:
    """E15: scanners and old form mailers give every letter the same Message-ID; others lose all but the first."""
    letters = [
        letter(
            mail_on_both.address,
            f"Заявка {number}",
            f"Телефон {number}",
            sender="robot@site.test",
            id="always@site.test",
        )
        for number in range(3)
    ]
    for raw in (letters[0], letters[1], letters[0], letters[2], letters[1]):
        await mail_on_both.takes(raw)
    rows = await mail_on_both.house.rows("SELECT text FROM message WHERE kind = 'mail' ORDER BY text")
    assert [row.text for row in rows] == ["Телефон 0", "Телефон 1", "Телефон 2"]


async def test_a_letter_to_two_mailboxes_is_shown_in_each_and_is_one_clients_one_enquiry(
    mail: MailHouse,
) -> None:
    """E16."""
    other = MailHouse(mail.house, mail.host, mail.host.welcome(f"second-{mail.address}"))
    await other.connect()
    raw = letter(f"{mail.address}, {other.address}", "Дверь", id="both@client.test")
    first = await mail.hears(raw)
    second = await other.hears(raw)
    assert first != second
    rows = await mail.house.rows("SELECT source_id FROM conversation WHERE id IN (:a, :b)", a=first, b=second)
    assert {row.source_id for row in rows} == {mail.source_id, other.source_id}
    assert (await mail.count("contact"), await mail.count("deal"), await mail.count("message")) == (1, 1, 2)


async def test_a_signature_with_anothers_address_is_a_question_and_never_a_merge(
    mail_on_both: MailHouse,
) -> None:
    mail = mail_on_both
    await mail.hears(letter(mail.address, sender="petr@client.test", name="Пётр"))
    signed = "Это Пётр, пишу с другой почты.\r\n\r\n-- \r\nПётр\r\npetr@client.test\r\ninfo@client.test"
    ref = await mail.hears(
        letter(mail.address, "Дверь", signed, sender="p.ivanov@gmail.test", name="П. Иванов")
    )
    (found,) = (await mail.admin.get("/merge-proposals"))["items"]
    assert (found["kind"], found["value"], found["verified"]) == ("email", "petr@client.test", False)
    assert sorted(found["origins"]) == ["network", "signature"]
    item = (await mail.admin.get(f"/conversations/{ref}/messages?scope=conversation"))["items"][-1]
    assert found["letter"] == {"message_id": item["id"], "conversation_id": ref}
    assert {found["a"]["name"], found["b"]["name"]} == {"Пётр", "П. Иванов"}
    assert await mail.count("contact WHERE merged_into IS NULL") == 2
    assert await mail.count("contact_identity") == 2, "nobody got an address by it"
    await mail.admin.post("/merge-proposals/different", {"a": found["a"]["id"], "b": found["b"]["id"]})
    await mail.hears(letter(mail.address, "Ещё раз", signed, sender="p.ivanov@gmail.test", name="П. Иванов"))
    assert (await mail.admin.get("/merge-proposals"))["items"] == [], (
        "what a person settled is not asked again"
    )
