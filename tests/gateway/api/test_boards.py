"""A board shows what stands where, a card what is next; nobody sees more on it than elsewhere."""

from __future__ import annotations

from routing.times import DAY, HOUR, MINUTE
from tests.gateway.api.house import House
from tests.gateway.api.test_attaching import change, contact_of, undo
from tests.gateway.api.test_deals import move, owned, stages


async def board_of(house: House) -> tuple[str, str]:
    """The pipeline, and its first stage."""
    pipeline = (await house.admin.get("/pipelines"))["items"][0]
    return pipeline["id"], pipeline["stages"][0]["id"]


async def test_a_card_names_its_client_where_they_wait_and_what_is_next(house: House) -> None:
    ref, deal = await owned(house)
    pipeline, first = await board_of(house)
    now = house.gateway.now()
    for title, due in (("later", now + DAY), ("at once", now - HOUR), ("some day", None)):
        await house.admin.post("/tasks", {"title": title, "deal_id": deal, "due_at": due})
    (card,) = (await house.admin.get(f"/pipelines/{pipeline}/cards?stage={first}"))["items"]
    assert (card["deal"]["id"], card["contact"]["id"]) == (deal, await contact_of(house, ref))
    assert (card["talk"]["conversation_id"], card["talk"]["unanswered"]) == (ref, True)
    assert card["talk"]["source"]["channel"] == "paper"
    assert (card["task"]["title"], card["tasks"], card["overdue"], card["asked"]) == ("at once", 3, 1, None)


async def test_cards_come_page_by_page_and_by_name(house: House) -> None:
    made = [(await owned(house, f"client {n}"))[1] for n in range(3)]
    pipeline, first = await board_of(house)
    path = f"/pipelines/{pipeline}/cards?stage={first}&limit=2"
    page = await house.admin.get(path)
    rest = await house.admin.get(f"{path}&cursor={page['next']}")
    assert [one["deal"]["id"] for one in (*page["items"], *rest["items"])] == made[::-1]
    assert rest["next"] is None
    await move(house, made[0], (await stages(house))["other"], comment="x")
    here = await house.admin.get(f"/pipelines/{pipeline}/cards?ids={','.join(made)},nonsense")
    assert {one["deal"]["id"] for one in here["items"]} == set(made[1:]), "who left the board is not there"


async def test_a_board_is_searched_by_client_title_and_number(house: House) -> None:
    await owned(house, "boris")
    ref, deal = await owned(house, "anna")
    await house.admin.patch(f"/contacts/{await contact_of(house, ref)}", {"name": "Мария Иванова"})
    await house.admin.patch(f"/deals/{deal}", {"values": {"title": "Шкаф-купе", "amount": 500}})
    pipeline, first = await board_of(house)
    number = (await house.admin.get(f"/deals/{deal}"))["number"]
    for words in ("Иванова", "иванова", "ШКАФ", "шкаф", str(number), f"№{number}"):
        found = await house.admin.get(f"/pipelines/{pipeline}/cards?stage={first}&words={words}")
        assert [one["deal"]["id"] for one in found["items"]] == [deal], words
        columns = (await house.admin.get(f"/pipelines/{pipeline}/board?words={words}"))["columns"]
        assert [(one["deals"], one["amount"]) for one in columns] == [(1, "5.00")]
    nothing = await house.admin.get(f"/pipelines/{pipeline}/board?words=%25")
    assert nothing["columns"] == [], "a sign of the database's own is a sign like any other"


