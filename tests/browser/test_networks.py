"""Does an operator see who talks in a group, who may be written to, what is private, and where a link leads?"""

from __future__ import annotations

import itertools
import time
from typing import Any

import pytest
from playwright.async_api import Browser, Page, expect

from channels.fakes import Client
from channels.telegram.fake import BOT, SECRET
from channels.telegram.fake_rooms import connection_of, group_message, lent_by, private_message
from channels.telegram.fake_updates import World
from channels.vk.fake_state import VERSION, Community
from tests.browser.house import House, as_person, open_dialog
from tests.rig.browser import DESKTOP, PHONE, Screen, Theme

pytestmark = pytest.mark.browser
SOON = 20_000
LOOKS = [pytest.param(DESKTOP, "light", id="wide"), pytest.param(PHONE, "dark", id="phone")]
WORLD = World(bot=BOT)
NUMBERS = itertools.count(800_000_000, 3)
"""Two of three are left out: the provider numbered them, and they never came."""


async def hand_over(demo: House, update: dict[str, Any], place: str = "messenger1") -> None:
    """The provider calls the hook, proven."""
    source = await demo.ask("GET", f"/sources/{demo.sources[place]}")
    assert demo.keys is not None
    told = await demo.keys.fetch(
        "/hooks/" + str(source["hook_url"]).rpartition("/hooks/")[2], method="POST",
        data=update if place != "messenger1" else {"update_id": next(NUMBERS), **update},
        headers={"X-Telegram-Bot-Api-Secret-Token": SECRET, "Content-Type": "application/json"},
    )  # fmt: skip
    assert told.ok, await told.text()


async def panel(page: Page, screen: Screen) -> None:
    """Open what is beside the dialog, where it has no room of its own."""
    if screen.touch:
        await page.get_by_role("button", name="Ещё действия").last.click()
        await page.get_by_role("menuitem", name="Контакт").click()


@pytest.mark.parametrize(("screen", "theme"), LOOKS)
async def test_a_group_is_one_dialog_with_the_people_in_it_and_forwards_name_their_author(
    demo: House, chromium_browser: Browser, screen: Screen, theme: Theme
) -> None:
    chat = -77_000 - screen.width
    vera, boris = (
        Client(ref=f"vera{chat}", name="Вера Прораб"),
        Client(ref=f"boris{chat}", name="Борис Заказчик"),
    )
    place = f"Стройка {screen.width}"
    said = group_message(WORLD, chat, vera, "@inbox_fake_bot, когда привезёте плитку?")
    said["entities"] = [{"type": "mention", "offset": 0, "length": 15}]
    carried = group_message(WORLD, chat, boris, "Плитка приедет в пятницу") | {
        "forward_origin": {
            "type": "hidden_user",
            "date": int(time.time()) - 86_400,
            "sender_user_name": "Склад Тверь",
        }
    }
    for message in (said, carried):
        message["chat"]["title"] = place
        await hand_over(demo, {"message": message})
    async with as_person(
        chromium_browser, demo, await demo.link_of("Ира"), screen=screen, theme=theme
    ) as ira:
        page = ira.page
        await open_dialog(page, place, "Telegram")
        await expect(page.get_by_text("когда привезёте плитку?")).to_be_visible()
        forward = page.locator("blockquote.forward", has_text="Плитка приедет в пятницу")
        await expect(forward).to_contain_text("Склад Тверь")
        await ira.check(locale="ru")
        await ira.shot(f"group {screen.width}")
        field = page.get_by_label(f"Текст ответа: {place}")
        await field.fill("В пятницу, с 10 до 14")
        await field.press("Control+Enter")
        await expect(page.get_by_role("article").filter(has_text="с 10 до 14")).to_contain_text(
            "отправлено", timeout=SOON
        )
        await panel(page, screen)
        people = page.get_by_role("heading", name="Участники: 2")
        await expect(people).to_be_visible()
        await expect(page.get_by_text("Вера Прораб").last).to_be_visible()
        await expect(page.get_by_text("Борис Заказчик").last).to_be_visible()
        await ira.shot(f"group people {screen.width}")


@pytest.mark.parametrize(("screen", "theme"), LOOKS)
async def test_who_blocked_the_bot_is_known_before_a_word_is_typed_and_other_ways_are_offered(
    demo: House, chromium_browser: Browser, screen: Screen, theme: Theme
) -> None:
    client, name = ("nikita", "Никита Громов") if screen.touch else ("anton", "Антон Белов")
    await demo.play("messenger1", client, text="Подумаю")
    await demo.play("messenger1", client, "block")
    async with as_person(
        chromium_browser, demo, await demo.link_of("Ира"), screen=screen, theme=theme
    ) as ira:
        page = ira.page
        await open_dialog(page, name, "Telegram")
        await expect(page.get_by_text("Клиент запретил сообщения (Telegram).").first).to_be_visible(
            timeout=SOON
        )
        await expect(page.get_by_label("Что можно сделать").first).to_be_visible()
        await expect(page.get_by_text("Ждать клиента").first).to_be_visible()
        await ira.check(locale="ru")
        await ira.shot(f"blocked {screen.width}")
        await demo.play("messenger1", client, "unblock")
        await demo.play("messenger1", client, text="Передумал, напишите мне")
        await expect(page.get_by_label(f"Текст ответа: {name}")).to_be_visible(timeout=SOON)
        await expect(page.get_by_text("Клиент запретил сообщения (Telegram).")).to_have_count(0)


