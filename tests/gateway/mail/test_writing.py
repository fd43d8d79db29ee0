"""A letter says what was written, to whom it was written, and looks like a letter."""

from __future__ import annotations

import pytest

from gateway.clock import new_id
from tests.gateway.api.paper import PICTURE
from tests.gateway.mail.house import CLIENT, MailHouse, letter


def plain(sent: object) -> str:
    body = sent.get_body(("plain",))  # type: ignore[attr-defined]
    return str(body.get_content()).replace("\r\n", "\n")


def page(sent: object) -> str:
    body = sent.get_body(("html",))  # type: ignore[attr-defined]
    return str(body.get_content())


async def test_an_answer_goes_to_who_wrote_with_the_thread_the_quote_and_the_signature(
    mail: MailHouse,
) -> None:
    await mail.admin.patch("/me", {"prefs": {"signature": "Пётр, отдел продаж"}})
    asked = letter(
        mail.address, "Дверь", "Есть дубовая?", id="q1@client.test", more="References: <q0@client.test>\r\n"
    )
    ref = await mail.hears(asked)
    message = await mail.reply(ref, "Есть, 14 500.")
    assert await mail.state(message, "sent", "failed", "unknown") == "sent"
    (sent,) = mail.posted()
    assert sent["To"] == f"Анна <{CLIENT}>"
    assert sent["From"] == f"Магазин <{mail.address}>"
    assert sent["Subject"] == "Re: Дверь"
    assert sent["In-Reply-To"] == "<q1@client.test>"
    assert sent["References"].split() == ["<q0@client.test>", "<q1@client.test>"]
    assert f"gw.{message}." in sent["Message-ID"]
    assert plain(sent).startswith("Есть, 14 500.\n\n-- \nПётр, отдел продаж\n\n")
    assert "> Есть дубовая?" in plain(sent)
    assert "Есть дубовая?</blockquote>" in page(sent)
    item = await mail.item(ref, message)
    assert item["kind"] == "mail"
    assert [(one["address"], one["state"]) for one in item["mail"]["reached"]] == [(CLIENT, "sent")]


async def test_the_blank_of_an_answer_to_all_names_everybody_but_us(mail: MailHouse) -> None:
    raw = letter(f"{mail.address}, oleg@client.test", more=f'Cc: "Buh" <buh@client.test>, {mail.address}\r\n')
    ref = await mail.hears(raw)
    one = await mail.admin.get(f"/conversations/{ref}/letter")
    assert [(a["address"], a["kind"]) for a in one["to"]] == [(CLIENT, "to")]
    everybody = await mail.admin.get(f"/conversations/{ref}/letter?way=all")
    assert [(a["address"], a["kind"]) for a in everybody["to"]] == [
        (CLIENT, "to"), ("oleg@client.test", "to"), ("buh@client.test", "cc"),
    ]  # fmt: skip
    assert everybody["subject"] == "Re: Вопрос"
    assert everybody["sender"] == mail.address


async def test_a_blind_copy_is_sent_and_named_nowhere(mail: MailHouse) -> None:
    made = await mail.write(
        "to@client.test",
        letter={"cc": [{"address": "cc@client.test"}], "bcc": [{"address": "bcc@client.test"}]},
    )
    await mail.state(made["items"][0]["id"], "sent")
    relayed = next(one for one in mail.host.relay.seen if "bcc@client.test" in one.recipients)
    assert set(relayed.recipients) == {"to@client.test", "cc@client.test", "bcc@client.test"}
    assert b"bcc@client.test" not in relayed.content
    (sent,) = mail.posted()
    assert sent["Cc"] == "cc@client.test"


async def test_a_new_conversation_begins_with_a_letter_and_its_answer_comes_back_to_it(
    mail: MailHouse,
) -> None:
    made = await mail.write(
        "new@client.test", letter={"to": [{"address": "Новый <NEW@Client.test>", "name": "Иван"}]}
    )
    ref, message = made["conversation_id"], made["items"][0]["id"]
    await mail.state(message, "sent")
    (sent,) = mail.posted()
    assert sent["To"] == "Иван <new@client.test>"
    assert sent["Subject"] == "Ваш заказ"
    assert sent["References"] is None
    answer = letter(
        mail.address, "Re: Ваш заказ", "Спасибо", sender="new@client.test",
        more=f"In-Reply-To: {sent['Message-ID']}\r\n",
    )  # fmt: skip
    assert await mail.hears(answer) == ref
    contact = (await mail.admin.get(f"/conversations/{ref}"))["contact"]
    assert [one["value"] for one in contact["identities"]] == ["new@client.test"]


async def test_the_same_letter_sent_again_is_the_same_letter(mail: MailHouse) -> None:
    message = new_id()
    body = {
        "id": message, "source_id": mail.source_id, "letter": {"to": [{"address": "a@client.test"}], "subject": "Раз"},
        "text": "Один раз", "hold_ms": 0,
    }  # fmt: skip
    first, second = [await mail.admin.post("/letters", body) for _ in range(2)]
    assert first["conversation_id"] == second["conversation_id"]
    await mail.state(message, "sent")
    assert len(mail.posted()) == 1
    assert await mail.count("conversation") == 1


