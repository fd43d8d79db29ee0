"""What does a change look like to each person who may see it?

One reading of the database serves everybody; each patch is then built from it once a member, because a row shows
their own unread count, draft and rights. Who lost the right to something is told that it is gone, and no more.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from typing import Any

import orjson

from gateway.api import build
from gateway.api.views import draft_of, members_of, sources_of, test_shape
from gateway.context import Gateway
from routing.values import value
from storage import news
from storage.calls import shown_to
from storage.log import Entry, newest_of
from storage.news import Read
from storage.team import Account

READ, DEALS, CONTACTS = "conversation.read", "deal.read", "contact.read"


@value(frozen=True, slots=True)
class Frame:
    """One thing to say over a socket."""

    seq: int
    type: str
    id: str
    patch: Mapping[str, Any] | None = None

    def encode(self) -> bytes:
        """As it is sent."""
        return orjson.dumps({"seq": self.seq, "type": self.type, "id": self.id, "patch": self.patch})


@dataclass(slots=True)
class Reader:
    """A member who is told. `known` are the conversations and deals within their reach; None: they see all or nothing."""

    account: Account
    known: set[str] | None = None


def narrow(account: Account) -> bool:
    """Whether the member sees some, and not everybody's."""
    return any(account.may(one) and not account.everywhere(one) for one in (READ, DEALS, CONTACTS))


@dataclass(slots=True)
class _Batch:
    gateway: Gateway
    entries: list[Entry]
    read: Read
    head: int
    shared: Mapping[tuple[str, str], Mapping[str, Any]]
    rows: dict[str, Any] = field(init=False)
    items: dict[str, Any] = field(init=False)

    def __post_init__(self) -> None:
        self.rows = {row.id: row for row in self.read.rows.rows}
        self.items = {row.id: row for row in self.read.items.rows}


async def tell(
    gateway: Gateway, entries: Sequence[Entry], readers: Sequence[Reader]
) -> dict[str, list[Frame]]:
    """The frames for each member, in the log's order. `known` of the readers follows what they may see."""
    entries = newest_of(entries)
    members = [reader.account.id for reader in readers]
    some = any(reader.known is not None for reader in readers)
    read = await gateway.database.read_whole(news.read, entries, members, some, gateway.now())
    shared = await _shared(gateway, entries, set(members))
    batch = _Batch(gateway, entries, read, entries[-1].seq, shared)
    return {reader.account.id: list(_frames(batch, reader)) for reader in readers}


async def _shared(
    gateway: Gateway, entries: Sequence[Entry], members: Set[str]
) -> dict[tuple[str, str], Mapping[str, Any]]:
    """(type, id) -> what looks the same to everybody who is told: sources, their tests, members, one's own drafts."""
    found: dict[tuple[str, str], Mapping[str, Any]] = {}
    named = {(entry.type, entry.object_id) for entry in entries}
    if any(kind in ("source", "source_test") for kind, _ in named):
        await gateway.sources.look()
    for kind, ref in named:
        if kind == "source":
            found.update(((kind, ref), one) for one in await sources_of(gateway, ref))
        elif kind == "source_test" and (test := await test_shape(gateway, ref)) is not None:
            found[kind, ref] = test
    for entry in entries:
        writer = entry.audience.removeprefix("member:")
        if entry.type == "draft" and writer in members:
            conversation_id, _, mode = entry.object_id.rpartition(":")
            written = await draft_of(gateway, writer, conversation_id, "note" if mode == "note" else "reply")
            found[f"draft of {writer}", entry.object_id] = written
    if any(kind == "member" for kind, _ in named):
        found.update((("member", one["id"]), one) for one in await members_of(gateway))
    return found


def _frames(batch: _Batch, reader: Reader) -> Iterator[Frame]:
    told: set[str] = set()
    for entry in batch.entries:
        if entry.audience and entry.audience != f"member:{reader.account.id}":
            continue
        if entry.type == "conversation":
            told.add(entry.object_id)
        builder = BUILDERS.get(entry.type)
        if builder is not None:
            yield from builder(batch, reader, entry)
    if reader.known is not None and not reader.account.everywhere(READ):
        yield from _moved(batch, reader, told)