@pytest.mark.full
@pytest.mark.parametrize(("screen", "theme"), LOOKS)
async def test_a_lent_accounts_chat_shows_who_and_when_until_its_owner_says_a_client(
    demo: House, chromium_browser: Browser, screen: Screen, theme: Theme
) -> None:
    owner = Client(ref=f"pavel{screen.width}", name=f"Пётр Власов {screen.width}")
    client = Client(ref=f"guest{screen.width}", name=f"Гостья {screen.width}")
    lent = lent_by(WORLD, owner)
    await hand_over(demo, {"business_connection": connection_of(lent)})
    said = private_message(WORLD, lent.key, client, "Хочу заказать кухню", False)
    await hand_over(demo, {"business_message": said})
    source = demo.sources["messenger1"]
    async with as_person(
        chromium_browser, demo, await demo.link_of("Олег"), screen=screen, theme=theme
    ) as oleg:
        page = oleg.page
        await page.goto(f"/sources/{source}")
        await page.get_by_label(f"Чей это аккаунт: {owner.name}").select_option(label="Пётр Власов")
        await expect(page.get_by_text("Владелец аккаунта сохранён").first).to_be_visible()
        await oleg.check(locale="ru")
        await oleg.shot(f"lent accounts {screen.width}")
    async with as_person(chromium_browser, demo, await demo.link_of("Ира"), screen=screen) as ira:
        await ira.page.goto("/inbox?view=personal")
        await expect(ira.page.get_by_role("option", name=client.name)).to_have_count(0)
    async with as_person(
        chromium_browser, demo, await demo.link_of("Пётр"), screen=screen, theme=theme
    ) as petr:
        page = petr.page
        await page.goto("/inbox?view=personal")
        await page.get_by_role("option", name=client.name).first.click()
        await expect(page.get_by_text("видно, кто и когда писал, но не что")).to_be_visible()
        await expect(page.get_by_text("Хочу заказать кухню")).to_have_count(0)
        await petr.check(locale="ru")
        await petr.shot(f"perhaps private {screen.width}")
        await page.get_by_role("button", name="Это клиент").click()
        await expect(page.get_by_text("Хочу заказать кухню").first).to_be_visible(timeout=SOON)
        await petr.shot(f"a client after all {screen.width}")


@pytest.mark.full
@pytest.mark.parametrize(("screen", "theme"), LOOKS)
async def test_a_label_becomes_a_link_with_its_code_and_gaps_are_listed(
    demo: House, chromium_browser: Browser, screen: Screen, theme: Theme
) -> None:
    for text in ("раз", "два"):
        said = group_message(WORLD, -88_000, Client(ref="gap", name="Гость"), text)
        await hand_over(demo, {"message": said})
    await demo.ask("POST", "/certificates")  # seals, and so counts the numbers
    async with as_person(
        chromium_browser, demo, await demo.link_of("Олег"), screen=screen, theme=theme
    ) as oleg:
        page = oleg.page
        await page.goto(f"/sources/{demo.sources['messenger1']}")
        await expect(page.get_by_role("heading", name="Пропуски")).to_be_visible(timeout=SOON)
        await expect(page.get_by_text("2 события: между").first).to_be_visible()
        await oleg.check(locale="ru")
        label = page.get_by_label("Метка")
        await label.fill("весна")
        await expect(label).to_have_attribute("aria-invalid", "true")
        await label.fill("vesna_2026")
        await expect(page.get_by_role("img", name="QR-код ссылки с меткой vesna_2026")).to_be_visible()
        await expect(page.get_by_text("https://t.me/inbox_fake_bot?start=vesna_2026")).to_be_visible()
        await page.get_by_role("img", name="QR-код ссылки").scroll_into_view_if_needed()
        await oleg.shot(f"link and gaps {screen.width}")


@pytest.mark.full
@pytest.mark.parametrize(("screen", "theme"), LOOKS)
async def test_a_link_to_a_deal_is_made_beside_the_dialog(
    demo: House, chromium_browser: Browser, screen: Screen, theme: Theme
) -> None:
    await demo.play("messenger1", "svetlana", text="Пришлите счёт")
    async with as_person(
        chromium_browser, demo, await demo.link_of("Ира"), screen=screen, theme=theme
    ) as ira:
        page = ira.page
        await open_dialog(page, "Светлана Юрьева", "Telegram")
        await panel(page, screen)
        await page.get_by_role("button", name="Ссылка на сделку").click()
        dialog = page.get_by_role("dialog", name="Ссылка на сделку")
        await expect(dialog.get_by_role("img", name="QR-код ссылки на сделку")).to_be_visible(timeout=SOON)
        await dialog.get_by_role("radio").first.check()
        await ira.check(locale="ru")
        await ira.shot(f"link to a deal {screen.width}")
        await dialog.get_by_role("button", name="Отозвать ссылки").click()
        await expect(page.get_by_text("Ссылки отозваны").first).to_be_visible()


