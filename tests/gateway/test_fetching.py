"""A network that gives no files is asked less often, and the others' files do not wait for it."""

from __future__ import annotations

from gateway.media import LONGEST_REST, Fetcher
from routing.times import SECOND
from storage import media
from storage.media import Missed, Wanted
from storage.tables import attachment, message
from storage.transaction import Transaction
from tests.gateway.town import Town


def _file(name: str, source_id: str) -> Wanted:
    return Wanted(name, "m", "c", source_id, name, name, "", "file", None, 1)


def _later(one: Wanted) -> Missed:
    return Missed(one, "timeout", again_at=1)


async def test_a_network_that_gives_nothing_rests_longer_each_time_until_it_gives_something(
    town: Town,
) -> None:
    fetcher = Fetcher(town.gateway)
    one, two = _file("a", "deaf"), _file("b", "deaf")
    rests = []
    for _ in range(8):
        fetcher.listen([one, two], [_later(one), _later(two)])
        rests.append(fetcher.silent["deaf"][1])
    assert rests[:3] == [SECOND, 2 * SECOND, 4 * SECOND]
    assert rests[-1] == LONGEST_REST
    fetcher.listen([one, two], [_later(one), None])
    assert fetcher.silent == {}


async def test_what_is_wrong_with_one_file_is_no_silence_of_its_network(town: Town) -> None:
    fetcher = Fetcher(town.gateway)
    gone, other = _file("a", "s"), _file("b", "other")
    fetcher.listen([gone, other], [Missed(gone, "gone"), _later(other)])
    assert fetcher.silent.keys() == {"other"}


async def test_files_of_other_networks_do_not_wait_for_one_that_rests(town: Town) -> None:
    def keep(tx: Transaction) -> None:
        tx.connection.execute(
            message.insert().values(
                id="m", conversation_id="k", contact_id="c", source_id="s", kind="text", direction="in",
                author_kind="client", at=1, received_at=1,
            )
        )  # fmt: skip
        for source_id in ("deaf", "well"):
            row = {
                "id": source_id,
                "message_id": "m",
                "source_id": source_id,
                "state": "fetch",
                "next_at": 2**52,
            }
            tx.connection.execute(attachment.insert().values(**row))

    await town.gateway.database.write(keep)
    town.gateway.database.clock = lambda: 2**52
    found = await town.gateway.database.write(media.to_fetch, 8, SECOND, {"deaf"})
    assert [one.source_id for one in found] == ["well"]
