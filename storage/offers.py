"""What happens when somebody answers an offer, in one transaction?"""

from __future__ import annotations

from typing import Any

import orjson
from sqlalchemy import Row, text

from routing import ladder as ladders
from routing.ladder import Ladder
from routing.schedule import Schedule, add_working
from routing.times import MINUTE
from storage import audit, leads
from storage.errors import Conflict
from storage.ids import new_id
from storage.responsible import working
from storage.transaction import Transaction

EXTENSION = MINUTE


def accept_offer(tx: Transaction, member_id: str, offer_id: str, company: Schedule) -> bool:
    """Give the deal to the member, with its conversation and first task; False when it was theirs already.

    Raises Conflict taken, expired, withdrawn; not_found for an offer to somebody else.
    """
    offer = _locked(tx, member_id, offer_id)
    if offer.state == "accepted":
        return False
    _must_be_open(tx, offer)
    if member_id not in working(tx, [member_id]):
        raise Conflict("withdrawn")
    tx.connection.execute(
        text("UPDATE offer SET state = 'accepted', settled_at = :now WHERE id = :id"),
        {"now": tx.now, "id": offer_id},
    )
    leads.settle_offers(tx, offer.deal_id, "taken")
    take(tx, offer.deal_id, member_id, company)
    tx.changed("offer", offer_id, audience=f"member:{member_id}")
    audit.note(tx, member_id, "offer.accept", "deal", offer.deal_id, {"offer": offer_id})
    return True


def take(tx: Transaction, deal_id: str, member_id: str, company: Schedule) -> None:
    """Make the member the owner: of the deal, of its conversation, and of the contact if nobody is responsible."""
    deal = tx.connection.execute(
        text(
            "UPDATE deal SET owner_id = :member, waiting = '', next_at = NULL, accepted_at = :now, ladder = '{}'"
            " WHERE id = :id RETURNING contact_id, conversation_id, title, stage_id, quiet"
        ),
        {"member": member_id, "now": tx.now, "id": deal_id},
    ).one()
    tx.connection.execute(
        text("UPDATE contact SET responsible_id = :member WHERE id = :id AND responsible_id IS NULL"),
        {"member": member_id, "id": deal.contact_id},
    )
    tx.connection.execute(text("UPDATE member SET expired_in_row = 0 WHERE id = :id"), {"id": member_id})
    if deal.conversation_id:
        tx.connection.execute(
            text("UPDATE conversation SET assignee_id = :member WHERE id = :id"),
            {"member": member_id, "id": deal.conversation_id},
        )
        tx.changed("conversation", deal.conversation_id, deal.contact_id)
    first_task(tx, deal_id, deal, member_id, company)
    tx.changed("deal", deal_id, deal.contact_id)
    tx.changed("contact", deal.contact_id, deal.contact_id)
    tx.ring("router")


def first_task(tx: Transaction, deal_id: str, deal: Row[Any], member_id: str, company: Schedule) -> str:
    """The stage's task (take it and decide); its id, "" where the stage has none."""
    stage = tx.connection.execute(
        text("SELECT task FROM stage WHERE id = :id"), {"id": deal.stage_id}
    ).scalar()
    wanted = orjson.loads(stage or "{}")
    if not wanted or deal.quiet:
        return ""
    task_id = new_id(tx.now)
    tx.connection.execute(
        text(
            "INSERT INTO task (id, deal_id, contact_id, conversation_id, owner_id, kind, title, due_at, created_at)"
            " VALUES (:id, :deal, :contact, :conversation, :owner, 'stage', :title, :due, :now)"
        ),
        {
            "id": task_id, "deal": deal_id, "contact": deal.contact_id, "conversation": deal.conversation_id,
            "owner": member_id, "title": wanted["title"], "now": tx.now,
            "due": add_working(company, tx.now, int(wanted["minutes"]) * MINUTE),
        },
    )  # fmt: skip
    tx.changed("task", task_id, deal.contact_id)
    return task_id


def decline_offer(tx: Transaction, member_id: str, offer_id: str, reason: str, comment: str) -> None:
    """The offer ends; when nobody else has one, the router goes on at once."""
    offer = _locked(tx, member_id, offer_id)
    if offer.state == "declined":
        return
    _must_be_open(tx, offer)
    tx.connection.execute(
        text(
            "UPDATE offer SET state = 'declined', reason = :reason, comment = :comment, settled_at = :now WHERE id = :id"
        ),
        {"reason": reason, "comment": comment[:500], "now": tx.now, "id": offer_id},
    )
    tx.connection.execute(text("UPDATE member SET expired_in_row = 0 WHERE id = :id"), {"id": member_id})
    ladder = ladders.declined(_ladder(offer), member_id)
    still = bool(ladder.open)
    leads.set_waiting(
        tx, offer.deal_id, "offered" if still else "new", ladder, ladder.expires_at if still else tx.now
    )
    tx.changed("offer", offer_id, audience=f"member:{member_id}")
    audit.note(tx, member_id, "offer.decline", "deal", offer.deal_id, {"offer": offer_id, "reason": reason})
    tx.ring("router")


def extend_offer(tx: Transaction, member_id: str, offer_id: str) -> None:
    """Everybody who has this lead open keeps it a minute longer."""
    offer = _locked(tx, member_id, offer_id)
    _must_be_open(tx, offer)
    if offer.extended:
        raise Conflict("not_now")
    until = offer.expires_at + EXTENSION
    tx.connection.execute(
        text("UPDATE offer SET extended = 1, expires_at = :until WHERE id = :id"),
        {"until": until, "id": offer_id},
    )
    ladder = _ladder(offer)
    longest = max(until, ladder.expires_at or 0)
    ladder = ladders.offered(ladders.withdrawn(ladder), ladder.open, longest, everyone=True)
    leads.set_waiting(tx, offer.deal_id, "offered", ladder, longest)
    tx.changed("offer", offer_id, audience=f"member:{member_id}")


def _locked(tx: Transaction, member_id: str, offer_id: str) -> Row[Any]:
    """The offer of this member, with its deal locked. Raises Conflict not_found."""
    lock = "FOR UPDATE OF d" if tx.connection.dialect.name == "postgresql" else ""
    tx.connection.execute(
        text(f"SELECT d.id FROM deal d WHERE d.id = (SELECT deal_id FROM offer WHERE id = :id) {lock}"),
        {"id": offer_id},
    )
    found = tx.connection.execute(
        text(
            "SELECT o.deal_id, o.state, o.expires_at, o.extended, d.ladder, d.owner_id, m.name AS owner FROM offer o"
            " JOIN deal d ON d.id = o.deal_id LEFT JOIN member m ON m.id = d.owner_id"
            " WHERE o.id = :id AND o.member_id = :member"
        ),
        {"id": offer_id, "member": member_id},
    ).first()
    if found is None:
        raise Conflict("not_found", 404)
    return found


def _must_be_open(tx: Transaction, offer: Row[Any]) -> None:
    if offer.owner_id is not None:
        raise Conflict("taken", by=offer.owner)
    match offer.state:
        case "open" if offer.expires_at > tx.now:
            return
        case "withdrawn":
            raise Conflict("withdrawn")
        case "declined":
            raise Conflict("not_now")
        case _:
            raise Conflict("expired")


def _ladder(offer: Row[Any]) -> Ladder:
    return Ladder.from_json(orjson.loads(offer.ladder))
