"""What follows when something said before changes: edited, taken back, liked, delivered, refused?"""

from __future__ import annotations

from channels.events import Connection, DeliveryUpdate, MessageDeleted, MessageEdited, Reachability, Reaction
from gateway.opening.house import SourceRules
from gateway.opening.standing import preview
from gateway.opening.talk import address_of
from storage.board import Board, Message
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


def open_edit(board: Board, rules: SourceRules, event: MessageEdited) -> bool:
    """The client's words change; the earlier version stays. An edit that changes nothing is none."""
    message = board.message(rules.id, event.external_id)
    if message is None or message.text == event.text:
        return False
    board.versions.append((message.id, message.text, event.at))
    message.text, message.stems, message.edited, message.dirty = event.text, stems(event.text), True, True
    _refresh_preview(board, message)
    return True


def open_deletion(board: Board, rules: SourceRules, event: MessageDeleted) -> bool:
    """Taken back by the client: shown as deleted, kept for us."""
    changed = False
    for external_id in event.external_ids:
        message = board.message(rules.id, external_id)
        if message is not None and not message.deleted:
            message.deleted, message.dirty, changed = True, True, True
            _refresh_preview(board, message)
    return changed


def open_reaction(board: Board, rules: SourceRules, event: Reaction) -> bool:
    """What stands under a message now; it answers nothing and opens nothing."""
    message = board.message(rules.id, event.external_id)
    if message is None:
        return False
    identity = board.identities[event.person.identity.kind, event.person.identity.value]
    board.reactions.append((message.id, identity.id, list(event.emojis), event.at))
    message.dirty = True
    return True


def open_connection(board: Board, rules: SourceRules, event: Connection) -> bool:
    """Somebody's own account is lent to the source, changed or taken back."""
    owner = board.identities[event.owner.identity.kind, event.owner.identity.value]
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


def open_delivery(board: Board, rules: SourceRules, event: DeliveryUpdate) -> bool:
    """What became of our messages: forward only, whatever the order of the news."""
    if event.external_id:
        message = board.message(rules.id, event.external_id)
        if message is None or message.direction != "out":
            return False
        return _advance(board, message, event)
    conversation = board.conversation(rules.id, event.thread) if event.thread else None
    if conversation is None:
        return False
    board.read_up_to.append((conversation.id, event.up_to_seq, event.state))
    return True


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
    if bounced and event.hard and conversation is not None and conversation.identity_id is not None:
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
        if conversation.source_id == rules.id and conversation.identity_id == identity.id:
            conversation.dirty = True
    return True


def _refresh_preview(board: Board, message: Message) -> None:
    conversation = board.conversations.get(message.conversation_id)
    if conversation is not None and conversation.last_message_id == message.id:
        conversation.last_text = "" if message.deleted else preview(message)
        conversation.dirty = True
