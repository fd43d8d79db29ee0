"""What must be known before a reply may be accepted, and what changes when it is?"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from sqlalchemy import Connection, Row, text

from routing import deals
from routing.deals import OpenDeal
from routing.text import Piece, Stretch
from routing.window import Content, Window, WindowPolicy, not_before, reply_window
from storage import audit, batch, drafts, letters, standing
from storage.calls import close_call_backs
from storage.errors import Conflict
from storage.history import Act, row_of
from storage.ids import new_id
from storage.leads import keep_decision
from storage.letters import Letter
from storage.outbox import Outgoing, Part, mark_answered, store
from storage.search import stems
from storage.tables import conversation as conversation_table
from storage.transaction import Transaction


@dataclass(frozen=True, kw_only=True, slots=True)
class Target:
    """Where an answer goes: a source that can send, and how much its network takes."""

    source_id: str
    policy: WindowPolicy
    lent: WindowPolicy
    """Of conversations on private accounts."""
    cut: Callable[[str, Sequence[Stretch]], Sequence[Piece]]
    """Text and its styles -> parts, as the network's limits demand."""
    echo: Any
    """Idempotency key -> how the network will name the message, "" if it cannot be told."""
    files: Mapping[str, int]
    files_per_message: int
    caption_max: int
    shares: frozenset[str]
    """Which of `location`, `card` and `sticker` the network takes."""
    sticker: Callable[[str, str], str]
    """A client's sticker (its ref and name) -> how it is called when we send it."""
    identity_kinds: frozenset[str]
    down: bool
    mute: frozenset[str] = frozenset()
    """Sources that cannot be answered in themselves (forms, calls): any answer to the client answers them."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Order:
    """A person's wish to answer."""

    id: str
    member_id: str
    conversation_id: str
    text: str
    file_ids: tuple[str, ...]
    reply_to: str | None
    last_seen: str | None
    hold: int | None
    """Microseconds to hold for the undo; None: the default."""
    override_reason: str | None
    may_override: bool
    anyway: bool
    spans: tuple[Stretch, ...] = ()
    letter: Letter | None = None
    location: dict[str, Any] | None = None
    card: dict[str, Any] | None = None
    sticker: str | None = None
    """The attachment by which a client sent it."""
    answers: bool = True
    """False: it was written before the client's last words; they wait on for an answer."""
    planned: bool = False
    """It was written earlier: what its author is writing now stays."""


def source_of(connection: Connection, conversation_id: str) -> str | None:
    """The source of a conversation."""
    found: str | None = connection.execute(
        text("SELECT source_id FROM conversation WHERE id = :id"), {"id": conversation_id}
    ).scalar()
    return found


def accept(tx: Transaction, order: Order, target: Target) -> tuple[list[str], int]:
    """Store the reply; its message ids and until when it is held. The same id again gives the same answer.

    Raises Conflict with the code of what is in the way; nothing is changed then.
    """
    _hold_marked(tx, order.conversation_id)
    asked = conversation_held(tx, order.conversation_id)
    known = tx.connection.execute(
        text("SELECT m.id, m.author_id, m.contact_id, m.direction, m.at,"
             " (SELECT min(o.not_before) FROM outbox o WHERE o.message_id = m.id) AS held"
             " FROM message m WHERE m.id = :id"),
        {"id": order.id},
    ).first()  # fmt: skip
    if known is not None:
        if (known.author_id, known.contact_id, known.direction) != (order.member_id, asked.contact_id, "out"):
            raise Conflict("bad_request", 422, field="id")  # an id that names something else
        return [known.id], known.at if known.held is None else known.held
    if not order.anyway:
        nobody_answered(tx.connection, order)
    row = asked if asked.source_id == target.source_id else _other_conversation(tx, asked, target)
    window = _may_send(tx, order, row, target)
    parts, files, pictures = parts_of_order(tx.connection, order, target)
    until = tx.now if order.hold == 0 else not_before(tx.now, window.closes_at)
    content = _answered(tx, order, row, asked, target) if order.answers else {}
    if order.spans:
        content["spans"] = spans_json(order.spans)
    content |= {name: value for name, value in (("location", order.location), ("card", order.card)) if value}
    if order.letter is not None:
        content |= {"subject": order.letter.subject, "mail": order.letter.shown()}
    if not window.allow:
        content["override"] = (order.override_reason or "")[:500]
        audit.note(tx, order.member_id, "window.override", "conversation", row.id, {"message": order.id})
    deal_id = _attach(tx, order, asked)
    kind = _kind(order, [*files, *pictures])
    name = tx.connection.execute(
        text("SELECT name FROM member WHERE id = :id"), {"id": order.member_id}
    ).scalar()
    store(
        tx,
        Outgoing(
            id=order.id, conversation_id=row.id, source_id=target.source_id, contact_id=row.contact_id,
            deal_id=deal_id, member_id=order.member_id, author_name=name or "", text=order.text,
            stems=stems(f"{order.letter.subject} {order.text}" if order.letter else order.text),
            kind=kind, parts=parts, files=(*files, *pictures), reply_to_id=order.reply_to if row.id == asked.id else None,
            content=content, not_before=until, echo_keys=tuple(target.echo(_key(order.id, place)) for place in range(len(parts))),
        ),
    )  # fmt: skip
    if order.letter is not None:
        letters.store_recipients(tx, order.id, row.id, order.letter.recipients)
    if asked.nature == "spam":
        _lift(tx, order.member_id, asked, row)
    _after(tx, order, row, deal_id, kind)
    return [order.id], until


