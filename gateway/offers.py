"""What happens when somebody answers an offer? Accepting is exclusive and idempotent, whichever way it comes."""

from __future__ import annotations

from gateway.context import Gateway
from gateway.metrics import OFFERS
from gateway.refusals import Refusal, refusing
from gateway.rules import setup_of
from storage.offers import accept_offer, decline_offer, extend_offer

REASONS = frozenset({"busy", "region", "product", "spam", "other"})


async def accept(gateway: Gateway, member_id: str, offer_id: str) -> None:
    """The lead is theirs. Raises Refusal taken, expired or withdrawn; accepting twice is one acceptance."""
    setup = await setup_of(gateway)
    with refusing():
        fresh = await gateway.database.write(accept_offer, member_id, offer_id, setup.schedule)
    if fresh:
        OFFERS.labels("accepted").inc()


async def decline(gateway: Gateway, member_id: str, offer_id: str, reason: str, comment: str) -> None:
    """The lead goes on. Raises Refusal when the offer is over."""
    if reason not in REASONS:
        raise Refusal("bad_request", 422, field="reason")
    with refusing():
        await gateway.database.write(decline_offer, member_id, offer_id, reason, comment)
    OFFERS.labels("declined").inc()


async def extend(gateway: Gateway, member_id: str, offer_id: str) -> None:
    """One more minute, once. Raises Refusal."""
    with refusing():
        await gateway.database.write(extend_offer, member_id, offer_id)
