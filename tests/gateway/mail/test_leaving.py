"""Each row of the table of outcomes: what surely was not sent is sent again, what may have been is never sent blindly."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest

from channels.base import Capabilities
from channels.email import Email
from tests.gateway.mail.house import MailHouse, letter
from tests.rig.relay import (
    BUSY,
    CUT_BEFORE,
    GREYLISTED,
    LOST_ANSWER,
    NO_SUCH_USER,
    NOT_CONNECTED,
    REFUSED,
    SHUTTING_DOWN,
    Fault,
)


async def write(mail: MailHouse, *to: str, fault: Fault | None = None) -> tuple[str, str]:
    """A letter to these addresses that meets a fault: its conversation and id."""
    if fault is not None:
        mail.host.relay.plan.append(fault)
        if fault.at == "connect":  # the session that the check-up left open would not meet it
            await asyncio.to_thread(mail.host.relay.cut)
    made = await mail.write(*(to or ("anna@client.test",)))
    return made["conversation_id"], made["items"][0]["id"]


async def part(mail: MailHouse, message: str) -> dict[str, object]:
    rows = await mail.house.rows(
        "SELECT state, reason, detail, attempts, not_before - tried_at AS wait FROM outbox WHERE message_id = :id",
        id=message,
    )
    return dict(rows[0]._mapping)


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (NOT_CONNECTED, "smtp_unreachable"),
        (CUT_BEFORE, "smtp_lost"),
        (Fault(at="mail", reply="421 4.7.0 Try again"), "smtp_busy"),
        (GREYLISTED, "greylisted"),
        (BUSY, "smtp_busy"),
        (Fault(at="data", reply="451 4.3.0 Busy"), "smtp_busy"),
    ],
)
async def test_what_surely_was_not_sent_waits_and_then_leaves_once(
    mail: MailHouse, fault: Fault, reason: str
) -> None:
    _, message = await write(mail, fault=fault)
    assert await mail.state(message, "postponed", "sent", "failed", "unknown") == "postponed"
    found = await part(mail, message)
    assert found["reason"] == reason
    await mail.admin.post(f"/messages/{message}/retry")
    await mail.state(message, "sent")
    assert len(mail.posted()) == 1 + (fault is BUSY), "a letter refused after its end was seen, not delivered"
    assert len({str(one["Message-ID"]) for one in mail.posted()}) == 1


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (NO_SUCH_USER, "no_such_user"),
        (REFUSED, "rejected_as_spam"),
        (Fault(reply="552 5.3.4 Too big"), "too_large"),
        (Fault(at="rcpt", reply="552 5.2.2 Mailbox full"), "mailbox_full"),
        (Fault(reply="550 5.6.0 No"), "rejected"),
    ],
)
async def test_what_never_passes_fails_with_the_servers_words(
    mail: MailHouse, fault: Fault, reason: str
) -> None:
    _, message = await write(mail, fault=fault)
    assert await mail.state(message, "failed", "postponed", "sent", "unknown") == "failed"
    found = await part(mail, message)
    assert found["reason"] == reason
    assert fault.reply[4:] in str(found["detail"])


async def test_one_refused_recipient_does_not_stop_the_others(mail_on_both: MailHouse) -> None:
    mail = mail_on_both
    mail.host.relay.refused["gone@client.test"] = "550 5.1.1 No such user"
    ref, message = await write(mail, "good@client.test", "gone@client.test")
    assert await mail.state(message, "sent", "failed", "postponed") == "sent"
    item = await mail.item(ref, message)
    assert {one["address"]: (one["state"], one["reason"]) for one in item["mail"]["reached"]} == {
        "good@client.test": ("sent", ""), "gone@client.test": ("failed", "no_such_user"),
    }  # fmt: skip
    assert mail.host.relay.seen[-1].recipients == ("good@client.test",)


async def test_a_grey_listed_recipient_is_tried_again_alone(mail: MailHouse) -> None:
    mail.host.relay.refused["slow@client.test"] = "451 4.7.1 Greylisted, please try again later"
    ref, message = await write(mail, "good@client.test", "slow@client.test")
    assert await mail.state(message, "postponed", "sent", "failed") == "postponed"
    del mail.host.relay.refused["slow@client.test"]
    await mail.admin.post(f"/messages/{message}/retry")
    await mail.state(message, "sent")
    assert [one.recipients for one in mail.host.relay.seen[-2:]] == [
        ("good@client.test",),
        ("slow@client.test",),
    ]
    assert len({str(one["Message-ID"]) for one in mail.posted()}) == 1
    item = await mail.item(ref, message)
    assert {one["state"] for one in item["mail"]["reached"]} == {"sent"}


async def test_nobody_taken_is_no_success(mail: MailHouse) -> None:
    mail.host.relay.refused |= {"a@client.test": "550 5.1.1 No such user", "b@client.test": "550 5.2.1 Off"}
    _, message = await write(mail, "a@client.test", "b@client.test")
    assert await mail.state(message, "failed", "sent", "postponed") == "failed"


async def test_a_limit_stops_the_account_and_keeps_the_queue(mail: MailHouse) -> None:
    _, message = await write(mail, fault=Fault(at="rcpt", reply="452 4.5.3 Too many messages, limit reached"))
    await mail.state(message, "postponed")
    source = await mail.admin.get(f"/sources/{mail.source_id}")
    assert source["paused_reason"] == "smtp_limit"
    _, later = await write(mail)
    assert await mail.state(later, "held", "queued") in ("held", "queued")


async def test_a_refused_login_keeps_the_letters_and_calls_for_a_person(mail: MailHouse) -> None:
    await mail.admin.patch(f"/sources/{mail.source_id}", {"settings": {"password": "wrong"}})
    _, message = await write(mail)

    async def source() -> str:
        return str((await mail.admin.get(f"/sources/{mail.source_id}"))["state"])

    await mail.until(source, lambda state: state == "broken")
    assert await mail.state(message, "queued", "failed", "unknown") == "queued"


@pytest.mark.parametrize("fault", [LOST_ANSWER, SHUTTING_DOWN, Fault(reply="250 Ok", deliver=True, wait=9)])
async def test_after_the_last_dot_nobody_knows_and_nothing_is_sent_again(
    mail: MailHouse, fault: Fault
) -> None:
    _, message = await write(mail, fault=fault)
    assert await mail.state(message, "unknown", "sent", "failed", "postponed") == "unknown"
    assert len(mail.host.relay.plan) == 0


async def test_an_unknown_outcome_is_looked_up_in_sent(
    mail: MailHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    await mail.admin.patch(f"/sources/{mail.source_id}", {"settings": {"watch_sent": "false"}})
    quick_look(monkeypatch)
    _, message = await write(mail, fault=LOST_ANSWER)
    await mail.state(message, "unknown")
    mail.host.put(mail.address, mail.host.relay.seen[-1].content, into="Sent", flags="S")
    assert await mail.state(message, "sent", seconds=20) == "sent"
    assert len(mail.posted()) == 1


async def test_what_is_not_in_sent_is_left_to_a_person_unless_the_provider_files_all(
    mail: MailHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    quick_look(monkeypatch)
    _, message = await write(mail, fault=SHUTTING_DOWN)
    await mail.state(message, "unknown")

    async def looked() -> int:
        rows = await mail.house.rows("SELECT not_before FROM outbox WHERE message_id = :id", id=message)
        return int(rows[0].not_before)

    await mail.until(looked, lambda at: at == 0, 20)
    assert await mail.state(message, "unknown", "sent") == "unknown"
    assert len(mail.posted()) == 1


def quick_look(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look unknown outcomes up after a second, not after a minute."""
    usual = Email.can

    def can(self: Email) -> Capabilities:
        return replace(usual(self), look_up=1)

    monkeypatch.setattr(Email, "can", can)


