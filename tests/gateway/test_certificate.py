"""The certificate says that nothing was lost when nothing was, and says what is wrong when something is."""

from __future__ import annotations

import orjson
import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from sqlalchemy import text

from gateway.certificate import certify, lines
from gateway.ledger import Bookkeeper, next_hour
from gateway.metrics import BALANCED, GAPS
from gateway.sealer import erase
from routing.times import DAY, HOUR
from storage import certificates
from storage.certificates import Certificate
from storage.gaps import Numbered, Numbering, follow
from storage.transaction import Transaction
from tests.gateway.town import IGOR, Town


def proves(made: Certificate) -> None:
    """Raises InvalidSignature unless the signature is of this document, as the API's description says."""
    key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(made.public_key))
    key.verify(bytes.fromhex(made.signature), orjson.dumps(made.document, option=orjson.OPT_SORT_KEYS))


async def execute(town: Town, statement: str) -> None:
    def run(tx: Transaction) -> None:
        tx.connection.execute(text(statement))

    await town.gateway.database.write(run)


async def busy(town: Town) -> None:
    """Something of everything: opened, ignored, set aside, answered."""
    await town.say("messenger1", "Здравствуйте")
    await town.say("messenger1", "Сколько стоит?", IGOR)
    await town.say("messenger1", "", doing="broken")
    await town.opened()
    message = await town.reply("Сто рублей")
    assert await town.state(message, "sent") == "sent"


async def test_it_says_what_came_and_what_became_of_it_and_is_signed(town: Town) -> None:
    await busy(town)
    made = await certify(town.gateway, town.admin)
    assert made.balanced
    (source,) = made.document["sources"]
    account = source["account"]
    assert account["received"] == 3 == account["opened"] + account["ignored"] + account["set_aside"]
    assert (account["accepted"], account["sent"], account["set_aside"]) == (1, 1, 1)
    assert [row["error"] for row in source["set_aside"]["oldest"]] != [""]
    assert made.document["chain"]["envelopes"] == 3
    proves(made)
    assert await town.gateway.database.read(certificates.find, made.id) == made
    said = "\n".join(lines(made))
    assert "NOTHING LOST" in said and "Здравствуйте" not in said
    assert BALANCED._value.get() == 1


async def test_a_changed_document_is_not_what_was_signed(town: Town) -> None:
    made = await certify(town.gateway)
    made.document["gaps"] = 5
    with pytest.raises(InvalidSignature):
        proves(made)


@pytest.mark.parametrize(
    ("statement", "where"),
    [
        ("UPDATE account SET opened = opened + 1 WHERE side = 'opened'", "differences"),
        ("UPDATE envelope SET body = 'x' WHERE id = (SELECT min(id) FROM envelope)", "chain"),
        ("DELETE FROM envelope WHERE id = (SELECT min(id) FROM envelope)", "chain"),
    ],
)
async def test_what_was_lost_or_altered_shows(town: Town, statement: str, where: str) -> None:
    await busy(town)
    assert (await certify(town.gateway)).balanced
    await execute(town, statement)
    made = await certify(town.gateway)
    assert not made.balanced
    assert (
        made.document["sources"][0]["differences"]
        if where == "differences"
        else made.document["chain"]["found"]
    )
    assert "SOMETHING IS WRONG" in "\n".join(lines(made))
    assert BALANCED._value.get() == 0


async def test_numbers_that_the_network_gave_and_never_handed_over_are_missing(town: Town) -> None:
    source_id = town.sources["messenger1"]

    def skip(tx: Transaction) -> None:
        came = [Numbered(source_id, number, number) for number in (11, 12, 15)]
        follow(tx, came, {source_id: Numbering(strict=True)})

    await town.gateway.database.write(skip)
    made = await certify(town.gateway)
    assert not made.balanced
    (span,) = made.document["sources"][0]["gaps"]["spans"]
    assert (span["first"], span["last"], made.document["gaps"]) == (13, 14, 2)
    assert GAPS._value.get() == 2


async def test_lawful_erasure_leaves_it_balanced(town: Town) -> None:
    await busy(town)
    first = await certify(town.gateway)
    ids = [row.id for row in await town.rows("SELECT id FROM envelope WHERE state <> 0")]
    assert await erase(town.gateway, ids[:2], "lawful", town.admin) == 2
    made = await certify(town.gateway)
    assert made.balanced
    assert made.document["chain"]["erased"] == 2
    assert made.since >= first.at  # the night may have made one in between


async def test_a_chain_that_was_cut_shows_by_the_certificate_before(town: Town) -> None:
    await busy(town)
    await certify(town.gateway)
    await execute(town, "DELETE FROM seal")
    made = await certify(town.gateway)
    assert "chain_cut" in {one["kind"] for one in made.document["chain"]["problems"]}


async def test_the_bookkeeper_writes_one_a_night(town: Town) -> None:
    keeper = Bookkeeper(town.gateway)
    for _ in range(3):
        keeper._certify_at = 0
        await keeper._certify()
    assert await town.one("SELECT count(*) FROM certificate") == 1


def test_the_night_begins_at_its_hour() -> None:
    midnight = 20_000 * DAY
    assert next_hour(midnight - 1, 0) == midnight
    assert next_hour(midnight, 0) == midnight + DAY
    assert next_hour(midnight + HOUR, 3) == midnight + 3 * HOUR
    assert next_hour(midnight + 3 * HOUR, 3) == midnight + DAY + 3 * HOUR