def _moved(batch: _Batch, reader: Reader, told: set[str]) -> Iterator[Frame]:
    """Conversations that came within reach, or are it no more, because a deal changed hands."""
    known = reader.known or set()
    for conversation_id in sorted(batch.rows.keys() - told):
        if (conversation_id in known) != _sees(batch, reader, conversation_id):
            yield from _conversation_by_id(batch, reader, conversation_id, batch.head)


def _sees(batch: _Batch, reader: Reader, conversation_id: str) -> bool:
    if not reader.account.may(READ):
        return False
    if not _is_for(batch.read.private, reader.account, conversation_id):
        return False
    return reader.account.reach(READ).covers(*batch.read.of_conversations.get(conversation_id, ()))


def _is_for(private: Mapping[str, str | None], account: Account, conversation_id: str) -> bool:
    """A chat of a private account is for its owner's eyes."""
    if conversation_id not in private:
        return True
    owner = private[conversation_id]
    return owner == account.id or (owner is None and account.may("source.edit"))


def _conversation(batch: _Batch, reader: Reader, entry: Entry) -> Iterator[Frame]:
    return _conversation_by_id(batch, reader, entry.object_id, entry.seq)


def _conversation_by_id(batch: _Batch, reader: Reader, ref: str, seq: int) -> Iterator[Frame]:
    row = batch.rows.get(ref)
    if row is not None and _sees(batch, reader, ref):
        if reader.known is not None:
            reader.known.add(ref)
        yield Frame(seq, "conversation.upsert", ref, _row(batch, reader.account, row))
    elif ref in batch.read.private or (reader.known is not None and ref in reader.known):
        if reader.known is not None:
            reader.known.discard(ref)
        yield Frame(seq, "conversation.remove", ref)


def _row(batch: _Batch, account: Account, row: Any) -> Mapping[str, Any]:
    marker = batch.read.markers.get((account.id, row.id))
    if marker is not None:
        row = row._replace(
            read_inbound=marker.inbound, kept_unread=marker.kept_unread, read_message_id=marker.message_id
        )
    if (draft := batch.read.drafts.get((account.id, row.id))) is not None:
        row = row._replace(draft=draft)
    return build.row_of(batch.gateway, account, row, batch.read.rows, batch.head)


def _message(batch: _Batch, reader: Reader, entry: Entry) -> Iterator[Frame]:
    row = batch.items.get(entry.object_id)
    if row is None or not _sees(batch, reader, row.conversation_id):
        return
    if row.deleted and row.state == "cancelled":  # taken back before it left
        yield Frame(entry.seq, "message.remove", entry.object_id)
        return
    patch = build.item(batch.gateway, reader.account, row, batch.read.items)
    yield Frame(entry.seq, "message.upsert", row.id, patch)


def _scheduled(batch: _Batch, reader: Reader, entry: Entry) -> Iterator[Frame]:
    row = batch.read.scheduled.get(entry.object_id)
    if row is None:  # it went, or was taken back
        yield Frame(entry.seq, "scheduled.remove", entry.object_id)
    elif _sees(batch, reader, row.conversation_id):
        patch = build.scheduled(batch.gateway, row, batch.read.scheduled_files)
        yield Frame(entry.seq, "scheduled.upsert", row.id, patch)


def _within(
    batch: _Batch, reader: Reader, permission: str, contact_id: str | None, *also: str | None
) -> bool:
    """Whether something of a contact is within the permission's reach; `also`: who else holds the thing."""
    return reader.account.reach(permission).covers(*also, *batch.read.of_contacts.get(contact_id or "", ()))


def _deal(batch: _Batch, reader: Reader, entry: Entry) -> Iterator[Frame]:
    row, account = batch.read.deals.get(entry.object_id), reader.account
    if row is None or not account.may(DEALS):
        return
    if _within(batch, reader, DEALS, row.contact_id, row.owner_id or row.queue_id):
        if reader.known is not None:
            reader.known.add(row.id)
        yield Frame(entry.seq, "deal.upsert", row.id, build.deal(row, words=account.may(READ)))
    elif reader.known is not None and row.id in reader.known:
        reader.known.discard(row.id)
        yield Frame(entry.seq, "deal.remove", row.id)


