"""What follows when something said before changes: edited, taken back, liked, delivered, refused?"""

from __future__ import annotations

from typing import Any

from channels.events import (
    Completed,
    Connection,
    Cut,
    DeliveryUpdate,
    MessageDeleted,
    MessageEdited,
    Reachability,
    Reaction,
)
from gateway.opening import albums
from gateway.opening.house import SourceRules
from gateway.opening.private import unsearched
from gateway.opening.standing import preview
from gateway.opening.swaps import hang, leave, swap_of
from gateway.opening.talk import address_of, beside
from storage.board import Board, Change, Early, Message, Version
from storage.cut import ACCOUNT, CUT, CUT_FOR_GOOD
from storage.ids import new_id
from storage.letters import MAIL
from storage.search import stems

ORDER = {
    "held": 0,
    "queued": 1,
    "sending": 2,
    "postponed": 2,
    "unknown": 3,
    "sent": 4,
    "delivered": 5,
    "read": 6,
}


def open_edit(board: Board, rules: SourceRules, envelope_id: int, event: MessageEdited) -> bool:
    """The client's words or files change; the earlier version stays. An edit that changes nothing is none.

    Of several wordings the one given last stands, in whatever order they came.
    """
    message = board.message(rules.id, event.external_id)
    if message is None:
        return _wait(board, rules, envelope_id, event, event.external_id)
    if _is_kept_out(board, message):
        board.unwanted.add(envelope_id)
        return False
    gone, came = swap_of(board, message, event)
    swapped = bool(gone or came)
    # An album's newest wording says nothing about when another of its parts got its file.
    late = event.at < message.edited_at and not (message.group_key and swapped)
    words, content = _worded(message, event)
    if message.text == words and not swapped:
        message.edited_at = max(message.edited_at, event.at)
        return False
    message.edited, message.dirty = True, True
    fresh = tuple(hang(board, message, envelope_id, *one) for one in came)
    if late:
        board.versions.append(Version(message.id, words, event.at, envelope_id, leave(board, message, fresh)))
        return True
    left = leave(board, message, gone)
    board.versions.append(Version(message.id, message.text, event.at, envelope_id, left))
    message.attachments += len(fresh) - len(left)
    if swapped and not message.group_key:
        message.kind = event.kind
    message.text, message.content = words, content
    message.stems, message.reworded = stems(words), True
    message.edited_at = max(message.edited_at, event.at)
    unsearched(message)
    _refresh_preview(board, message)
    return True


def open_cut(board: Board, rules: SourceRules, event: Cut) -> None:
    """Only a part came: shown as such until the rest is here."""
    message = board.message(rules.id, event.external_id)
    if message is None or message.deleted or _is_kept_out(board, message):
        return
    message.content, message.dirty = message.content | {"unsupported": CUT}, True
    board.cut.append((rules.id, event.external_id, event.thread))


def open_completed(board: Board, rules: SourceRules, envelope_id: int, event: Completed) -> bool:
    """The rest of a message that came cut. It says what it said, so there is no earlier version."""
    message = board.message(rules.id, event.external_id)
    if message is None or _is_kept_out(board, message):
        board.unwanted.add(envelope_id)
        return False
    board.completed.append((rules.id, event.external_id))
    if event.at < message.edited_at:  # what was asked for is older than what stands
        return False
    told = MessageEdited(
        external_id=event.external_id, at=event.at, text=event.text, attachments=event.attachments
    )
    _, came = swap_of(board, message, told)
    message.attachments += len([hang(board, message, envelope_id, *one) for one in came])
    mark = {} if event.whole else {"unsupported": CUT_FOR_GOOD}
    kept = {name: value for name, value in message.content.items() if name not in ("spans", "unsupported")}
    message.content = kept | beside(event) | mark
    message.text, message.kind, message.edited_at = event.text, event.kind, max(message.edited_at, event.at)
    message.stems, message.reworded, message.dirty = stems(event.text), True, True
    unsearched(message)
    _refresh_preview(board, message)
    return True


def _worded(message: Message, event: MessageEdited) -> tuple[str, dict[str, Any]]:
    """What the message says from then on, and what a screen shows beside it."""
    if message.group_key:
        return albums.words_of(message, event.seq, event.text, event.spans)
    content = {name: value for name, value in message.content.items() if name != "spans"}
    if content.get("unsupported") in (CUT, CUT_FOR_GOOD):
        del content["unsupported"]  # this wording is whole, or says itself that it is not
    spans = [albums.span_json(span) for span in event.spans]
    return event.text, content | ({"spans": spans} if spans else {})


def _is_kept_out(board: Board, message: Message) -> bool:
    conversation = board.conversations.get(message.conversation_id)
    return conversation is not None and bool(conversation.kept_out)


def _wait(board: Board, rules: SourceRules, envelope_id: int, event: Change, external_id: str) -> bool:
    """The network was faster with what became of a message than with the message: kept until that comes."""
    waiting = board.early.setdefault((rules.id, external_id), [])
    waiting.append(Early(rules.id, external_id, envelope_id, event))
    return True


def open_deletion(board: Board, rules: SourceRules, envelope_id: int, event: MessageDeleted) -> bool:
    """Taken back by the client: shown as deleted, kept for us."""
    changed = False
    for external_id in event.external_ids:
        message = board.message(rules.id, external_id)
        if message is None:
            own = MessageDeleted(external_ids=(external_id,), at=event.at)
            changed = _wait(board, rules, envelope_id, own, external_id)
        elif not message.deleted:
            message.deleted, message.dirty, changed = True, True, True
            _refresh_preview(board, message)
    return changed