async def test_everybody_sees_on_the_board_what_they_see_elsewhere(house: House) -> None:
    manager, marketer = await house.person("manager"), await house.person("marketer")
    _, mine = await owned(house, "anna")
    await house.admin.post(f"/deals/{mine}/owner", {"member_id": manager.id})
    _, other = await owned(house, "boris")
    pipeline, first = await board_of(house)
    path = f"/pipelines/{pipeline}/cards?stage={first}"
    assert [one["deal"]["id"] for one in (await manager.get(path))["items"]] == [mine]
    assert (await manager.get(f"{path}&ids={other}&owner={house.admin.id}"))["items"] == []
    blind = (await marketer.get(path))["items"]
    assert {one["deal"]["id"] for one in blind} == {mine, other}
    assert {(one["deal"]["title"], one["contact"], one["phone"], one["talk"]) for one in blind} == {
        ("", None, "", None)
    }
    await house.admin.post("/tasks", {"title": "ring Maria", "deal_id": mine, "due_at": 1})
    (named,) = (await manager.get(path))["items"]
    blind = [one for one in (await marketer.get(path))["items"] if one["deal"]["id"] == mine]
    assert (named["task"]["title"], blind[0]["task"]["title"]) == ("ring Maria", "")
    (todo,) = (await marketer.get(f"/deals/{mine}/tasks"))["items"]
    assert (todo["title"], todo["contact"]) == ("", None)
    page = await marketer.get(f"/deals/{mine}/page")
    assert (page["contact"], page["talks"], page["fields"]) == (None, [], {})
    assert (await manager.call("GET", f"/deals/{other}/page")).status == 404


async def test_a_deals_page_has_its_client_its_fields_and_its_conversations(house: House) -> None:
    ref, deal = await owned(house)
    await house.admin.patch(f"/deals/{deal}", {"values": {"delivery": "самовывоз"}})
    page = await house.admin.get(f"/deals/{deal}/page")
    assert page["contact"]["id"] == await contact_of(house, ref)
    assert page["fields"] == {"delivery": "самовывоз"}
    assert [one["id"] for one in page["talks"]] == [ref]


async def test_who_loses_a_deal_is_told_that_it_is_gone(house: House) -> None:
    ivan = await house.person("manager", name="Ivan")
    _, deal = await owned(house)
    await house.admin.post(f"/deals/{deal}/owner", {"member_id": ivan.id})
    async with ivan.live() as line:
        await house.admin.post(f"/deals/{deal}/owner", {"member_id": house.admin.id})
        assert (await line.next("deal.remove", deal))["patch"] is None
        await house.admin.post(f"/deals/{deal}/owner", {"member_id": ivan.id})
        assert (await line.next("deal.upsert", deal))["patch"]["owner"]["id"] == ivan.id


async def test_who_changed_a_field_before_is_named(house: House) -> None:
    _, deal = await owned(house)
    await house.admin.patch(f"/deals/{deal}", {"values": {"amount": 9_000_000}})
    stale = await house.admin.call(
        "PATCH", f"/deals/{deal}", {"values": {"amount": 8_000_000}, "was": {"amount": None}}
    )
    told = stale.json["params"]
    assert (stale.code, told["by"], told["value"]) == ("changed", "Admin", "9000000")
    assert told["at"] <= house.gateway.now()


async def test_what_lies_on_the_contact_is_asked_for_once(house: House) -> None:
    _, deal = await owned(house)
    at = await stages(house)
    await change(
        house,
        "UPDATE stage SET required = :names WHERE kind IN ('lead', 'open')",
        names='["segment", "phone"]',
    )
    wrong = await house.admin.call(
        "POST", f"/deals/{deal}/stage",
        {"stage_id": at["Обрабатываем запрос"], "values": {"segment": "опт", "phone": "нет"}},
    )  # fmt: skip
    assert (wrong.status, wrong.json["params"]["field"]) == (422, "phone")
    values = {"segment": "опт", "phone": "8 916 000-11-22"}
    assert (await move(house, deal, at["Обрабатываем запрос"], values=values))["moved"] is True
    assert (await move(house, deal, at["Сделали предложение"]))["missing"] == []


async def _asked(house: House) -> tuple[str, str, str]:
    """A deal whose head is asked to give it up: its conversation's chat, the deal, the question."""
    _, deal = await owned(house)
    silent = (await stages(house))["stopped_responding"]
    await change(
        house,
        "INSERT INTO approval (id, deal_id, stage_id, asked_at, asked_by, state) VALUES ('q', :deal, :stage, :at, :by, 'open')",
        deal=deal, stage=silent, at=house.gateway.now(), by=house.admin.id,
    )  # fmt: skip
    return "anna", deal, "q"