def _task(batch: _Batch, reader: Reader, entry: Entry) -> Iterator[Frame]:
    row = batch.read.tasks.get(entry.object_id)
    if row is None or not reader.account.may(CONTACTS):
        return
    if _within(batch, reader, CONTACTS, row.contact_id, row.owner_id):
        yield Frame(entry.seq, "task.upsert", row.id, build.task(row))


def _contact(batch: _Batch, reader: Reader, entry: Entry) -> Iterator[Frame]:
    found = batch.read.contacts.get(entry.object_id)
    if found is None or not reader.account.may(CONTACTS):
        return
    if _within(batch, reader, CONTACTS, found.row.id):
        patch = build.contact(found.row, found.identities, found.deals, found.tasks)
        yield Frame(entry.seq, "contact.upsert", found.row.id, patch)


def _call(batch: _Batch, reader: Reader, entry: Entry) -> Iterator[Frame]:
    """The card of a call stands on the screens of those whom it rings; everybody else is told that it is gone."""
    cards = batch.read.calls
    row = next((one for one in cards.rows if one.message_id == entry.object_id), None)
    if row is not None and reader.account.id in shown_to(cards, row):
        yield Frame(
            entry.seq, "call.upsert", entry.object_id, build.ring(batch.gateway, row, reader.account.id)
        )
    else:
        yield Frame(entry.seq, "call.remove", entry.object_id)


def _offer(batch: _Batch, reader: Reader, entry: Entry) -> Iterator[Frame]:
    row = batch.read.offers.get(entry.object_id)
    if row is None:
        yield Frame(entry.seq, "offer.remove", entry.object_id)
    elif row.member_id == reader.account.id:
        yield Frame(entry.seq, "offer.upsert", row.id, build.offer(batch.gateway, reader.account, row))


def _source(batch: _Batch, reader: Reader, entry: Entry) -> Iterator[Frame]:
    patch = batch.shared.get(("source", entry.object_id))
    if not reader.account.may("source.read"):
        return
    if patch is None or patch["state"] == "disconnected":
        yield Frame(entry.seq, "source.remove", entry.object_id)
    else:
        yield Frame(entry.seq, "source.upsert", entry.object_id, patch)


def _test(batch: _Batch, reader: Reader, entry: Entry) -> Iterator[Frame]:
    patch = batch.shared.get(("source_test", entry.object_id))
    if patch is not None and reader.account.may("source.read"):
        yield Frame(entry.seq, "source.test", entry.object_id, patch)


def _member(batch: _Batch, reader: Reader, entry: Entry) -> Iterator[Frame]:
    patch = batch.shared.get(("member", entry.object_id))
    if patch is not None and reader.account.may("member.read"):
        yield Frame(entry.seq, "member.upsert", entry.object_id, patch)


def _routing(batch: _Batch, reader: Reader, entry: Entry) -> Iterator[Frame]:
    if reader.account.may("source.read"):
        yield Frame(entry.seq, "routing.changed", entry.object_id)


def _draft(batch: _Batch, reader: Reader, entry: Entry) -> Iterator[Frame]:
    patch = batch.shared.get((f"draft of {reader.account.id}", entry.object_id))
    if patch is not None:
        yield Frame(entry.seq, "draft.upsert", patch["conversation_id"], patch)


def _notification(batch: _Batch, reader: Reader, entry: Entry) -> Iterator[Frame]:
    code, _, about = entry.object_id.partition(":")
    params = {"id": about} if about else {}
    yield Frame(entry.seq, "notification", entry.object_id, {"code": code, "params": params})


def _import(batch: _Batch, reader: Reader, entry: Entry) -> Iterator[Frame]:
    if reader.account.may("contact.import"):
        yield Frame(entry.seq, "import.changed", entry.object_id)


def _notices(batch: _Batch, reader: Reader, entry: Entry) -> Iterator[Frame]:
    yield Frame(entry.seq, "notices.read", entry.object_id)


BUILDERS = {
    "conversation": _conversation,
    "message": _message,
    "scheduled": _scheduled,
    "deal": _deal,
    "task": _task,
    "contact": _contact,
    "offer": _offer,
    "call": _call,
    "source": _source,
    "source_test": _test,
    "member": _member,
    "routing": _routing,
    "draft": _draft,
    "notification": _notification,
    "import": _import,
    "notices": _notices,
}
"""What is told of each kind of change; a kind that is not here is nobody's news."""