def _hold_marked(tx: Transaction, conversation_id: str) -> None:
    """An address marked as spam is held before its card: the mark may go."""
    marked = tx.connection.execute(
        text("SELECT identity_id FROM conversation WHERE id = :id AND nature = 'spam'"),
        {"id": conversation_id},
    ).scalar()
    if marked is not None:
        row_of(tx, "identity", marked)


def _lift(tx: Transaction, member_id: str, asked: Row[Any], row: Row[Any]) -> None:
    """Whom we write to is no spammer: what they say from now on is a client's."""
    act = Act(tx, member_id, "conversation.nature")
    if asked.identity_id is not None:
        act.set("identity", asked.identity_id, spam=0)
    for ref in sorted({asked.id, row.id}):
        act.set("conversation", ref, nature="client")
    act.close("conversation", asked.id, {"from": "spam", "to": "client", "by": "answer"})


def write_first(tx: Transaction, order: Order, target: Target) -> tuple[str, int]:
    """Begin a conversation with a letter; its id and until when the letter is held. The same id again is the same
    letter. Raises Conflict."""
    assert order.letter is not None
    known = tx.connection.execute(
        text("SELECT conversation_id FROM message WHERE id = :id"), {"id": order.id}
    ).scalar()
    first = order.letter.recipients[0]
    conversation_id = known or letters.begin(
        tx, target.source_id, first, order.letter.subject, order.member_id
    )
    _, until = accept(tx, replace(order, conversation_id=conversation_id), target)
    return conversation_id, until


def parts_of_order(
    connection: Connection, order: Order, target: Target
) -> tuple[tuple[Part, ...], list[dict[str, Any]], list[dict[str, Any]]]:
    """What leaves, part by part, with its files and the pictures that only the timeline shows. Raises Conflict."""
    files = [*_files(connection, order), *(order.letter.carried if order.letter else ())]
    shared, pictures = _shared(connection, order, target)
    parts = parts_of_text(order.text, order.spans, target, files, shared)
    return parts if order.letter is None else _as_letter(order.letter, parts), files, pictures


def _kind(order: Order, files: Sequence[Mapping[str, Any]]) -> str:
    """What the message is in the list and on the timeline."""
    if order.letter:
        return "mail"
    if order.text:
        return "text"
    if files:
        return str(files[0]["kind"])
    return "location" if order.location else "contact" if order.card else "text"


def _as_letter(letter: Letter, parts: Sequence[Part]) -> tuple[Part, ...]:
    """A letter is one part, with all that it carries. Raises Conflict text_too_long or too_many_files."""
    shared = [part for part in parts if part.shares]
    parts = [part for part in parts if not part.shares] or [Part(text="")]
    if len(parts) > 1:
        raise Conflict("text_too_long" if not parts[-1].files else "too_many_files", 422)
    files = [
        {**file, "inline_id": f"{file['id']}@inline"} if file.get("upload") in letter.inline else file
        for file in parts[0].files
    ]
    whole = replace(parts[0], files=tuple(files), letter=letter.content())
    for part in shared:
        whole = replace(whole, location=part.location or whole.location, card=part.card or whole.card)
    return (whole,)


