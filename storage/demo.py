"""What belongs to the demonstration? Rows flagged so, and nothing else, go when it is taken away."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, bindparam, text

from routing.schedule import Schedule
from storage import deals, leads
from storage.company import change_company
from storage.errors import Conflict
from storage.offers import take
from storage.seal import Sign, lock_chain, name_group, sealed_up_to
from storage.team import add_member
from storage.transaction import Transaction


def first_queue(connection: Connection) -> str | None:
    """The oldest queue."""
    found: str | None = connection.execute(
        text("SELECT id FROM queue ORDER BY created_at, id LIMIT 1")
    ).scalar()
    return found


def played(connection: Connection) -> bool:
    """Whether the story is in the database already."""
    return connection.execute(text("SELECT 1 FROM conversation WHERE demo = 1 LIMIT 1")).first() is not None


def unrouted(connection: Connection) -> bool:
    """Is there a lead that nobody has decided about yet?"""
    found = connection.execute(
        text(
            "SELECT 1 FROM deal d WHERE d.demo = 1 AND d.waiting <> '' AND NOT EXISTS"
            " (SELECT 1 FROM decision k WHERE k.deal_id = d.id AND k.kind = 'route') LIMIT 1"
        )
    )
    return found.first() is not None


def waiting(connection: Connection) -> int:
    """Envelopes that are not opened yet."""
    found: int = connection.execute(text("SELECT count(*) FROM envelope WHERE state = 0")).scalar_one()
    return found


def received(connection: Connection, source_id: str) -> int:
    """How many envelopes of a source came, repeats too."""
    found: int | None = connection.execute(
        text("SELECT sum(received + repeated) FROM account WHERE source_id = :id"), {"id": source_id}
    ).scalar()
    return found or 0


def add_people(tx: Transaction, people: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """The colleagues of the story, off shift while it is played; managers join the first queue."""
    queue_id = first_queue(tx.connection)
    made: dict[str, str] = {}
    for place, one in enumerate(people):
        known = tx.connection.execute(
            text("SELECT id FROM member WHERE email = :mail"), {"mail": one["email"]}
        ).scalar()
        made[one["ref"]] = known or add_member(tx, one["name"], one["email"], one["roles"], demo=1)
        tx.connection.execute(
            text("UPDATE member SET presence = 'off', extension = :ext WHERE id = :id"),
            {"id": made[one["ref"]], "ext": str(101 + place)},
        )
        if "manager" in one["roles"]:
            tx.connection.execute(
                text("INSERT INTO queue_member (queue_id, member_id, position, weight) VALUES (:queue, :member, :place, 1)"
                     " ON CONFLICT DO NOTHING"),
                {"queue": queue_id, "member": made[one["ref"]], "place": place + 1},
            )  # fmt: skip
    tx.connection.execute(text("UPDATE member SET presence = 'off' WHERE demo = 0"))
    return made


def take_leads(tx: Transaction, names: Sequence[str], member_id: str, company: Schedule) -> None:
    """Give a client's unowned leads to a colleague."""
    rows = tx.connection.execute(
        text(
            "SELECT d.id FROM deal d JOIN contact c ON c.id = d.contact_id"
            " WHERE c.name IN :names AND d.owner_id IS NULL ORDER BY d.id"
        ).bindparams(bindparam("names", expanding=True)),
        {"names": list(names)},
    ).all()
    for row in rows:
        leads.settle_offers(tx, row.id, "taken")
        take(tx, row.id, member_id, company)


def put_on_stage(
    tx: Transaction,
    contact_name: str,
    member_id: str,
    stage: str,
    given: Mapping[str, Any],
    company: Schedule,
) -> None:
    """Move a client's newest open deal as its owner would. Raises Conflict when there is none, or it may not go."""
    row = tx.connection.execute(
        text(
            "SELECT d.id, s.id AS stage_id FROM deal d JOIN contact c ON c.id = d.contact_id"
            " JOIN stage s ON s.pipeline_id = d.pipeline_id AND s.name = :stage"
            " WHERE c.name = :name AND d.open = 1 ORDER BY d.created_at DESC LIMIT 1"
        ),
        {"name": contact_name, "stage": stage},
    ).first()
    if row is None or not deals.move(tx, row.id, member_id, row.stage_id, given, "", company).move.allowed:
        raise Conflict("not_now")


