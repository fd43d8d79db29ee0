"""Out of hours a letter is answered by a machine: rarely, never to a machine, and never at people's expense (E23)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from email.message import EmailMessage

from routing.times import SECOND
from tests.gateway.api.test_timers import nine_to_five, turn
from tests.gateway.mail.house import MailHouse, letter


async def closed(mail: MailHouse) -> None:
    """It is six in the evening, and whoever writes is told so."""
    await nine_to_five(mail.house, 18)
    words = {"answering": {"closed_reply": "Ответим {opening}"}}
    await mail.admin.patch(f"/sources/{mail.source_id}", words)


def told(mail: MailHouse) -> list[EmailMessage]:
    return [one for one in mail.posted() if one["Auto-Submitted"]]


async def test_out_of_hours_each_person_is_told_once_whatever_they_write_and_no_machine_is(
    mail_on_both: MailHouse,
) -> None:
    mail = mail_on_both
    await closed(mail)
    await mail.hears(letter(mail.address, "Выписка", sender="noreply@bank.test"))
    auto = letter(
        mail.address, "Я в отпуске", sender="away@client.test", more="Auto-Submitted: auto-replied\r\n"
    )
    await mail.hears(auto)
    await mail.hears(
        letter(mail.address, "Рассылка", sender="news@shop.test", more="List-Id: <news.shop.test>\r\n")
    )
    await mail.hears(letter(mail.address, "Дверь", id="door@client.test"))
    await mail.hears(letter(mail.address, "Окно"))
    await turn(mail.house, 4 * SECOND)
    await mail.until(_left(mail), lambda found: len(found) == 1)
    await mail.hears(letter(mail.address, "Замок", sender="oleg@client.test"))
    await turn(mail.house, 4 * SECOND)
    await mail.until(_left(mail), lambda found: len(found) == 2)
    first, second = told(mail)
    assert [str(one["To"]).rpartition("<")[2].strip(">") for one in (first, second)] == [
        "anna@client.test",
        "oleg@client.test",
    ]
    assert await mail.count("message WHERE direction = 'in'") == 6, "all are shown"
    assert await mail.count("deal") == 3, "the bank, Anna and Oleg; no lead of the machine and the newsletter"
    assert first["Auto-Submitted"] == "auto-replied" and first["X-Auto-Response-Suppress"] == "All"
    assert (first["Precedence"], first["X-Loop"]) == ("auto_reply", mail.address)


async def test_whoever_makes_up_writers_by_night_leaves_two_thirds_of_the_day_to_people(
    mail: MailHouse,
) -> None:
    await mail.admin.patch(f"/sources/{mail.source_id}", {"settings": {"per_day": "6"}})
    await closed(mail)
    for number in range(4):
        await mail.hears(letter(mail.address, f"Вопрос {number}", sender=f"n{number}@made-up.test"))
    await turn(mail.house, 4 * SECOND)
    await mail.until(_left(mail), lambda found: len(found) == 2)
    mail.house.gateway.bells.ring(["timers"])
    ref = await mail.hears(letter(mail.address, "Дверь"))
    await mail.state(await mail.reply(ref), "sent")
    assert len(told(mail)) == 2


def _left(mail: MailHouse) -> Callable[[], Awaitable[list[EmailMessage]]]:
    async def ask() -> list[EmailMessage]:
        return told(mail)

    return ask
