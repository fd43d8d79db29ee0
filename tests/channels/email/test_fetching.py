"""Every letter comes out of a mailbox once, whatever happens between."""

from __future__ import annotations

import asyncio
import imaplib
import time

import pytest

from channels.email.cursor import Cursor
from channels.email.grammar import to_utf7
from channels.email.imap import session
from channels.email.mailbox import Patience
from channels.errors import Disconnected, TryLater
from channels.events import InboundMessage, OutgoingSeen
from tests.channels.email.conftest import QUICK, Box, begun, letter, reading
from tests.rig.mail import PASSWORD, mail_host
from tests.rig.wire import wire


async def test_letters_from_before_the_connection_are_left_alone(box: Box) -> None:
    box.deliver(letter("старое"))
    channel = box.channel()
    async with reading(channel, await begun(channel)) as read:
        box.deliver(letter("новое"))
        (said,) = await read.letters(1)
    assert said.subject == "новое"


async def test_a_letter_comes_as_soon_as_the_server_has_it(box: Box) -> None:
    channel = box.channel()
    async with reading(channel, await begun(channel)) as read:
        await asyncio.sleep(0.2)  # now it waits in IDLE, for a minute
        began = time.monotonic()
        box.deliver(letter())
        await read.letters(1)
    assert time.monotonic() - began < 3


async def test_an_outage_of_any_length_loses_nothing_and_doubles_nothing(box: Box) -> None:
    channel = box.channel()
    cursor = await begun(channel)
    for number in range(130):
        box.host.put(box.address, letter(f"письмо {number}"))
    async with reading(channel, cursor) as read:
        said = await read.letters(130)
    assert {one.subject for one in said} == {f"письмо {number}" for number in range(130)}
    async with reading(channel, read.cursor) as again:
        box.deliver(letter("последнее"))
        assert [one.subject for one in await again.letters(1)] == ["последнее"]


async def test_what_was_handed_over_but_not_kept_comes_again_under_the_same_key(box: Box) -> None:
    channel = box.channel()
    cursor = await begun(channel)
    box.deliver(letter("раз"))
    async with reading(channel, cursor) as lost:
        await lost.letters(1)
    async with reading(channel, cursor) as read:
        await read.letters(1)
    assert [one.key for one in read.envelopes] == [one.key for one in lost.envelopes]
    assert read.envelopes[0].key
    assert read.envelopes[0].lane == "anna@client.test"


async def test_a_folder_that_was_renumbered_brings_known_letters_under_their_old_names(box: Box) -> None:
    channel = box.channel()
    box.deliver(letter("до нас"))
    cursor = await begun(channel)
    await asyncio.sleep(1.1)  # the mailbox tells times in seconds
    box.deliver(letter("при нас"))
    async with reading(channel, cursor) as before:
        (known,) = await before.letters(1)
    box.host.forget_numbers(box.address)
    box.deliver(letter("после"))
    async with reading(channel, before.cursor) as read:
        said = await read.letters(2)
    assert {one.subject for one in said} == {"при нас", "после"}, "what was there before us stays out"
    assert known.external_id in {one.external_id for one in said}
    assert read.envelopes[0].key != before.envelopes[0].key


@pytest.mark.dovecot
async def test_a_letter_over_the_limit_is_shown_in_part_and_can_still_be_fetched_whole(box: Box) -> None:
    channel = box.channel(largest_mb="1")
    cursor = await begun(channel)
    large = letter("чертёж", "Высылаю чертёж.\r\n" + "x" * 70 + ("\r\n" + "y" * 76) * 20_000)
    box.deliver(large)
    async with reading(channel, cursor) as read:
        (said,) = await read.letters(1)
    assert said.unsupported == "letter_too_large"
    assert said.text.startswith("Высылаю чертёж.")
    assert len(read.envelopes[0].envelope.body) <= 256 * 1024
    (file,) = said.attachments
    whole = b"".join([piece async for piece in channel.download(file.ref)])
    assert whole.endswith(large[-1000:])
    assert len(whole) == file.size


async def test_a_letter_that_is_gone_cannot_be_fetched(box: Box) -> None:
    channel = box.channel()
    await begun(channel)
    for ref in ("whole:1:999:INBOX", "whole:999999:1:INBOX"):
        with pytest.raises(TryLater) as caught:
            _ = [piece async for piece in channel.download(ref)]
        assert caught.value.code == "letter_gone"


