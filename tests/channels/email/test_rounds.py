"""What a server does not tell, does not give or says beside its answers loses no letter."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from channels.base import Account
from channels.email import Email
from channels.email.cursor import MOST_TRIES
from channels.email.fake_imap import Imap, Kept
from channels.email.imap import folder_of
from channels.errors import TryLater
from tests.channels.email.conftest import QUICK, begun, letter, reading

ADDRESS = "shop@firma.test"
BUSY = "NO [UNAVAILABLE] the store does not answer"
AT = 1_789_988_700_000_000


@pytest.fixture
async def imap() -> AsyncIterator[Imap]:
    server = Imap(ADDRESS, "secret")
    yield server
    await server.stop()


async def _channel(imap: Imap) -> Email:
    settings = {
        "preset": "own", "address": ADDRESS, "password": "secret", "imap_host": "127.0.0.1",
        "imap_port": str(await imap.start()), "imap_security": "plain", "watch_sent": "no",
        "smtp_host": "127.0.0.1", "smtp_port": "1", "smtp_security": "plain",
    }  # fmt: skip
    channel = Email(Account(source_id="s1", settings=settings))
    channel.patience = replace(QUICK, idle=0.05)
    return channel


async def _came(imap: Imap, subject: str, *, withheld: int = 0) -> Kept:
    kept = await imap.put("INBOX", letter(subject), AT)
    kept.withheld = [BUSY] * withheld
    return kept


async def test_a_letter_that_cannot_be_given_now_is_asked_for_again_and_holds_up_nobody(imap: Imap) -> None:
    channel = await _channel(imap)
    cursor = await begun(channel)
    await _came(imap, "трудное", withheld=4)
    await _came(imap, "лёгкое")
    async with reading(channel, cursor) as read:
        (first,) = await read.letters(1)
        assert first.subject == "лёгкое"
        said = await read.letters(2)
    assert {one.subject for one in said} == {"трудное", "лёгкое"}
    assert {one.unsupported for one in said} == {""}


async def test_a_letter_that_is_never_given_is_shown_as_such_in_the_end(imap: Imap) -> None:
    channel = await _channel(imap)
    cursor = await begun(channel)
    kept = await _came(imap, "вовсе нет", withheld=9 * MOST_TRIES)
    async with reading(channel, cursor) as read:
        (said,) = await read.letters(1)
    assert said.unsupported == "letter_not_given"
    assert len(kept.withheld) <= 8 * MOST_TRIES + 1, "not before so many tries"
    (file,) = said.attachments
    assert file.size == len(kept.raw), "as large as the server says, not as what it gave"
    with pytest.raises(TryLater) as caught:
        _ = [piece async for piece in channel.download(file.ref)]
    assert caught.value.code == "letter_not_given", "it is there: nobody may call it gone"
    kept.withheld.clear()
    assert b"".join([piece async for piece in channel.download(file.ref)]) == kept.raw


async def test_a_letter_that_breaks_off_while_it_is_got_is_no_whole_one(imap: Imap) -> None:
    channel = await _channel(imap)
    await begun(channel)
    kept = await imap.put("INBOX", letter("длинное", "y" * 3_000_000), AT)
    pieces = channel.download(f"whole:1:{kept.uid}:INBOX")
    await anext(pieces)
    kept.withheld = [BUSY]
    with pytest.raises(TryLater) as caught:
        _ = [piece async for piece in pieces]
    assert caught.value.code == "letter_not_given"


async def test_what_can_be_had_of_a_letter_that_is_not_given_is_shown(imap: Imap) -> None:
    channel = await _channel(imap)
    cursor = await begun(channel)
    kept = await _came(imap, "по частям")
    kept.withheld = ["NO this one never", "NO nor its beginning"]
    async with reading(channel, cursor) as read:
        (said,) = await read.letters(1)
    assert (said.subject, said.text, said.unsupported) == ("по частям", "", "letter_not_given"), (
        "its header was given"
    )


async def test_a_letter_of_which_the_server_tells_nothing_is_taken_all_the_same(imap: Imap) -> None:
    channel = await _channel(imap)
    cursor = await begun(channel)
    kept = await _came(imap, "молчание")
    kept.untold = True
    await _came(imap, "обычное")
    async with reading(channel, cursor) as read:
        said = await read.letters(2)
    assert {one.unsupported for one in said} == {"", "letter_not_given"}
    (file,) = next(one.attachments for one in said if one.unsupported)
    assert file.size == 0, "nobody knows"
    assert len({one.external_id for one in said}) == 2


async def test_what_was_deleted_between_two_questions_is_settled(imap: Imap) -> None:
    channel = await _channel(imap)
    cursor = await begun(channel)
    kept = await _came(imap, "удалят")
    kept.untold = True
    await _came(imap, "останется")
    imap.boxes["INBOX"].letters.remove(kept)
    async with reading(channel, cursor) as read:
        assert [one.subject for one in await read.letters(1)] == ["останется"]


async def test_where_the_server_cannot_tell_of_letters_it_is_asked(imap: Imap) -> None:
    """E6: no IDLE."""
    imap.capabilities = "IMAP4rev1"
    channel = await _channel(imap)
    lines = await channel.check()
    assert "no_idle" in [line.code for line in lines]
    async with reading(channel, await begun(channel)) as read:
        for number in range(2):
            await _came(imap, f"письмо {number}")
            await read.letters(number + 1)


async def test_a_server_that_promises_to_tell_and_never_does_is_asked_all_the_same(imap: Imap) -> None:
    """E6: IDLE is only a speed-up."""
    imap.mute = True
    channel = await _channel(imap)
    async with reading(channel, await begun(channel)) as read:
        for number in range(2):
            await _came(imap, f"письмо {number}")
            await read.letters(number + 1)


async def test_what_the_server_wants_people_to_read_is_shown_as_it_is(imap: Imap) -> None:
    """E7."""
    imap.greeting, imap.signed_in = "[ALERT] Завтра работы", "[ALERT] Ящик заполнен на 99 %"
    channel = await _channel(imap)
    shown = [
        line.detail.partition(" OK ")[2] for line in await channel.check() if line.code == "server_alert"
    ]
    assert shown == ["[ALERT] Завтра работы", "[ALERT] Ящик заполнен на 99 %"]


@pytest.mark.parametrize(
    ("used", "said"),
    [
        (899, None),
        (900, ("mailbox_filling", True, "90%")),
        (979, ("mailbox_filling", True, "98%")),
        (980, ("mailbox_full", False, "98%")),
        (1_200, ("mailbox_full", False, "100%")),
    ],
)
async def test_a_mailbox_that_fills_up_is_told_before_letters_go_back(
    imap: Imap, used: int, said: tuple[str, bool, str] | None
) -> None:
    """E7: a full one takes no letter, and nobody would know. Answers as Dovecot 2.3 gives them."""
    imap.capabilities += " QUOTA"
    imap.quota = (used, 1_000)
    channel = await _channel(imap)
    told = [(line.code, line.ok, line.detail) for line in await channel.check()]
    assert [line for line in told if line[0].startswith("mailbox")] == ([said] if said else [])
    assert ("idle", True, "") in told, "the rest is looked at as ever"


async def test_a_server_that_tells_no_quota_is_no_trouble(imap: Imap) -> None:
    imap.capabilities += " QUOTA"
    told = {line.code: line.ok for line in await (await _channel(imap)).check()}
    assert told["imap_login"]
    assert told["idle"]


@pytest.mark.parametrize(
    ("known", "sent", "junk"),
    [
        ([("INBOX", ()), ("Sent", ()), ("Мои копии", ("\\sent",)), ("Ненужное", ("\\junk",))], "Мои копии", "Ненужное"),
        ([("INBOX", ()), ("INBOX.Отправленные", ()), ("INBOX/Спам", ())], "INBOX.Отправленные", "INBOX/Спам"),
        ([("[Gmail]/Sent Mail", ()), ("Junk E-mail", ())], "[Gmail]/Sent Mail", "Junk E-mail"),
        ([("INBOX", ()), ("Presents", ())], "", ""),
    ],
)  # fmt: skip
def test_a_folder_is_known_by_its_use_and_else_by_its_name(
    known: list[tuple[str, tuple[str, ...]]], sent: str, junk: str
) -> None:
    """E11."""
    folders = [(name, frozenset(flags)) for name, flags in known]
    assert (folder_of("sent", folders), folder_of("junk", folders)) == (sent, junk)