def _answer_all(tx: Transaction, row: Row[Any], asked: Row[Any], target: Target) -> dict[str, Any]:
    """This conversation is answered, and so are the client's enquiries that have no way back of their own.

    Returns how each stood, so that a failure can put it back.
    """
    others = batch.select(
        tx.connection,
        "SELECT c.id FROM {wanted} JOIN conversation c ON c.source_id = w.source_id AND c.contact_id = :contact"
        " AND c.waiting_since IS NOT NULL ORDER BY c.id",
        {"source_id": sorted(target.mute)},
        contact=row.contact_id,
    )
    ids = dict.fromkeys((row.id, asked.id, *(other.id for other in others)))
    return {ref: mark_answered(tx, ref, tx.now) for ref in ids}


def _answered(
    tx: Transaction, order: Order, row: Row[Any], asked: Row[Any], target: Target
) -> dict[str, Any]:
    """Nobody waits any more; what the message keeps of how it was before, so that a failure can put it back."""
    content: dict[str, Any] = {"before": _answer_all(tx, row, asked, target)}
    if closed := close_call_backs(tx, row.contact_id, order.member_id, "wrote"):
        content["called_back"] = closed
    return content


def _key(message_id: str, place: int) -> str:
    return message_id if place == 0 else f"{message_id}.{place}"


def conversation_held(tx: Transaction, conversation_id: str) -> Row[Any]:
    """The conversation with its contact locked. Raises Conflict not_found."""
    lock = tx.for_update
    contact_id = tx.connection.execute(
        text("SELECT contact_id FROM conversation WHERE id = :id"), {"id": conversation_id}
    ).scalar()
    if contact_id is None:
        raise Conflict("not_found", 404)
    tx.connection.execute(text(f"SELECT id FROM contact WHERE id = :id{lock}"), {"id": contact_id})
    return tx.connection.execute(
        text(
            "SELECT id, source_id, contact_id, identity_id, nature, state, deal_id, assignee_id, demo"
            f" FROM conversation WHERE id = :id{lock}"
        ),
        {"id": conversation_id},
    ).one()


def nobody_answered(connection: Connection, order: Order) -> None:
    """A colleague's newer answer stops the send once; the draft stays."""
    seen = connection.execute(
        text("SELECT at FROM message WHERE id = :id"), {"id": order.last_seen or ""}
    ).scalar()
    row = connection.execute(
        text(
            "SELECT m.id, m.author_name, m.text FROM message m WHERE m.conversation_id = :conversation AND m.direction = 'out'"
            " AND m.author_kind = 'person' AND m.author_id <> :me AND m.deleted = 0 AND m.kind <> 'note'"
            " AND m.at > :seen ORDER BY m.at DESC LIMIT 1"
        ),
        {"conversation": order.conversation_id, "me": order.member_id, "seen": seen or 0},
    ).first()
    if row is not None and order.last_seen is not None and row.id != order.last_seen:
        raise Conflict("stale_context", author=row.author_name, text=row.text[:200], id=row.id)


def _other_conversation(tx: Transaction, asked: Row[Any], target: Target) -> Row[Any]:
    """An enquiry without a way back of its own is answered at another address of the client."""
    addresses = batch.select(
        tx.connection,
        "SELECT i.id FROM {wanted} JOIN identity i ON i.kind = w.kind JOIN contact_identity l ON l.identity_id = i.id"
        " WHERE l.contact_id = :contact ORDER BY l.verified DESC, l.created_at",
        {"kind": sorted(target.identity_kinds)},
        contact=asked.contact_id,
    )
    if not addresses:
        raise Conflict("no_address")
    identity_id: str = addresses[0].id
    found = tx.connection.execute(
        text(
            "SELECT id FROM conversation WHERE source_id = :source AND contact_id = :contact"
            " AND identity_id = :identity ORDER BY last_at DESC LIMIT 1"
        ),
        {"source": target.source_id, "contact": asked.contact_id, "identity": identity_id},
    ).scalar()
    return conversation_held(tx, found or _begin(tx, asked, target, identity_id))


def _begin(tx: Transaction, asked: Row[Any], target: Target, identity_id: str) -> str:
    """A new conversation of ours; the client's answer finds it by what it refers to."""
    made = new_id(tx.now)
    columns = (
        "id", "source_id", "thread", "contact_id", "identity_id", "nature", "state", "last_at", "deal_id",
        "assignee_id", "attribution", "demo", "created_at", "updated_at",
    )  # fmt: skip
    values: tuple[Any, ...] = (
        made, target.source_id, f"new:{made}", asked.contact_id, identity_id, asked.nature, "waiting", tx.now,
        asked.deal_id, asked.assignee_id, {}, asked.demo, tx.now, tx.now,
    )  # fmt: skip
    batch.insert(tx.connection, conversation_table, columns, [values])
    return made