@pytest.mark.dovecot
async def test_folders_of_any_name_are_read(box: Box) -> None:
    names = ["Заявки с сайта", "R&D", 'В "кавычках"']
    with imaplib.IMAP4("127.0.0.1", box.host.ports.imap, timeout=5) as imap:
        imap.login(box.address, PASSWORD)
        for name in names:
            quoted = to_utf7(name).replace('"', '\\"')
            assert imap.create(f'"{quoted}"')[0] == "OK"
    channel = box.channel(folders="INBOX\n" + "\n".join(names))
    cursor = await begun(channel)
    for name in names:
        box.host.put(box.address, letter(f"в {name}"), into=to_utf7(name))
    async with reading(channel, cursor) as read:
        said = await read.letters(3)
    assert {one.subject for one in said} == {f"в {name}" for name in names}
    assert {one.envelope.headers["folder"] for one in read.envelopes} == set(names)


async def test_an_answer_written_in_another_program_is_seen(box: Box) -> None:
    channel = box.channel()
    cursor = await begun(channel)
    sent = letter(
        "Re: Вопрос", "Дверь стоит 14 500.", sender=box.address, more="In-Reply-To: <q1@client.test>\r\n"
    )
    box.host.put(
        box.address, sent.replace(b"To: shop@firma.test", b"To: anna@client.test"), into="Sent", flags="S"
    )
    async with reading(channel, cursor) as read:
        await read.letters(1)
    (seen,) = read.events()
    assert isinstance(seen, OutgoingSeen)
    assert seen.to.identity.value == "anna@client.test"
    assert seen.reply_to == "q1@client.test"


async def test_sent_and_spam_are_looked_into_only_when_wished(box: Box) -> None:
    quiet = box.channel(watch_sent="false")
    curious = box.channel(watch_sent="false", watch_junk="true")
    cursors = await begun(quiet), await begun(curious)
    box.host.put(box.address, letter("из спама"), into="Junk")
    box.host.put(box.address, letter("ушло", sender=box.address), into="Sent")
    box.deliver(letter("из входящих"))
    async with reading(quiet, cursors[0]) as read:
        assert [one.subject for one in await read.letters(1)] == ["из входящих"]
    async with reading(curious, cursors[1]) as read:
        said = {one.subject: one.nature for one in await read.letters(2)}
    assert said == {"из входящих": None, "из спама": "spam"}


async def test_older_letters_are_taken_when_asked_for_and_called_imported(box: Box) -> None:
    for number in range(3):
        box.deliver(letter(f"старое {number}"))
    channel = box.channel(since="2020-01-01")
    async with reading(channel) as read:
        assert {one.nature for one in await read.letters(3)} == {"imported"}
        box.deliver(letter("новое"))
        said = await read.letters(4)
    assert said[-1].nature is None


@pytest.mark.parametrize("wished", [False, True])
async def test_marks_are_left_as_they_are_unless_wished(box: Box, wished: bool) -> None:
    channel = box.channel(mark_seen="true" if wished else "false")
    cursor = await begun(channel)
    box.deliver(letter())
    async with reading(channel, cursor) as read:
        await read.letters(1)
        async with session(channel.mailbox, QUICK) as mail:
            await mail.open("INBOX")
            async with asyncio.timeout(5):
                while wished and not await mail.search("SEEN"):
                    await mail.noop()
            assert len(await mail.search("SEEN")) == wished


async def test_letters_of_another_folder_do_not_wait_for_a_push_of_the_first(box: Box) -> None:
    patient = Patience(connect=3, answer=2, body=10, idle=0.3, poll=0.1, send=3)
    channel = box.channel(patient)
    cursor = await begun(channel)
    async with reading(channel, cursor) as read:
        box.host.put(box.address, letter("из спама"), into="Junk")
        box.host.put(
            box.address,
            letter(sender=box.address).replace(b"To: shop@", b"To: anna@"),
            into="Sent",
            flags="S",
        )
        await read.letters(1)
    assert isinstance(read.events()[0], OutgoingSeen)


