"""What was said is changed, taken back and marked in its turn, and only what the network did is shown as done."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from sqlalchemy import text

from channels.errors import OutcomeUnknown, Refused, TryLater
from gateway.clock import new_id
from tests.gateway.api.house import House
from tests.gateway.api.paper import Paper
from tests.gateway.town import until

HOUR = 3_600_000_000


async def said(house: House, conversation: str, words: str, **more: Any) -> str:
    """An administrator's answer that has left; its id."""
    ref = new_id()
    await house.admin.post(
        f"/conversations/{conversation}/messages", {"id": ref, "text": words, "hold_ms": 0, **more}
    )
    await shows(house, ref, state="sent")
    return ref


async def item(house: House, ref: str) -> dict[str, Any]:
    """A message as the console sees it."""
    row = (await house.rows("SELECT conversation_id FROM message WHERE id = :id", id=ref))[0]
    page = await house.admin.get(f"/conversations/{row.conversation_id}/messages")
    return next(one for one in page["items"] if one["id"] == ref)


async def shows(house: House, ref: str, **wanted: Any) -> dict[str, Any]:
    """Wait until a message shows these values."""
    found: dict[str, Any] = {}

    async def there() -> bool:
        nonlocal found
        found = await item(house, ref)
        return all(found[name] == value for name, value in wanted.items())

    await until(there, lambda: f"shows {found}", seconds=15)
    return found


async def aged(house: House, sql: str, time: int) -> None:
    """Make what is kept older than it is."""
    await house.gateway.database.write(lambda tx: tx.connection.execute(text(sql), {"time": time}).rowcount)


async def test_new_words_reach_the_client_and_the_old_ones_are_kept(house: House) -> None:
    ref = await said(house, await house.hears(), "Доставим в суботу")
    assert "edit" in (await item(house, ref))["may"]
    bold = {"start": 11, "length": 7, "style": "bold"}
    await house.admin.patch(f"/messages/{ref}", {"text": "Доставим в субботу", "spans": [bold]})
    found = await shows(house, ref, text="Доставим в субботу", edited=True, later=None)
    assert found["spans"] == [{**bold, "url": ""}]
    assert Paper.acts == [("edit", f"out-{ref}", "Доставим в субботу", "bold:11+7")]
    versions = (await house.admin.get(f"/messages/{ref}/versions"))["items"]
    assert [one["text"] for one in versions] == ["Доставим в суботу"]
    assert (await house.admin.get("/conversations?view=all"))["rows"][0]["last"][
        "text"
    ] == "Доставим в субботу"


async def test_words_that_wait_are_changed_in_their_place_and_leave_once(house: House) -> None:
    conversation, ref = await house.hears(), new_id()
    await house.admin.post(
        f"/conversations/{conversation}/messages", {"id": ref, "text": "Опечтка", "hold_ms": 1500}
    )
    await house.admin.patch(f"/messages/{ref}", {"text": "Без опечатки. " * 10})
    found = await item(house, ref)
    assert (found["state"], found["edited"], found["text"]) == ("held", False, "Без опечатки. " * 10)
    await shows(house, ref, state="sent")
    assert [one.text for one in Paper.sent] == [
        "Без опечатки. " * 6 + "Без опечатки.",
        "Без опечатки. " * 2 + "Без опечатки.",
    ]
    assert Paper.acts == []
    source = await house.admin.get(f"/sources/{house.source_id}")
    assert (source["account"]["accepted"], source["account"]["sent"]) == (2, 2)


async def test_a_change_that_failed_does_not_look_done_and_may_be_asked_again(house: House) -> None:
    ref = await said(house, await house.hears(), "Как было")
    Paper.faults.append(Refused("no", code="refused_by_test"))
    await house.admin.patch(f"/messages/{ref}", {"text": "Как стало"})
    later = {"act": "edit", "state": "failed", "reason": "refused_by_test", "text": "Как стало"}
    found = await shows(house, ref, later=later)
    assert (found["text"], found["edited"], found["state"]) == ("Как было", False, "sent")
    await house.admin.patch(f"/messages/{ref}", {"text": "Как стало"})
    await shows(house, ref, text="Как стало", later=None)