@pytest.mark.full
@pytest.mark.parametrize(("screen", "theme"), LOOKS)
async def test_a_file_that_an_edit_replaced_is_shown_with_the_earlier_wording(
    demo: House, chromium_browser: Browser, screen: Screen, theme: Theme
) -> None:
    client = Client(ref=f"files{screen.width}", name=f"Зоя Сметина {screen.width}")
    number = 900 + screen.width
    earlier, later = (
        {
            "message_id": number, "date": int(time.time()) - 60, "caption": words,
            "from": {"id": number, "is_bot": False, "first_name": client.name},
            "chat": {"id": number, "type": "private", "first_name": client.name},
            "document": {"file_id": name, "file_unique_id": name, "file_name": name, "file_size": 2_048},
        }
        for words, name in (("Смета", "smeta-1.pdf"), ("Смета, исправленная", "smeta-2.pdf"))
    )  # fmt: skip
    await hand_over(demo, {"message": earlier})
    async with as_person(
        chromium_browser, demo, await demo.link_of("Ира"), screen=screen, theme=theme
    ) as ira:
        page = ira.page
        await open_dialog(page, client.name, "Telegram")
        message = page.get_by_role("article").filter(has_text="Смета").last
        await expect(message).to_contain_text("smeta-1.pdf", timeout=SOON)
        await hand_over(demo, {"edited_message": later | {"edit_date": int(time.time())}})
        await expect(message).to_contain_text("smeta-2.pdf", timeout=SOON)
        await expect(message).not_to_contain_text("smeta-1.pdf")
        await message.get_by_role("button", name="изменено").click()
        dialog = page.get_by_role("dialog", name="Прежний текст")
        await expect(dialog).to_contain_text("smeta-1.pdf", timeout=SOON)
        await expect(dialog).to_contain_text("Смета")
        await expect(dialog).not_to_contain_text("smeta-2.pdf")
        await ira.check(locale="ru")
        await ira.shot(f"versions {screen.width}")


@pytest.mark.full
@pytest.mark.parametrize(("screen", "theme"), LOOKS)
async def test_what_a_network_cut_says_so_what_was_typed_there_has_its_author_and_what_we_split_is_one_answer(
    demo: House, chromium_browser: Browser, screen: Screen, theme: Theme
) -> None:
    client, name = ("nikita", "Никита Громов") if screen.touch else ("anton", "Антон Белов")
    community = Community()
    number = community.user(client, name)
    said = {
        "id": number, "date": int(time.time()), "peer_id": number, "from_id": number, "out": 0, "version": 1,
        "conversation_message_id": 90_000, "text": "Список на четырёх листах: шкаф…", "attachments": [], "fwd_messages": [],
        "is_cropped": True, "random_id": 0,
    }  # fmt: skip
    told = {
        "type": "message_new", "group_id": community.group_id, "event_id": f"{number:040x}", "v": VERSION,
        "secret": community.secret, "object": {"client_info": {}, "message": said},
    }  # fmt: skip
    await hand_over(demo, told, "messenger2")
    async with as_person(
        chromium_browser, demo, await demo.link_of("Ира"), screen=screen, theme=theme
    ) as ira:
        page = ira.page
        await open_dialog(page, name, "ВКонтакте")
        message = page.get_by_role("article").filter(has_text="Список на четырёх листах").last
        await expect(message).to_contain_text("Сеть отдала только часть этого сообщения", timeout=SOON)
        await ira.check(locale="ru")
        answer = said | {
            "id": number + 1, "conversation_message_id": 90_001, "from_id": -community.group_id, "out": 1,
            "is_cropped": False, "text": "Сейчас посмотрю сам", "admin_author_id": 800_000_002,
        }  # fmt: skip
        typed = told | {"type": "message_reply", "event_id": f"{number + 1:040x}", "object": answer}
        await hand_over(demo, typed, "messenger2")
        theirs = page.get_by_role("article").filter(has_text="Сейчас посмотрю сам")
        await expect(theirs).to_contain_text("Клиент Тестовый", timeout=SOON)
        await ira.shot(f"cut by the network {screen.width}")
        field = page.get_by_label(f"Текст ответа: {name}")
        words = "\n\n".join(f"{n}. " + "Шкаф, комод и кровать из дуба. " * 12 for n in range(1, 14))
        await field.fill(words)
        await ira.shot(f"long answer typed {screen.width}")
        await field.press("Control+Enter")
        ours = page.get_by_role("article").filter(has_text="1. Шкаф").last
        await expect(ours).to_contain_text("отправлено", timeout=SOON)
        await ira.check(locale="ru")
        await ira.shot(f"split by us {screen.width}")