@pytest.mark.dovecot
async def test_a_mailbox_of_five_thousand_letters_is_taken_in_whole(box: Box) -> None:
    """Answers of more than 970 lines kill the library as it comes."""
    channel = box.channel()
    cursor = await begun(channel)
    for number in range(5000):
        box.host.put(box.address, letter(f"н{number}", "х"))
    async with reading(channel, cursor) as read:
        said = await read.letters(5000, 60)
    assert len({one.subject for one in said}) == 5000
    async with session(channel.mailbox, QUICK) as mail:
        await mail.open("INBOX")
        assert len(await mail.search("ALL")) == 5000
        lines = await mail._fetch(["1:5000"], "(FLAGS)")  # type: ignore[list-item]
        assert len(lines) > 5000


async def test_a_damaged_cursor_is_not_guessed(box: Box) -> None:
    for stored in (b"", b"{}", b'{"folders": 3}', b"\xff", b'{"folders": {"INBOX": {"x": 1}}}'):
        async with reading(box.channel(), stored) as read:
            error = await read.failure()
        assert isinstance(error, Disconnected)
        assert error.code == "bad_cursor"


def test_a_cursor_is_the_same_after_storing() -> None:
    stored = b'{"folders": {"INBOX": {"validity": 1, "last": 7, "floor": 3, "recent": [5, 7], "imported_to": 2,' \
        b' "again_to": 0, "after": 5, "newest": 9}}}'  # fmt: skip
    assert Cursor.load(Cursor.load(stored).dump()).dump() == Cursor.load(stored).dump()


@pytest.mark.dovecot
async def test_a_letter_that_appears_below_the_last_number_is_still_taken(box: Box) -> None:
    """Some servers let a lower UID appear a moment after a higher one."""
    channel = box.channel()
    cursor = Cursor.load(await begun(channel))
    box.deliver(letter("раз"))
    box.deliver(letter("два"))
    async with reading(channel, cursor.dump()) as read:
        await read.letters(2)
    assert read.cursor is not None
    seen = Cursor.load(read.cursor)
    late = seen.places["INBOX"].recent.pop(0)
    async with reading(channel, seen.dump()) as again:
        (said,) = await again.letters(1)
    assert said.subject == "раз"
    assert again.envelopes[0].envelope.headers["uid"] == str(late)


async def test_a_letter_that_appears_far_below_the_last_number_is_found_by_its_day(box: Box) -> None:
    """E5: what no number tells (a move on a careless server, a race) the last two days tell."""
    channel = box.channel()
    cursor = Cursor.load(await begun(channel))
    for number in range(150):
        box.host.put(box.address, letter(f"письмо {number}"))
    async with reading(channel, cursor.dump()) as read:
        await read.letters(150)
    assert read.cursor is not None
    seen = Cursor.load(read.cursor)
    late = seen.places["INBOX"].recent.pop(0)
    assert late < seen.places["INBOX"].start, "no round would ask for it"
    async with reading(channel, seen.dump()) as again:
        await again.letters(1)
        assert again.envelopes[0].envelope.headers["uid"] == str(late)
    async with reading(channel, again.cursor) as after:
        await asyncio.sleep(0.3)
        assert not after.envelopes


def test_a_cursor_stays_short_and_never_calls_forgotten_letters_missed() -> None:
    place = Cursor.load(
        b'{"folders": {"INBOX": {"validity": 1, "last": 500, "floor": 3, "recent": [499, 500]}}}'
    ).places["INBOX"]
    assert place.missed(range(1, 501)) == [*range(401, 499)], "an older cursor knew its window only"
    for start in range(501, 9501, 25):
        place.keep(range(start, start + 25), 0)
    assert place.missed(range(1, 9501)) == []
    assert len(Cursor({"INBOX": place}).dump()) < 300


async def test_one_connection_reads_and_the_others_are_short(box: Box) -> None:
    """E8: providers allow ten or fifteen at once, and other programs read the mailbox too."""
    with wire(box.host.ports.imap) as cable:
        channel = box.channel(imap_port=str(cable.port))
        async with reading(channel, await begun(channel)) as read:
            for number in range(3):
                box.deliver(letter())
                await read.letters(number + 1)
                assert await channel.look_up(f"never-{number}") is None
            async with asyncio.timeout(5):
                while cable.open > 1:
                    await asyncio.sleep(0.02)
            assert cable.open == 1, "the one that reads"
            assert cable.opened == 5, "the beginning, the reading, and three looks"