@pytest.mark.parametrize("fault", [TryLater("busy", after=0.1), OutcomeUnknown("lost")], ids=["busy", "lost"])
async def test_what_may_or_may_not_be_done_is_simply_done_again(house: House, fault: Any) -> None:
    ref = await said(house, await house.hears(), "Как было")
    Paper.faults.append(fault)
    await house.admin.patch(f"/messages/{ref}", {"text": "Как стало"})
    await shows(house, ref, text="Как стало", later=None)
    assert [act[0] for act in Paper.acts] == ["edit"]


async def test_a_message_taken_back_is_struck_and_its_words_stay_with_us(house: House) -> None:
    ref = await said(house, await house.hears(), "Лишнее слово. " * 10)
    await house.admin.patch(f"/messages/{ref}", {"text": "Другое слово. " * 10})
    answer = await house.admin.call("DELETE", f"/messages/{ref}")
    assert answer.json == {"left": True, "text": "", "files": []}
    found = await shows(house, ref, deleted=True, later=None)
    assert found["text"].startswith(("Лишнее", "Другое"))
    assert Paper.acts[-1] == ("delete", f"out-{ref}", f"out-{ref}.1")
    assert found["may"] == ["move"]
    assert (await house.admin.get("/conversations?view=all"))["rows"][0]["last"]["text"] == ""


async def test_a_later_act_waits_for_its_turn_in_the_conversation(house: House) -> None:
    conversation = await house.hears()
    first = await said(house, conversation, "первое")
    Paper.faults.append(TryLater("busy", after=3))
    await house.admin.patch(f"/messages/{first}", {"text": "первое слово"})
    await shows(
        house,
        first,
        later={"act": "edit", "state": "postponed", "reason": "try_later", "text": "первое слово"},
    )
    second = new_id()
    await house.admin.post(
        f"/conversations/{conversation}/messages", {"id": second, "text": "второе", "hold_ms": 0}
    )
    await asyncio.sleep(0.1)
    assert (await item(house, second))["state"] == "queued"
    await shows(house, second, state="sent")
    assert (await item(house, first))["text"] == "первое слово"


async def test_our_reaction_is_put_changed_and_taken_away(house: House) -> None:
    conversation = await house.hears("anna", "Спасибо!", id="m1")
    ref = (await house.rows("SELECT id FROM message WHERE external_id = 'm1'"))[0].id
    assert "react" in (await item(house, ref))["may"]
    await house.admin.put(f"/messages/{ref}/reaction", {"emoji": "👍"})
    await shows(house, ref, own_reaction="👍", later=None)
    await house.admin.put(f"/messages/{ref}/reaction", {"emoji": "❤"})
    await shows(house, ref, own_reaction="❤", later=None)
    assert (await house.admin.call("DELETE", f"/messages/{ref}/reaction")).status == 200
    await shows(house, ref, own_reaction="", later=None)
    assert Paper.acts == [("react", "m1", "👍"), ("react", "m1", "❤"), ("react", "m1", "")]
    assert (
        await house.admin.call("PUT", f"/messages/{ref}/reaction", {"emoji": "🦄"})
    ).code == "cannot_react"
    assert (await house.admin.get(f"/conversations/{conversation}"))["row"]["state"] == "open"


async def test_the_network_sets_how_long_words_may_be_changed(house: House) -> None:
    ref = await said(house, await house.hears(), "Старое")
    await aged(house, "UPDATE message SET at = at - :time", 49 * HOUR)
    assert "edit" not in (await item(house, ref))["may"]
    refused = await house.admin.call("PATCH", f"/messages/{ref}", {"text": "Новое"})
    assert (refused.status, refused.code) == (409, "edit_too_late")