def _may_send(tx: Transaction, order: Order, row: Row[Any], target: Target) -> Window:
    """The window's answer. Raises Conflict with its refusal, unless it may be and is overridden."""
    if order.letter is not None:
        return _may_post(tx, order, order.letter, target)
    window = window_of(tx, row.identity_id, target, row.id)
    if window.allow:
        return window
    if order.override_reason and window.overridable:
        if not order.may_override:
            raise Conflict("forbidden", 403, permission="window.override")
        return window
    raise closed(window, may_override=window.overridable and order.may_override)


def _may_post(tx: Transaction, order: Order, letter: Letter, target: Target) -> Window:
    """A letter goes to the addresses it names, not to the conversation's own. Dead ones are asked about once."""
    if target.down:
        raise Conflict("source_down")
    dead = letters.dead_addresses(tx.connection, target.source_id, (one.address for one in letter.recipients))
    if dead and not order.anyway:
        raise Conflict("unreachable", addresses=", ".join(dead), reason="address_dead", may_override=True)
    return reply_window(target.policy, tx.now, tx.now, Content())


def window_of(tx: Transaction, identity_id: str | None, target: Target, conversation_id: str) -> Window:
    """May anything be sent to this identity by the target's source now, in this conversation?"""
    address = tx.connection.execute(
        text(
            "SELECT last_client_at, unreachable, reason FROM address WHERE source_id = :source AND identity_id = :identity"
        ),
        {"source": target.source_id, "identity": identity_id},
    ).first()
    own = tx.connection.execute(
        text(
            "SELECT c.anchor_at AS last_client_at, c.unreachable, c.reason,"
            f" {standing.STANDING} FROM conversation c {standing.JOINED} WHERE c.id = :id"
        ),
        {"id": conversation_id},
    ).first()
    if own is not None and own.connection:
        address = own
    reach = "source_down" if target.down else "ok"
    if address is not None and address.unreachable:
        reach = (
            address.reason
            if address.reason in ("address_dead", "no_permission_at_provider")
            else "blocked_by_client"
        )
    if own is not None and not standing.may_speak(own):
        reach = "no_permission_at_provider"
    anchor = address.last_client_at if address is not None else None
    policy = target.policy if own is None else standing.policy_of(own, target.policy, target.lent)
    return reply_window(policy, anchor, tx.now, Content(), reach=reach)  # type: ignore[arg-type]


def closed(window: Window, *, may_override: bool = False) -> Conflict:
    """The window's refusal in the codes of the list."""
    code = window.refusal or "window_closed"
    return Conflict(
        {"no_permission_at_provider": "no_permission", "address_dead": "unreachable"}.get(code, code),
        closed_at=window.closes_at, reason=code, may_override=may_override,
    )  # fmt: skip


def _files(connection: Connection, order: Order) -> list[dict[str, Any]]:
    found = {
        row.id: row
        for row in batch.select(
            connection,
            "SELECT u.id, u.digest, u.name, u.mime, u.kind, u.size FROM {wanted} JOIN upload u ON u.id = w.id"
            " WHERE u.member_id = :member",
            {"id": list(order.file_ids)},
            member=order.member_id,
        )
    }
    if len(found) != len(set(order.file_ids)):
        raise Conflict("bad_request", 422, field="file_ids")
    return [
        {
            "id": new_id(order_time(order)), "upload": file_id, "digest": found[file_id].digest,
            "name": found[file_id].name, "mime": found[file_id].mime, "kind": found[file_id].kind,
            "size": found[file_id].size,
        }
        for file_id in order.file_ids
    ]  # fmt: skip


def order_time(order: Order) -> int:
    """The moment in the client's id, microseconds UTC."""
    return int(order.id.replace("-", "")[:12], 16) * 1000


def spans_json(spans: Sequence[Stretch]) -> list[dict[str, Any]]:
    """Styled stretches as they are kept and shown; only a link says where it leads."""
    return [
        {name: value for name, value in asdict(span).items() if value or name == "start"} for span in spans
    ]


