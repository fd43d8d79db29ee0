"""Which conversation does a letter go on, and who takes part in it from now on?"""

from __future__ import annotations

from channels.events import InboundMessage, OutgoingSeen
from routing.threads import may_join
from routing.times import DAY
from storage.board import Board, Contact, Conversation, Identity


def find(
    board: Board, source_id: str, contact: Contact, event: InboundMessage | OutgoingSeen
) -> tuple[Conversation | None, str]:
    """The conversation of what it names, of its thread, or of a weaker mark; None and a related one where the writer has
    no part in what is named: a forged or handed-on reference puts no stranger into somebody's thread."""
    related = ""
    for hint in event.also_threads:
        candidate = _named(board, source_id, hint)
        if candidate is None:
            continue
        if candidate.contact_id == contact.id or _takes_part(board, candidate, hint, event):
            return candidate, ""
        related = related or candidate.id
    found = board.conversation(source_id, event.thread) or _alias(board, source_id, event.thread)
    if found is not None:
        return found, ""
    for weak in event.weak_threads:
        _, used_at = board.aliases.get((source_id, weak.key), ("", 0))
        if weak.asked and event.at - used_at <= weak.days * DAY:
            found = _alias(board, source_id, weak.key)
            if found is not None:
                return found, ""
    return None, related


def of_person(board: Board, source_id: str, thread: str, contact: Contact, identity: Identity) -> str:
    """The key of somebody's own thread: people who share an address talk apart, where the thread is the address."""
    found = board.conversation(source_id, thread)
    if found is None or found.contact_id == contact.id or not identity.shared:
        return thread
    return f"{thread}#{contact.id}"


def remember(
    board: Board, source_id: str, conversation: Conversation, event: InboundMessage | OutgoingSeen
) -> None:
    """Keep who takes part and by what the thread's next letter may be known."""
    if event.mail is not None and event.nature not in ("spam", "automatic"):
        board.new_members.update((conversation.id, address) for address in event.mail.others)
        board.members.setdefault(conversation.id, set()).update(event.mail.others)
    for weak in event.weak_threads:
        board.aliases[source_id, weak.key] = board.marked[source_id, weak.key] = (conversation.id, event.at)


def _named(board: Board, source_id: str, hint: str) -> Conversation | None:
    message = board.message(source_id, hint)
    if message is not None:
        return board.conversations.get(message.conversation_id)
    return board.conversation(source_id, hint) or _alias(board, source_id, hint)


def _alias(board: Board, source_id: str, thread: str) -> Conversation | None:
    conversation_id, _ = board.aliases.get((source_id, thread), ("", 0))
    return board.conversations.get(conversation_id)


def _takes_part(
    board: Board, conversation: Conversation, hint: str, event: InboundMessage | OutgoingSeen
) -> bool:
    if event.mail is None:
        return False
    person = event.sender if isinstance(event, InboundMessage) else event.to
    members = board.members.get(conversation.id, set())
    return may_join(person.identity.value, members, proven=hint in event.proven)