async def test_a_letter_is_handed_on_with_its_files_and_is_no_answer(mail: MailHouse) -> None:
    boundary = "=b"
    raw = (
        letter(mail.address, "Чертёж", "", kind=f"multipart/mixed; boundary={boundary}").replace(
            b"Content-Transfer-Encoding: 8bit\r\n", b""
        )
        + (
            f"--{boundary}\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nВо вложении.\r\n--{boundary}\r\n"
            "Content-Type: application/pdf; name=plan.pdf\r\nContent-Disposition: attachment; filename=plan.pdf\r\n\r\n"
            f"%PDF-1.4 plan\r\n--{boundary}--\r\n"
        ).encode()
    )
    ref = await mail.hears(raw)

    async def blank() -> object:
        return await mail.admin.get(f"/conversations/{ref}/letter?way=forward")

    form = await mail.until(blank, lambda one: bool(one["files"]) and one["files"][0]["ready"])
    assert form["to"] == []
    assert form["subject"] == "Fwd: Чертёж"
    given = {
        "to": [{"address": "master@firma.test"}], "subject": form["subject"], "quote": form["quote"], "forward": True,
        "files": [file["id"] for file in form["files"]],
    }  # fmt: skip
    message = await mail.reply(ref, "Посмотри, пожалуйста", letter=given)
    await mail.state(message, "sent")
    (sent,) = mail.posted()
    assert sent["In-Reply-To"] is None
    assert "-------- Пересылаемое сообщение --------" in plain(sent)
    assert f"От: Анна <{CLIENT}>" in plain(sent)
    (file,) = sent.iter_attachments()
    assert file.get_filename() == "plan.pdf"
    assert file.get_content() == b"%PDF-1.4 plan"


async def test_a_picture_may_stand_inside_the_letter(mail: MailHouse) -> None:
    found = await mail.admin.call("POST", "/files?name=door.png&kind=photo", raw=PICTURE)
    upload = found.json["id"]
    made = await mail.write("a@client.test", file_ids=[upload], letter={"inline": [upload]})
    await mail.state(made["items"][0]["id"], "sent")
    (sent,) = mail.posted()
    assert sent.get_content_type() == "multipart/related"
    picture = next(part for part in sent.walk() if part.get_content_type() == "image/png")
    assert f"cid:{picture['Content-ID'].strip('<>')}" in page(sent)
    assert picture.get_content() == PICTURE


async def test_styles_are_a_page_and_readable_in_plain(mail: MailHouse) -> None:
    spans = [
        {"start": 0, "length": 5, "style": "bold"},
        {"start": 6, "length": 4, "style": "link", "url": "https://shop.test/door?a=1&b=2"},
    ]
    made = await mail.write("a@client.test", text="Цена: сайт <тут>", spans=spans)
    await mail.state(made["items"][0]["id"], "sent")
    (sent,) = mail.posted()
    assert "<b>Цена:</b>" in page(sent)
    assert '<a href="https://shop.test/door?a=1&amp;b=2">сайт</a> &lt;тут&gt;' in page(sent)
    assert plain(sent).startswith("Цена: сайт (https://shop.test/door?a=1&b=2) <тут>")


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"to": []}, "no_recipient"),
        ({"to": [{"address": "не адрес"}]}, "bad_address"),
        ({"to": [{"address": "a@b"}]}, "bad_address"),
        ({"to": [{"address": f"a{n}@client.test"} for n in range(60)],
          "cc": [{"address": f"b{n}@client.test"} for n in range(60)]}, "too_many_recipients"),
        ({"to": [{"address": "a@client.test\r\nBcc: x@y.test"}]}, "bad_address"),
    ],
)  # fmt: skip
async def test_a_letter_that_cannot_go_is_refused_and_changes_nothing(
    mail: MailHouse, given: dict[str, object], code: str
) -> None:
    body = {"id": new_id(), "source_id": mail.source_id, "letter": {"subject": "x", **given}, "text": "x"}
    refused = await mail.admin.call("POST", "/letters", body)
    assert refused.status == 422
    assert refused.code == code
    assert await mail.count("message") == 0
    assert await mail.count("conversation") == 0


async def test_line_breaks_in_a_subject_or_name_make_no_header(mail: MailHouse) -> None:
    made = await mail.write(
        "a@client.test", subject="Раз\r\nBcc: evil@x.test",
        letter={"to": [{"address": "a@client.test", "name": "A\r\nX-Evil: 1"}]},
    )  # fmt: skip
    await mail.state(made["items"][0]["id"], "sent")
    (sent,) = mail.posted()
    assert sent["Bcc"] is None
    assert sent["X-Evil"] is None
