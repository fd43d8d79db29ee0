"""Is this a client, and what may the conversation cause?

Only `client` makes leads, offers, tasks, unanswered clocks and report rows; everything else is kept and
shown.
"""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

from routing.codes import Nature, NatureRule
from routing.values import value

OwnersMark: TypeAlias = Literal["", "client", "personal"]


@value(frozen=True, kw_only=True, slots=True)
class Traits:
    """What is known of a conversation. The first that holds decides, in the order of the fields."""

    imported: bool = False
    """Backfilled from before the source was connected."""
    test: bool = False
    """Begun by a wizard's one-time code, or by the signed-in member's own identity during an open test."""
    blocked: bool = False
    """A person of ours blocked the identity."""
    spam: bool = False
    """The identity is marked as spam."""
    group: bool = False
    """It has participants."""
    automatic: bool = False
    """A bounce, auto-reply, newsletter or receipt."""
    insider: bool = False
    """An identity of a member, a number of the directory, or an address at our own domains."""
    as_client: bool = False
    """A person chose to treat this insider as a client: employees buy too."""
    private_chat: bool = False
    """A chat of somebody's own account (a business connection), where private life must be kept out."""
    owners_mark: OwnersMark = ""
    """What the owner of that account said about it."""
    owner_wrote_first: bool = False
    """Its first message seen was the owner's own."""
    in_a_deal: bool = False
    """The person is a party of a deal."""


@value(frozen=True, kw_only=True, slots=True)
class NatureOf:
    """A conversation's nature; `asked`: only a guess, the account's owner is asked, and no body is kept."""

    nature: Nature
    rule: NatureRule
    asked: bool = False


@value(frozen=True, kw_only=True, slots=True)
class May:
    """What a message of some nature may cause."""

    lead: bool = False
    offer: bool = False
    task: bool = False
    clock: bool = False
    """It may be unanswered, with a deadline."""
    report: bool = False
    auto_reply: bool = False
    notify: bool = False


NOTHING: Final = May()
EVERYTHING: Final = May(
    lead=True, offer=True, task=True, clock=True, report=True, auto_reply=True, notify=True
)
MAY: Final[dict[Nature, May]] = {
    "client": EVERYTHING,
    "internal": May(notify=True),
    "test": NOTHING,
    "personal": NOTHING,
    "group": May(notify=True),
    "automatic": NOTHING,
    "spam": NOTHING,
    "blocked": NOTHING,
    "imported": NOTHING,
}


def nature_of(traits: Traits) -> NatureOf:
    """The nature of a conversation, and by which trait."""
    if traits.imported:
        return NatureOf(nature="imported", rule="imported")
    if traits.test:
        return NatureOf(nature="test", rule="test")
    if traits.blocked:
        return NatureOf(nature="blocked", rule="blocked")
    if traits.spam:
        return NatureOf(nature="spam", rule="spam")
    if traits.group:
        return NatureOf(nature="group", rule="group")
    if traits.automatic:
        return NatureOf(nature="automatic", rule="automatic")
    if traits.insider:
        if traits.as_client:
            return NatureOf(nature="client", rule="as_client")
        return NatureOf(nature="internal", rule="insider")
    return _private(traits) if traits.private_chat else NatureOf(nature="client", rule="client")


def nature_of_message(conversation: Nature, own: Nature | None) -> Nature:
    """A message's own nature overrides its conversation's, except that spam, tests and who is blocked stay what they are."""
    return conversation if own is None or conversation in ("spam", "test", "blocked") else own


def group_needs_answer(*, addressed: bool, bound: bool) -> bool:
    """Whether a message in a group is unanswered: it addresses the bot, or a person bound the group."""
    return addressed or bound


def _private(traits: Traits) -> NatureOf:
    if traits.owners_mark == "personal":
        return NatureOf(nature="personal", rule="marked_personal")
    if traits.owners_mark == "client":
        return NatureOf(nature="client", rule="marked_client")
    if traits.owner_wrote_first or not traits.in_a_deal:
        return NatureOf(nature="personal", rule="maybe_personal", asked=True)
    return NatureOf(nature="client", rule="client")
