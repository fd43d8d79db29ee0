"""A missing, altered or inserted envelope shows; what was lawfully erased does not, and its words are gone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest
from cryptography.fernet import Fernet
from pydantic import SecretStr
from sqlalchemy import text

from gateway import ledger, sealer
from gateway.app import make_gateway
from gateway.config import Config
from gateway.context import Gateway
from gateway.permissions import PRESETS
from gateway.retention import retain
from gateway.sealer import erase, seal_up, signer_of
from gateway.verifying import Verification, verify
from routing.times import DAY
from storage import demo, seal, waiting
from storage.journal import Entry, append
from storage.team import first_start
from storage.transaction import Transaction
from storage.waiting import IGNORED, OPENED, SET_ASIDE, Settled
from tests.gateway.town import open_town, until

SECRET = "Паспорт 4509 123456"


@pytest.fixture
async def gateway(database_url: str, tmp_path: Path) -> AsyncIterator[Gateway]:
    """A gateway at rest, with an empty journal."""
    made = make_gateway(Config(database_url=database_url, data_dir=tmp_path))
    yield made
    await made.database.close()


def entry(
    number: int, *, at: int = 1_790_000_000_000_000, body: bytes = b"", file: str | None = None
) -> Entry:
    return Entry(
        source_id="s", lane="", key=f"k{number}", received_at=at + number, method="POST", path="", query={"a": "б"},
        headers={"x": SECRET}, body=None if file else body or f"{SECRET} {number}".encode(), body_file=file, size=10,
        number=number,
    )  # fmt: skip


async def keep(gateway: Gateway, *entries: Entry, state: int = OPENED) -> list[int]:
    """Journal them and settle them so."""
    ids = [number or 0 for number in await gateway.database.write(append, entries)]
    if state:
        settled = [Settled(number, "s", state) for number in ids]
        await gateway.database.write(waiting.settle, settled)
    return ids


async def tamper(gateway: Gateway, statement: str) -> None:
    def run(tx: Transaction) -> None:
        tx.connection.execute(text(statement))

    await gateway.database.write(run)


def kinds(found: Verification) -> set[str]:
    return {problem.kind for problem in found.problems}


async def test_every_envelope_is_sealed_once_and_the_chain_holds(gateway: Gateway) -> None:
    await keep(gateway, *map(entry, range(2500)))
    assert await seal_up(gateway) == 2500
    assert await seal_up(gateway) == 0
    await keep(gateway, entry(9000))
    assert await seal_up(gateway) == 1
    found = await verify(gateway)
    assert (found.problems, found.links, found.envelopes) == ([], 4, 2501)


async def test_two_sealers_at_once_seal_each_envelope_once(gateway: Gateway) -> None:
    await keep(gateway, *map(entry, range(1500)))
    counts = await asyncio.gather(*(seal_up(gateway) for _ in range(4)))
    found = await verify(gateway)
    assert sum(counts) == found.envelopes == 1500
    assert found.problems == []


@pytest.mark.parametrize(
    ("statement", "kind"),
    [
        ("UPDATE envelope SET body = NULL WHERE id = 3", "body_missing"),
        ("UPDATE envelope SET query = '{}' WHERE id = 3", "envelope_altered"),
        ('UPDATE envelope SET headers = \'{"x":"y"}\' WHERE id = 3', "envelope_altered"),
        ("UPDATE envelope SET received_at = 5 WHERE id = 3", "envelope_altered"),
        ("UPDATE envelope SET source_id = 't' WHERE id = 3", "envelope_altered"),
        ("UPDATE envelope SET number = 5 WHERE id = 3", "envelope_altered"),
        ("DELETE FROM envelope WHERE id = 3", "envelope_missing"),
        ("UPDATE envelope SET body = NULL, salt = '', erased_by = 1 WHERE id = 3", "erasure_unproven"),
        ("UPDATE seal SET last = 4 WHERE id = 1", "link_altered"),
        ("UPDATE seal SET leaves = (SELECT leaves FROM seal WHERE id = 2) WHERE id = 1", "link_altered"),
        ("UPDATE seal SET signature = digest WHERE id = 1", "signature"),
        ("DELETE FROM seal WHERE id = 1", "link_missing"),
        ("DELETE FROM setting WHERE name = 'signing'", "signature"),
    ],
)
async def test_what_was_done_to_the_journal_shows(gateway: Gateway, statement: str, kind: str) -> None:
    for start in (0, 10):
        await keep(gateway, *map(entry, range(start, start + 5)))
        await seal_up(gateway)
    assert (await verify(gateway)).problems == []
    await tamper(gateway, statement)
    assert kind in kinds(await verify(gateway))


async def test_a_body_changed_by_one_bit_shows_with_its_number(gateway: Gateway) -> None:
    ids = await keep(gateway, *map(entry, range(5)))
    await seal_up(gateway)

    def change(tx: Transaction) -> None:
        tx.connection.execute(
            text("UPDATE envelope SET body = :body WHERE id = :id"), {"body": b"\x00", "id": ids[2]}
        )

    await gateway.database.write(change)
    found = await verify(gateway)
    assert [(one.kind, one.envelope) for one in found.problems] == [("envelope_altered", ids[2])]


async def test_an_envelope_slipped_in_below_the_seal_shows(gateway: Gateway) -> None:
    ids = await keep(gateway, *map(entry, range(5)))
    await tamper(gateway, f"DELETE FROM envelope WHERE id = {ids[1]}")  # as a number that was never committed
    await seal_up(gateway)
    assert (await verify(gateway)).problems == []
    columns = "id, source_id, lane, shard, received_at, size, salt"
    await tamper(gateway, f"INSERT INTO envelope ({columns}) VALUES ({ids[1]}, 's', '', 0, 1, 1, '')")
    found = await verify(gateway)
    assert [(one.kind, one.envelope) for one in found.problems] == [("envelope_inserted", ids[1])]


async def test_a_chain_that_was_cut_at_its_end_shows_against_an_earlier_certificate(gateway: Gateway) -> None:
    for start in (0, 10):
        await keep(gateway, *map(entry, range(start, start + 5)))
        await seal_up(gateway)
    told = await verify(gateway)
    await tamper(gateway, "DELETE FROM seal WHERE id = 2")
    await tamper(gateway, "DELETE FROM envelope WHERE id > 5")
    assert (await verify(gateway)).problems == []
    assert kinds(await verify(gateway, anchors=[(told.head, told.digest)])) == {"chain_cut"}


async def test_a_number_committed_late_is_waited_for_and_no_false_alarm(
    postgres_url: str, tmp_path: Path
) -> None:
    gateway = make_gateway(Config(database_url=postgres_url, data_dir=tmp_path))
    slow = await asyncpg.connect(postgres_url.replace("+asyncpg", ""))
    try:
        await keep(gateway, entry(1))
        late = slow.transaction()
        await late.start()
        columns = "source_id, lane, shard, received_at, size, salt, body"
        await slow.execute(f"INSERT INTO envelope ({columns}) VALUES ('s', '', 0, 1, 1, 'salt', 'late')")
        await keep(gateway, entry(3))
        seen = await gateway.database.read(seal.horizon)
        assert seen.top == 3
        assert not await gateway.database.read(seal.final, seen)
        sealing = asyncio.create_task(seal_up(gateway))
        await asyncio.sleep(0.15)
        assert not sealing.done()
        await late.commit()
        assert await sealing == 3
        assert (await verify(gateway)).problems == []
    finally:
        await slow.close()
        await gateway.database.close()


async def test_erasing_takes_the_words_and_leaves_a_signed_word_of_it(gateway: Gateway) -> None:
    ids = await keep(gateway, *map(entry, range(5)))
    await seal_up(gateway)
    assert await erase(gateway, ids[1:3], "lawful", "anna") == 2
    assert await erase(gateway, ids[1:3], "lawful", "anna") == 0
    rows = await gateway.database.read(seal.between, 0, 99)
    assert [(row.body is None, row.salt == b"", row.headers == {}) for row in rows[:3]] == [
        (False, False, False), (True, True, True), (True, True, True),
    ]  # fmt: skip
    found = await verify(gateway)
    assert (found.problems, found.erased) == ([], 2)
    link = await gateway.database.read(seal.head)
    assert link is not None
    assert (link.kind, link.reason, link.member_id, link.named()) == ("erased", "lawful", "anna", ids[1:3])


async def test_an_erased_word_is_nowhere_in_the_embedded_database(sqlite_url: str, tmp_path: Path) -> None:
    gateway = make_gateway(Config(database_url=sqlite_url, data_dir=tmp_path))
    place = Path(sqlite_url.removeprefix("sqlite:///"))
    ids = await keep(gateway, *map(entry, range(5)))
    await seal_up(gateway)
    assert await erase(gateway, ids, "lawful") == 5
    await gateway.database.close()  # the write-ahead log is merged
    assert SECRET.encode() not in await asyncio.to_thread(place.read_bytes)


async def test_what_still_waits_is_not_erased_and_what_came_just_now_is_sealed_first(
    gateway: Gateway,
) -> None:
    waits = await keep(gateway, entry(1), state=0)
    fresh = await keep(gateway, entry(2))
    assert await erase(gateway, waits + fresh, "personal") == 1
    assert (await verify(gateway)).problems == []


async def test_words_put_back_after_an_erasure_show(gateway: Gateway) -> None:
    ids = await keep(gateway, *map(entry, range(3)))
    await erase(gateway, ids, "lawful")
    await tamper(gateway, f"UPDATE envelope SET body = 'x' WHERE id = {ids[0]}")
    assert kinds(await verify(gateway)) == {"body_back"}


async def test_a_large_body_is_sealed_and_erased_with_its_file_unless_others_need_it(
    gateway: Gateway,
) -> None:
    own = await gateway.files.put_bytes(b"own" * 200_000)
    shared = await gateway.files.put_bytes(b"shared" * 100_000)
    ids = await keep(
        gateway, entry(1, file=own.digest), entry(2, file=shared.digest), entry(3, file=shared.digest)
    )
    await seal_up(gateway)
    assert (await verify(gateway)).problems == []
    await erase(gateway, ids[:2], "retention")
    assert not gateway.files.path(own.digest).exists()
    assert gateway.files.path(shared.digest).exists()
    assert (await verify(gateway)).problems == []
    gateway.files.path(shared.digest).write_bytes(b"other")
    assert kinds(await verify(gateway)) == {"envelope_altered"}
    gateway.files.path(shared.digest).unlink()
    assert kinds(await verify(gateway)) == {"body_missing"}


async def test_bodies_go_after_their_days_and_set_aside_ones_stay(gateway: Gateway) -> None:
    old = gateway.now() - 100 * DAY
    opened = await keep(gateway, entry(1, at=old), entry(2, at=old))
    ignored = await keep(gateway, entry(3, at=old), state=IGNORED)
    aside = await keep(gateway, entry(4, at=old), state=SET_ASIDE)
    young = await keep(gateway, entry(5, at=gateway.now() - DAY))
    assert await retain(gateway) == 3
    rows = {row.id: row for row in await gateway.database.read(seal.between, 0, 99)}
    assert all(rows[number].body is None for number in opened + ignored)
    assert all(rows[number].body is not None for number in aside + young)
    assert await retain(gateway) == 0
    assert (await verify(gateway)).problems == []


async def test_a_set_aside_one_that_was_opened_after_all_loses_its_body_too(gateway: Gateway) -> None:
    old = gateway.now() - 100 * DAY
    aside = await keep(gateway, entry(1, at=old), entry(2, at=old), state=SET_ASIDE)
    assert await retain(gateway) == 0
    await gateway.database.write(waiting.back_to_waiting, aside[:1])
    await gateway.database.write(waiting.settle, [Settled(aside[0], "s", OPENED)])
    assert await retain(gateway) == 1
    rows = await gateway.database.read(seal.between, 0, 99)
    assert [row.body is None for row in rows] == [True, False]


async def test_set_aside_ones_go_too_where_that_is_set(database_url: str, tmp_path: Path) -> None:
    gateway = make_gateway(Config(database_url=database_url, data_dir=tmp_path, keep_aside_days=30))
    await keep(gateway, entry(1, at=gateway.now() - 40 * DAY), state=SET_ASIDE)
    assert await retain(gateway) == 1
    await gateway.database.close()


async def test_with_lost_secret_keys_a_new_key_signs_and_the_old_links_still_prove(
    database_url: str, tmp_path: Path
) -> None:
    for folder in ("one", "two"):
        config = Config(database_url=database_url, data_dir=tmp_path / folder)
        gateway = make_gateway(config.model_copy(update={"secret_keys": _secret()}))
        await keep(gateway, entry(len(folder) + ord(folder[0])))
        await seal_up(gateway)
        found = await verify(gateway)
        assert found.problems == []
        assert found.links == (1 if folder == "one" else 2)
        await gateway.database.close()


def _secret() -> SecretStr:
    return SecretStr(Fernet.generate_key().decode())


async def test_a_demonstration_that_ended_leaves_no_hole(gateway: Gateway) -> None:
    await keep(gateway, *map(entry, range(5)))
    await seal_up(gateway)
    await tamper(
        gateway,
        "INSERT INTO source (id, channel, hook_key, slug, demo, created_at, updated_at) VALUES ('s', 'x', 'h', 'l', 1, 1, 1)",
    )
    admin = await gateway.database.write(first_start, PRESETS, "Анна")
    await gateway.database.write(demo.wipe, admin, await signer_of(gateway))
    found = await verify(gateway)
    assert (found.problems, found.removed) == ([], 5)


async def test_a_running_gateway_seals_by_itself(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ledger, "TICK", 0.02)
    monkeypatch.setattr(sealer, "AGE", 0)
    async with open_town(database_url, tmp_path) as town:
        await town.connect("messenger1")
        await town.say("messenger1", "Здравствуйте")

        async def sealed() -> bool:
            return await town.gateway.database.read(seal.sealed_up_to) == 1

        await until(sealed)
        assert (await verify(town.gateway)).problems == []