def parts_of_text(
    words: str, spans: Sequence[Stretch], target: Target, files: Sequence[dict[str, Any]],
    shared: Sequence[Part] = (),
) -> tuple[Part, ...]:  # fmt: skip
    """The text by the network's limits, the files with the text as caption where it fits, then what is shared.

    Raises Conflict."""
    for file in files:
        limit = target.files.get(file["kind"])
        if limit is None:
            raise Conflict("file_kind", 422, name=file["name"])
        if file["size"] > limit:
            raise Conflict("file_too_large", 422, name=file["name"], limit=limit)
    pieces = target.cut(words, spans)
    if not (pieces or files or shared):
        raise Conflict("text_empty", 422)
    texts = [Part(text=one.text, spans=tuple(spans_json(one.stretches))) for one in pieces]
    groups = [
        tuple(files[at : at + target.files_per_message])
        for at in range(0, len(files), target.files_per_message)
    ]
    rest = [Part(text="", files=group) for group in groups]
    if groups and len(texts) == 1 and len(texts[0].text) <= target.caption_max:
        return (Part(text=texts[0].text, spans=texts[0].spans, files=groups[0]), *rest[1:], *shared)
    return (*texts, *rest, *shared)


def _shared(connection: Connection, order: Order, target: Target) -> tuple[list[Part], list[dict[str, Any]]]:
    """A place, a card, a sticker: a part each, as networks know them; and the sticker's picture for the timeline.

    Raises Conflict cannot_share for what this network has no message for."""
    wanted = {"location": order.location, "card": order.card, "sticker": order.sticker}
    for name, value in wanted.items():
        if value and name not in target.shares:
            raise Conflict("cannot_share", 422, what=name)
    parts = [Part(text="", location=order.location)] if order.location else []
    parts += [Part(text="", card=order.card)] if order.card else []
    if order.sticker is None:
        return parts, []
    row = connection.execute(
        text(
            "SELECT ref, name, mime, size, digest FROM attachment WHERE id = :id AND source_id = :source"
            " AND kind = 'sticker' AND state = 'ready'"
        ),
        {"id": order.sticker, "source": target.source_id},
    ).first()
    called = target.sticker(row.ref, row.name) if row is not None else ""
    if row is None or not called:
        raise Conflict("bad_request", 422, field="sticker")
    picture = {"id": new_id(order_time(order)), "kind": "sticker", **row._mapping}
    return [*parts, Part(text="", sticker=called)], [picture]


def _attach(tx: Transaction, order: Order, row: Row[Any]) -> str | None:
    """The deal our message belongs to, with its decision."""
    rows = tx.connection.execute(
        text("SELECT d.id, d.created_at, d.last_activity_at FROM deal d JOIN deal_party p ON p.deal_id = d.id"
             " WHERE p.contact_id = :contact AND d.open = 1"),
        {"contact": row.contact_id},
    )  # fmt: skip
    known = [OpenDeal(id=r.id, created_at=r.created_at, active_at=r.last_activity_at) for r in rows]
    attachment = deals.attach_outgoing(
        deals.Conversation(id=row.id, nature=row.nature, last_deal=row.deal_id or ""),
        known,
        deals.DEFAULT_POLICY,
        now=tx.now,
    )
    keep_decision(
        tx, attachment.decision, deal_id=attachment.deal_id, conversation_id=row.id, contact_id=row.contact_id,
        message_id=order.id,
    )  # fmt: skip
    return attachment.deal_id or None


def _after(tx: Transaction, order: Order, row: Row[Any], deal_id: str | None, kind: str) -> None:
    """What a person's answer changes besides: the row's preview, its assignee, the deal's activity, the draft."""
    tx.connection.execute(
        text(
            "UPDATE conversation SET last_message_id = :id, last_at = :now, last_seq = 0, last_text = :text,"
            " last_kind = :kind, last_author = 'person', last_author_id = :me, last_state = 'held', updated_at = :now,"
            " assignee_id = COALESCE(assignee_id, :me) WHERE id = :conversation"
        ),
        {
            "id": order.id, "now": tx.now, "text": " ".join(order.text[:400].split())[:200], "me": order.member_id,
            "kind": kind,
            "conversation": row.id,
        },
    )  # fmt: skip
    if deal_id is not None:
        tx.connection.execute(
            text(
                "UPDATE deal SET last_activity_at = :now, first_contact_at = COALESCE(first_contact_at, :now)"
                " WHERE id = :id"
            ),
            {"now": tx.now, "id": deal_id},
        )
        tx.changed("deal", deal_id, row.contact_id)
    if not order.planned:
        drafts.drop(tx, order.member_id, order.conversation_id, "reply")
    tx.ring("router")