def open_reaction(board: Board, rules: SourceRules, envelope_id: int, event: Reaction) -> bool:
    """What stands under a message now; it answers nothing and opens nothing."""
    message = board.message(rules.id, event.external_id)
    if message is None:
        return _wait(board, rules, envelope_id, event, event.external_id)
    identity = board.identities[event.person.identity.kind, event.person.identity.value]
    board.reactions.append((message.id, identity.id, list(event.emojis), event.at))
    message.dirty = True
    return True


def open_connection(board: Board, rules: SourceRules, event: Connection) -> bool:
    """Somebody's own account is lent to the source, changed or taken back."""
    owner = board.identities[event.owner.identity.kind, event.owner.identity.value]
    board.lent.setdefault((rules.id, event.key), None)
    told = (rules.id, ACCOUNT + event.key)
    board.completed.append(told)
    board.cut = [one for one in board.cut if one[:2] != told]  # asked for just before, in the same batch
    board.connections.append(
        (
            rules.id,
            event.key,
            owner.id,
            event.owner.name[:200],
            int(event.active),
            int(event.can_reply),
            event.at,
        )
    )
    return True


def open_delivery(
    board: Board, rules: SourceRules, envelope_id: int, received_at: int, event: DeliveryUpdate
) -> bool:
    """What became of our messages: forward only, whatever the order of the news."""
    if event.external_id:
        message = board.message(rules.id, event.external_id)
        if message is None or message.direction != "out":
            return False
        if event.state == "undelivered" and not _came_back(board, message, event):
            return False
        changed = _all_came_back(board, message) if message.id in board.recipients else True
        changed = _advance(board, message, event) if changed else True
        if changed and event.state == "undelivered" and event.detail:
            _say_why(board, message, envelope_id, received_at, event)
        return changed
    conversation = board.conversation(rules.id, event.thread) if event.thread else None
    if conversation is None:
        return False
    board.read_up_to.append((conversation.id, event.up_to_seq, event.state))
    return True


def _came_back(board: Board, message: Message, event: DeliveryUpdate) -> bool:
    """Note it at whom it concerns. A report about somebody who was not written to is forged, and none."""
    people = board.recipients.get(message.id)
    if people is None:
        return True
    if event.address and event.address not in people:
        return False
    concerned = [one for one in people if one == event.address or not event.address]
    fresh = [one for one in concerned if people[one] != "undelivered"]
    for one in fresh:
        people[one] = "undelivered"
        board.told.append((message.id, one, "undelivered", event.reason, event.detail))
        identity = board.identities.get((MAIL, one))
        if event.hard and identity is not None:
            address = address_of(board, message.source_id, identity.id)
            address.unreachable, address.reason, address.changed_at = True, "address_dead", event.at
            address.dirty = True
    message.dirty = message.dirty or bool(fresh)
    return bool(fresh)


def _all_came_back(board: Board, message: Message) -> bool:
    return all(state in ("undelivered", "failed") for state in board.recipients[message.id].values())


def _say_why(
    board: Board, message: Message, envelope_id: int, received_at: int, event: DeliveryUpdate
) -> None:
    """The mail system's own words stand in the conversation, as a line."""
    params = {"address": event.address, "detail": event.detail}
    board.add_message(
        Message(
            new_id(event.at), message.conversation_id, message.contact_id, message.source_id, None, direction="none",
            author_kind="system", kind="system", at=event.at, received_at=received_at,
            content={"system": {"code": "note", "note": "came_back", "params": params}}, nature=message.nature,
            envelope_id=envelope_id, new=True,
        )
    )  # fmt: skip


def _advance(board: Board, message: Message, event: DeliveryUpdate) -> bool:
    bounced = event.state == "undelivered"
    if message.state == "undelivered" or (
        not bounced and ORDER.get(event.state, 0) <= ORDER.get(message.state, 9)
    ):
        return False
    board.delivered.append((message.id, event.state, event.reason))
    message.state, message.reason, message.dirty = event.state, event.reason, True
    conversation = board.conversations.get(message.conversation_id)
    if conversation is not None and conversation.last_message_id == message.id:
        conversation.last_state, conversation.dirty = event.state, True
    if (
        bounced
        and event.hard
        and message.id not in board.recipients
        and conversation is not None
        and conversation.identity_id is not None
    ):
        address = address_of(board, message.source_id, conversation.identity_id)
        address.unreachable, address.reason, address.changed_at = True, "address_dead", event.at
        address.dirty = True
    return True


def open_reachability(board: Board, rules: SourceRules, event: Reachability) -> bool:
    """The client allowed or forbade messages; the later word counts."""
    identity = board.identities[event.identity.kind, event.identity.value]
    address = address_of(board, rules.id, identity.id)
    if event.at < (address.changed_at or 0) or address.unreachable == (not event.reachable):
        return False
    address.unreachable, address.changed_at, address.dirty = not event.reachable, event.at, True
    address.reason = "" if event.reachable else event.reason or "blocked_by_client"
    for conversation in board.conversations.values():
        of_it = conversation.source_id == rules.id and conversation.identity_id == identity.id
        if of_it and not conversation.connection:  # a chat on a lent account is an address of its own
            conversation.dirty = True
    return True


def _refresh_preview(board: Board, message: Message) -> None:
    conversation = board.conversations.get(message.conversation_id)
    if conversation is not None and conversation.last_message_id == message.id:
        conversation.last_text = "" if message.deleted else preview(message)
        conversation.last_kind = message.kind
        conversation.dirty = True
