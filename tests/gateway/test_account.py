"""The account balances at every moment, whatever happens: what is kept is what the rows say."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import text

from channels.fakes import Fault
from gateway import replies
from gateway.refusals import Refusal
from gateway.replay import replay_source
from storage.account import Balance, balances
from storage.flush import settle_echo
from storage.outbox import bounced
from storage.transaction import Transaction
from tests.gateway.town import IGOR, MARIA, Town

FAULTS: tuple[Fault, ...] = ("slow_down", "server_error", "reset", "lost_answer", "refused")


async def balance_of(town: Town, place: str) -> Balance:
    found = await town.gateway.database.read_whole(balances)
    return next(one for one in found if one.source_id == town.sources[place])


@contextlib.asynccontextmanager
async def watched(town: Town) -> AsyncIterator[list[int]]:
    """Look again and again whether every account agrees with its rows, until the block ends."""
    looks: list[int] = []

    async def look() -> None:
        while True:
            for one in await town.gateway.database.read_whole(balances):
                assert one.balanced, (one.source_id, one.differences, one.kept)
            looks.append(1)
            await asyncio.sleep(0.002)

    looking = asyncio.create_task(look())
    yield looks
    assert not looking.done(), looking.exception()
    looking.cancel()
    await asyncio.gather(looking, return_exceptions=True)


class Traffic:
    """People and networks doing one thing after another, drawn by lot."""

    def __init__(self, town: Town, seed: int) -> None:
        self.town = town
        self.lot = random.Random(seed)
        self.sent: list[str] = []

    async def step(self) -> None:
        act = self.lot.choice((
            self.say, self.say, self.again, self.broken, self.answer, self.answer, self.faulty, self.undo,
            self.retry, self.settle, self.give_up, self.bounce, self.echo, self.replay,
        ))  # fmt: skip
        with contextlib.suppress(Refusal):
            await act()

    async def say(self) -> None:
        await self.town.say("messenger1", f"слово {self.lot.random()}", self.lot.choice((MARIA, IGOR)))

    async def again(self) -> None:
        await self.town.fakes["messenger1"].again(self.lot.randint(1, 4))

    async def broken(self) -> None:
        await self.town.say("messenger1", "", doing="broken")

    async def answer(self) -> None:
        hold = self.lot.choice((0, 0, None))
        if await self.town.one("SELECT count(*) FROM conversation"):
            self.sent.append(await self.town.reply("ответ " * self.lot.choice((1, 1, 900)), hold_ms=hold))

    async def faulty(self) -> None:
        self.town.fakes["messenger1"].fail(self.lot.choice(FAULTS), after=1)
        await self.answer()

    async def undo(self) -> None:
        await replies.undo(self.town.gateway, self.town.admin, self._one())

    async def retry(self) -> None:
        await replies.retry(self.town.gateway, self.town.admin, self._one())

    async def settle(self) -> None:
        outcome = self.lot.choice(("sent", "again"))
        await replies.resolve(self.town.gateway, self.town.admin, self._one(), outcome)

    async def give_up(self) -> None:
        await replies.cancel(self.town.gateway, self.town.admin, self._one())

    async def bounce(self) -> None:
        await self.town.gateway.database.write(bounced, self._one(), "mailbox_full")

    async def echo(self) -> None:
        """The network shows our own message, perhaps before its call was answered."""
        message_id = self._one()

        def show(tx: Transaction) -> None:
            rows = tx.connection.execute(
                text("SELECT id FROM outbox WHERE message_id = :id"), {"id": message_id}
            )
            for row in rows.all():
                settle_echo(tx, row.id, message_id, f"echo-{row.id}", tx.now)

        await self.town.gateway.database.write(show)

    async def replay(self) -> None:
        await replay_source(self.town.gateway, self.town.sources["messenger1"])

    def _one(self) -> str:
        if not self.sent:
            raise Refusal("not_found", 404)
        return self.lot.choice(self.sent[-6:])


@pytest.mark.parametrize("seed", [1, 2])
async def test_kept_and_counted_agree_at_every_moment_under_random_traffic(town: Town, seed: int) -> None:
    traffic = Traffic(town, seed)
    async with watched(town) as looks:
        for _ in range(60):
            await traffic.step()
        await town.opened()
    kept = (await balance_of(town, "messenger1")).kept
    assert len(looks) > 5
    assert kept["received"] == kept["opened"] + kept["ignored"] + kept["set_aside"] > 0
    assert kept["accepted"] > 0


async def test_a_counter_that_was_lost_and_a_row_that_was_lost_show(town: Town) -> None:
    await town.say("messenger1", "раз")
    await town.say("messenger1", "два")
    await town.opened()

    def lose(tx: Transaction, statement: str) -> None:
        tx.connection.exec_driver_sql(statement)

    await town.gateway.database.write(lose, "UPDATE account SET opened = opened - 1 WHERE side = 'opened'")
    found = await balance_of(town, "messenger1")
    assert found.differences == {"opened": (1, 2), "waiting": (1, 0)}
    await town.gateway.database.write(lose, "UPDATE account SET opened = opened + 1 WHERE side = 'opened'")
    await town.gateway.database.write(lose, "DELETE FROM envelope WHERE id = (SELECT max(id) FROM envelope)")
    found = await balance_of(town, "messenger1")
    assert found.differences["received"] == (2, 1)


async def test_an_answer_that_comes_back_is_undelivered_and_no_longer_sent(town: Town) -> None:
    await town.say("messenger1", "Вы где?")
    await town.opened()
    message = await town.reply("Здесь")
    assert await town.state(message, "sent") == "sent"
    await town.gateway.database.write(bounced, message, "mailbox_full")
    kept = (await balance_of(town, "messenger1")).kept
    assert (kept["accepted"], kept["sent"], kept["undelivered"]) == (1, 0, 1)


async def test_an_unknown_answer_that_the_network_shows_counts_as_sent_once(town: Town) -> None:
    await town.say("messenger1", "Вы где?")
    await town.opened()
    town.fakes["messenger1"].fail("lost_answer")
    message = await town.reply("Здесь")
    assert await town.state(message, "unknown") == "unknown"
    for _ in range(3):
        await town.gateway.database.write(settle_echo, message, message, "77", town.gateway.now())
    found = await balance_of(town, "messenger1")
    assert found.balanced
    assert (found.kept["sent"], found.kept["unknown"]) == (1, 0)