async def test_what_may_leave_in_a_day_is_all_that_leaves(mail: MailHouse) -> None:
    await mail.admin.patch(f"/sources/{mail.source_id}", {"settings": {"per_day": "2"}})
    for _ in range(2):
        _, message = await write(mail)
        await mail.state(message, "sent")
    _, third = await write(mail)

    async def reason() -> str:
        return str((await mail.admin.get(f"/sources/{mail.source_id}"))["paused_reason"])

    await mail.until(reason, lambda why: why == "day_limit")
    assert await mail.state(third, "queued", "sent") == "queued"


async def test_our_letter_is_put_into_sent_where_the_provider_does_not(mail: MailHouse) -> None:
    await mail.hears(letter(mail.address))
    _, message = await write(mail)
    await mail.state(message, "sent")
    await mail.until(_sent(mail), lambda found: len(found) >= 1)
    assert f"gw.{message}".encode() in b"".join(mail.host.letters(mail.address, within="Sent"))


def _sent(mail: MailHouse) -> Callable[[], Awaitable[list[bytes]]]:
    async def ask() -> list[bytes]:
        return [one for one in mail.host.letters(mail.address, within="Sent") if b"probe-" not in one]

    return ask


async def test_letters_share_a_session_that_tells_nothing_of_our_machine_and_is_renewed_in_time(
    mail: MailHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    """S3, S7: providers lock who signs in too often, and drop who stays too long."""
    monkeypatch.setattr("channels.email.send.LETTERS_A_SESSION", 3)
    before = len(mail.host.relay.sign_ins)
    for _ in range(5):
        _, message = await write(mail)
        await mail.state(message, "sent")
    assert len(mail.posted()) == 5
    assert len(mail.host.relay.sign_ins) - before == 1, "two behind the letter of the check-up, then three"
    assert {one.helo for one in mail.host.relay.seen[-5:]} == {mail.address.partition("@")[2]}