async def test_new_words_need_an_open_window_and_taking_back_does_not(house: House) -> None:
    ref = await said(house, await house.hears(), "Вчерашнее")
    await aged(house, "UPDATE address SET last_client_at = last_client_at - :time", 25 * HOUR)
    refused = await house.admin.call("PATCH", f"/messages/{ref}", {"text": "Сегодняшнее"})
    await house.admin.call("DELETE", f"/messages/{ref}")
    await shows(house, ref, deleted=True)
    assert refused.code == "window_closed"
    assert Paper.acts == [("delete", f"out-{ref}")]


async def test_a_manager_changes_their_own_words_only(house: House) -> None:
    conversation = await house.hears()
    ref = await said(house, conversation, "Слова администратора")
    manager = await house.person("manager")
    await house.admin.post(f"/conversations/{conversation}/assignee", {"member_id": manager.id})
    refused = await manager.call("PATCH", f"/messages/{ref}", {"text": "Чужие слова"})
    assert (refused.status, refused.code) == (403, "forbidden")
    assert (await manager.call("DELETE", f"/messages/{ref}")).code == "forbidden"
    assert Paper.acts == []


@pytest.mark.parametrize(
    "span",
    [
        {"start": 0, "length": 99, "style": "bold"},
        {"start": 0, "length": 4, "style": "link", "url": "javascript:alert(1)"},
        {"start": 0, "length": 4, "style": "link"},
    ],
    ids=["outside", "script", "nowhere"],
)
async def test_styles_that_make_no_sense_are_refused(house: House, span: dict[str, Any]) -> None:
    conversation = await house.hears()
    body = {"id": new_id(), "text": "слово", "spans": [span]}
    refused = await house.admin.call("POST", f"/conversations/{conversation}/messages", body)
    assert (refused.status, refused.json["params"]) == (422, {"field": "spans"})


async def test_styles_of_an_answer_reach_the_network_part_by_part(house: House) -> None:
    words = "слово " * 20
    ref = await said(house, await house.hears(), words, spans=[{"start": 90, "length": 20, "style": "bold"}])
    covered = [one.text[span.start : span.start + span.length] for one in Paper.sent for span in one.spans]
    assert len(Paper.sent) == 2
    assert "".join(covered).replace(" ", "") == words[90:110].replace(" ", "")
    assert (await item(house, ref))["spans"] == [{"start": 90, "length": 20, "style": "bold", "url": ""}]


async def test_what_a_client_styled_quoted_and_carried_over_is_shown(house: House) -> None:
    await house.hears(
        "anna", "вот так", id="m2", quote="суббота", spans=[{"start": 0, "length": 3, "style": "bold"}],
        forwards=[{"author": "Пётр", "text": "переслано"}],
    )  # fmt: skip
    found = await item(house, (await house.rows("SELECT id FROM message WHERE external_id = 'm2'"))[0].id)
    assert found["spans"] == [{"start": 0, "length": 3, "style": "bold", "url": ""}]
    assert (found["quote"], found["forwards"]) == (
        "суббота",
        [{"author": "Пётр", "at": 0, "text": "переслано", "within": []}],
    )


async def test_the_client_sees_that_somebody_writes_once_in_a_while(house: House) -> None:
    conversation = await house.hears()
    for _ in range(5):
        assert (await house.admin.call("POST", f"/conversations/{conversation}/typing")).status == 204

    async def shown() -> bool:
        return bool(Paper.acts)

    await until(shown)
    await asyncio.sleep(0.1)
    assert Paper.acts == [("typing", "anna")]


async def test_the_wait_at_a_pressed_button_ends(house: House) -> None:
    await house.hears("anna", "Да", callback="cb-1")

    async def ended() -> bool:
        return ("acknowledge", "cb-1") in Paper.acts

    await until(ended)
    assert Paper.acts == [("acknowledge", "cb-1")]