def conversation_of(connection: Connection, contact_name: str, source_id: str) -> str | None:
    """A client's newest conversation on a source."""
    found: str | None = connection.execute(
        text(
            "SELECT k.id FROM conversation k JOIN contact c ON c.id = k.contact_id"
            " WHERE c.name = :name AND k.source_id = :source ORDER BY k.last_at DESC LIMIT 1"
        ),
        {"name": contact_name, "source": source_id},
    ).scalar()
    return found


def ready(tx: Transaction, people: Sequence[str]) -> None:
    """The story is told: the signed-in administrator is at work."""
    tx.connection.execute(text("UPDATE member SET presence = 'on_shift' WHERE demo = 0"))
    tx.connection.execute(text("UPDATE source SET verified_at = :now WHERE demo = 1"), {"now": tx.now})
    tx.ring("router", "sources")
    for ref in people:
        tx.changed("member", ref)


BY_SOURCE = (
    "envelope",
    "envelope_key",
    "account",
    "test_session",
    "address",
    "touch",
    "call_fact",
    "phone_call",
    "call_command",
    "message_alias",
    "numbering",
    "gap",
    "early",
)
BY_MESSAGE = ("letter", "message_version", "reaction", "attachment", "outbox")
BY_DEAL = ("deal_party", "stage_history", "offer", "task", "decision")
BY_CONVERSATION = ("participant", "draft", "read_marker", "claim", "scheduled")


def wipe(tx: Transaction, keep: str, sign: Sign) -> None:
    """Take everything flagged as demonstration away; one member stays and chooses name and password anew.

    A link of the chain, signed by `sign`, says which envelopes went.
    """
    sources = "(SELECT id FROM source WHERE demo = 1)"
    lock_chain(tx)
    sealed = tx.connection.execute(
        text(f"SELECT id FROM envelope WHERE source_id IN {sources} AND id <= :top"),
        {"top": sealed_up_to(tx.connection)},
    )
    if numbers := [row.id for row in sealed]:
        name_group(tx, "removed", numbers, "demonstration", keep, sign)
    messages = f"(SELECT id FROM message WHERE source_id IN {sources})"
    conversations = f"(SELECT id FROM conversation WHERE source_id IN {sources})"
    deals = f"(SELECT id FROM deal WHERE source_id IN {sources} OR contact_id IN (SELECT id FROM contact WHERE demo = 1))"
    contacts = "(SELECT id FROM contact WHERE demo = 1)"
    run = tx.connection.exec_driver_sql
    run(f"DELETE FROM decision WHERE message_id IN {messages} OR contact_id IN {contacts}")
    run(f"DELETE FROM consent WHERE contact_id IN {contacts}")
    for table in BY_MESSAGE:
        run(f"DELETE FROM {table} WHERE message_id IN {messages}")
    for table in BY_DEAL:
        run(f"DELETE FROM {table} WHERE deal_id IN {deals}")
    run(f"DELETE FROM task WHERE contact_id IN {contacts}")
    for table in BY_CONVERSATION:
        run(f"DELETE FROM {table} WHERE conversation_id IN {conversations}")
    run(f"DELETE FROM deal WHERE id IN {deals}")
    run(f"DELETE FROM message WHERE source_id IN {sources}")
    run(f"DELETE FROM conversation WHERE source_id IN {sources}")
    for table in BY_SOURCE:
        run(f"DELETE FROM {table} WHERE source_id IN {sources}")
    run(f"DELETE FROM identity WHERE id IN (SELECT identity_id FROM contact_identity WHERE contact_id IN {contacts})"
        f" AND id NOT IN (SELECT identity_id FROM contact_identity WHERE contact_id NOT IN {contacts})")  # fmt: skip
    run(f"DELETE FROM contact_identity WHERE contact_id IN {contacts}")
    run(f"DELETE FROM doubt WHERE contact_id IN {contacts}")
    run(f"DELETE FROM likeness WHERE a_id IN {contacts} OR b_id IN {contacts}")
    run("DELETE FROM contact WHERE demo = 1")
    run("DELETE FROM source WHERE demo = 1")
    people = "(SELECT id FROM member WHERE demo = 1)"
    for table in ("queue_member", "member_role", "session", "api_token"):
        run(f"DELETE FROM {table} WHERE member_id IN {people}")
    run("DELETE FROM member WHERE demo = 1")
    tx.connection.execute(
        text("UPDATE member SET needs_setup = 1, name = 'Администратор' WHERE id = :id"), {"id": keep}
    )
    change_company(tx, name="", demo=False)
    tx.ring("sources", "live")