async def test_a_yes_closes_the_deal_in_the_same_moment_and_both_are_taken_back_together(
    house: House,
) -> None:
    _, deal, question = await _asked(house)
    pipeline, first = await board_of(house)
    (card,) = (await house.admin.get(f"/pipelines/{pipeline}/cards?stage={first}"))["items"]
    assert card["asked"]["id"] == question
    (listed,) = (await house.admin.get("/approvals"))["items"]
    assert (listed["deal_id"], listed["contact"] is not None) == (deal, True)
    decided = await house.admin.post(f"/approvals/{question}", {"agree": True})
    assert (decided["moved"], decided["deal"]["stage_kind"]) == (True, "lost")
    assert await undo(house, decided) == 200
    assert (await house.admin.get(f"/deals/{deal}"))["stage_kind"] == "lead"


async def test_a_no_tells_who_asked_why_and_leads_to_the_deal(house: House) -> None:
    _, deal, question = await _asked(house)
    await house.admin.post(f"/approvals/{question}", {"agree": False, "comment": "Call once more"})
    card = (await house.admin.get(f"/deals/{deal}/page"))["card"]
    assert (card["asked"], card["refused"]["comment"], card["refused"]["by"]["id"]) == (
        None, "Call once more", house.admin.id,
    )  # fmt: skip
    notices = (await house.admin.get("/notices"))["items"]  # they may be told of a lead nobody took, too
    (notice,) = [one for one in notices if one["code"] == "approval_refused"]
    assert (notice["deal_id"], notice["conversation_id"]) == (deal, None)
    at = await stages(house)
    await change(house, "UPDATE stage SET required = '[]'")
    await move(house, deal, at["Обрабатываем запрос"])
    assert (await house.admin.get(f"/deals/{deal}/page"))["card"]["refused"] is None, (
        "it is another stage now"
    )


async def test_a_yes_that_comes_after_the_client_wrote_closes_nothing(house: House) -> None:
    chat, _, question = await _asked(house)
    await house.hears(chat, "I am here")
    decided = await house.admin.post(f"/approvals/{question}", {"agree": True})
    assert (decided["moved"], decided["deal"]["stage_kind"]) == (False, "lead")
    assert (await house.admin.get("/approvals"))["items"] == []
    again = await house.admin.call("POST", f"/approvals/{question}", {"agree": True})
    assert again.code == "not_now"


async def test_calls_by_ones_own_telephone_are_counted_and_taken_back(house: House) -> None:
    _, deal = await owned(house)
    await change(house, "UPDATE deal SET accepted_at = 1 WHERE id = :id", id=deal)
    waits = (await house.admin.get("/tasks"))["not_contacted"]
    assert [one["deal"]["id"] for one in waits] == [deal]
    path = f"/deals/{deal}/attempts"
    for wrong in ({"result": "later"}, {"result": "reached", "at": 2**50}, {"result": "later", "at": 1}):
        assert (await house.admin.call("POST", path, {"title": "call", **wrong})).status == 422
    silent = (await stages(house))["stopped_responding"]
    await house.admin.post(path, {"result": "not_reached", "title": "Звонок"})
    tried = await move(house, deal, silent)
    assert [one["channel"] for one in tried["attempts"]["counted"]] == ["call"]
    again = house.gateway.now() + 30 * MINUTE
    await house.admin.post(path, {"result": "later", "title": "Перезвонить", "at": again})
    assert [one["due_at"] for one in (await house.admin.get("/tasks"))["today"]] in ([again], [])
    reached = await house.admin.post(path, {"result": "reached", "title": "Звонок"})
    assert (await house.admin.get("/tasks"))["not_contacted"] == []
    assert await undo(house, reached) == 200
    assert len((await house.admin.get("/tasks"))["not_contacted"]) == 1