class TestFaults:
    """Every guard around the library, against a real server."""

    async def test_a_peer_that_died_in_idle_is_noticed(self, box: Box) -> None:
        with wire(box.host.ports.imap) as cable:
            patience = Patience(connect=2, answer=0.5, body=2, idle=0.5, poll=0.2, send=2)
            channel = box.channel(patience, imap_port=str(cable.port))
            async with reading(channel, await begun(channel)) as read:
                await asyncio.sleep(0.2)
                cable.stall()
                error = await read.failure(3)
            assert isinstance(error, TryLater)
            assert error.code == "imap_timeout"

    def test_by_default_a_dead_peer_is_noticed_within_ninety_seconds(self) -> None:
        usual = Patience()
        assert usual.idle + usual.answer <= 90

    async def test_a_connection_that_is_cut_in_idle_is_noticed_at_once(self, box: Box) -> None:
        with wire(box.host.ports.imap) as cable:
            channel = box.channel(imap_port=str(cable.port))
            async with reading(channel, await begun(channel)) as read:
                await asyncio.sleep(0.2)
                began = time.monotonic()
                cable.cut()
                error = await read.failure(3)
            assert time.monotonic() - began < 1
            assert isinstance(error, TryLater)
            assert error.code == "imap_lost"

    async def test_a_server_that_takes_connections_and_says_nothing_is_given_up(self, box: Box) -> None:
        with wire(box.host.ports.imap) as cable:
            cable.stall()
            patience = Patience(connect=0.3, answer=0.3, body=1, idle=1, poll=1, send=1)
            async with reading(box.channel(patience, imap_port=str(cable.port))) as read:
                error = await read.failure(3)
        assert isinstance(error, TryLater)
        assert error.code == "imap_timeout"

    async def test_a_server_that_was_killed_and_came_back_loses_nothing(self) -> None:
        with mail_host() as host:
            box = Box(host, host.welcome("shop@firma.test"))
            channel = box.channel()
            cursor = await begun(channel)
            async with reading(channel, cursor) as read:
                await asyncio.sleep(0.1)
                host.child.kill()
                assert isinstance(await read.failure(5), TryLater)
                host.put(box.address, letter("пока лежал"))
                async with reading(channel, cursor) as refused:
                    assert isinstance(await refused.failure(5), TryLater)
            host.child.start()
            async with reading(channel, cursor) as read:
                assert [one.subject for one in await read.letters(1)] == ["пока лежал"]
            await channel.close()

    async def test_a_refused_password_is_tried_three_times_and_then_told(self, box: Box) -> None:
        channel = box.channel(password="wrong")
        errors = []
        for _ in range(4):
            async with reading(channel) as read:
                errors.append(await read.failure())
        assert [type(error) for error in errors] == [TryLater, TryLater, Disconnected, Disconnected]
        assert {error.code for error in errors if isinstance(error, TryLater | Disconnected)} == {
            "login_refused"
        }
        assert all("wrong" not in str(error) for error in errors)

    @pytest.mark.parametrize("password", ['с "кавычками"', "back\\slash", "с пробелом и я"])
    async def test_a_password_of_any_letters_is_one_argument(self, box: Box, password: str) -> None:
        async with reading(box.channel(password=password)) as read:
            error = await read.failure()
        assert isinstance(error, TryLater)
        assert error.code == "login_refused", "refused, not misunderstood"

    async def test_tls_is_checked(self, box: Box) -> None:
        secure = {"imap_port": str(box.host.ports.imaps), "imap_security": "tls", "imap_host": "localhost"}
        async with reading(box.channel(**secure)) as read:
            await read.until(lambda: read.looks > 0)
            assert read.failed is None
        async with reading(box.channel(**secure, certificate="")) as read:
            error = await read.failure()
        assert isinstance(error, TryLater)
        assert error.code == "bad_certificate"

    @pytest.mark.dovecot
    async def test_starttls_encrypts_before_the_password_and_checks_the_certificate(self, box: Box) -> None:
        secure = {"imap_security": "starttls", "imap_host": "localhost"}
        async with reading(channel := box.channel(**secure), await begun(box.channel(**secure))) as read:
            box.deliver(letter("за STARTTLS"))
            assert [one.subject for one in await read.letters(1)] == ["за STARTTLS"]
        assert channel.mailbox.imap.security == "starttls"
        async with reading(box.channel(**secure, certificate="")) as read:
            error = await read.failure()
        assert isinstance(error, TryLater)
        assert error.code == "bad_certificate"

    @pytest.mark.parametrize(
        ("answers", "code"),
        [
            (b"%b BAD unknown command\r\n", "imap_no_tls"),
            (b"%b OK begin\r\n* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\n", "imap_lost"),
        ],
    )
    async def test_what_refuses_starttls_or_speaks_before_it_learns_no_password(
        self, box: Box, answers: bytes, code: str
    ) -> None:
        """Words behind the consent would be believed as if they had come encrypted (response injection)."""
        heard: list[bytes] = []

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(b"* OK ready\r\n")
            while line := await reader.readline():
                heard.append(line)
                known = b"* CAPABILITY IMAP4rev1 STARTTLS\r\n%b OK done\r\n"
                writer.write((known if b"CAPABILITY" in line else answers) % line.split()[0])
            writer.close()

        server = await asyncio.start_server(serve, "127.0.0.1")
        port = str(server.sockets[0].getsockname()[1])
        async with server, reading(box.channel(imap_security="starttls", imap_port=port)) as read:
            error = await read.failure()
        assert isinstance(error, Disconnected | TryLater)
        assert error.code == code
        assert [line.split()[1] for line in heard] == [b"CAPABILITY", b"STARTTLS"]

    async def test_a_password_never_travels_unprotected_to_another_machine(self, box: Box) -> None:
        async with reading(box.channel(imap_host="mail.firma.test")) as read:
            error = await read.failure()
        assert isinstance(error, Disconnected)
        assert error.code == "unprotected"

    @pytest.mark.parametrize(
        "certificate", ["не сертификат", "-----BEGIN CERTIFICATE-----MIIB-----END CERTIFICATE-----"]
    )
    async def test_a_certificate_that_cannot_be_read_is_told(self, box: Box, certificate: str) -> None:
        lines = await box.channel(certificate=certificate).check()
        assert [line.code for line in lines if not line.ok] == ["certificate_unreadable"] * 2

    async def test_a_folder_that_is_not_there_is_told(self, box: Box) -> None:
        async with reading(box.channel(folders="INBOX, Нет такой")) as read:
            error = await read.failure()
        assert isinstance(error, Disconnected)
        assert error.code == "no_such_folder"

    async def test_a_folder_that_went_away_is_told_and_keeps_no_letter_of_the_others_back(
        self, box: Box
    ) -> None:
        cursor = await begun(box.channel())
        box.deliver(letter("в ящик"))
        async with reading(box.channel(folders="INBOX\nУдалена"), cursor) as read:
            assert [one.subject for one in await read.letters(1)] == ["в ящик"]
            failed = await read.failure()
        assert isinstance(failed, Disconnected) and failed.code == "no_such_folder"

    @pytest.mark.parametrize(
        "named", ["nobody.invalid", "", "imap..firma.test", f"{'a' * 70}.test", "не имя"]
    )
    async def test_a_host_that_is_not_there_is_told(self, box: Box, named: str) -> None:
        channel = box.channel(imap_host=named, imap_security="tls", smtp_host=named, smtp_security="tls")
        async with reading(channel) as read:
            error = await read.failure()
        assert isinstance(error, TryLater)
        assert error.code == "host_not_found"
        assert [line.code for line in await channel.check()] == ["host_not_found"] * 2


async def test_the_text_of_a_fetched_letter_is_what_was_delivered(box: Box) -> None:
    channel = box.channel()
    cursor = await begun(channel)
    tricky = 'строка с {12}\r\n)\r\n* 5 EXISTS\r\nA1 OK done\r\n"кавычки" и \\ черта'
    box.deliver(letter("скобки", tricky))
    async with reading(channel, cursor) as read:
        (said,) = await read.letters(1)
    assert isinstance(said, InboundMessage)
    assert said.text == tricky.replace("\r\n", "\n")
