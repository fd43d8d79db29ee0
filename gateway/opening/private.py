"""What of a lent account's talk is kept?

Until somebody says that it is a client: who, when, and words that nobody sees, finds or fetches files of. Once its owner said
that it is private: who and when alone.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TypeVar

from channels.events import NOWHERE, InboundMessage, OutgoingSeen
from gateway.opening.house import SourceRules
from storage.board import Board, Conversation, Message
from storage.cut import ACCOUNT

Said = TypeVar("Said", InboundMessage, OutgoingSeen)


def is_kept_out(board: Board, rules: SourceRules, thread: str) -> bool:
    """Whether the owner said that this conversation is their private life."""
    conversation = board.conversation(rules.id, thread)
    return conversation is not None and bool(conversation.kept_out)


def resume(board: Board, rules: SourceRules, event: InboundMessage | OutgoingSeen) -> None:
    """A private account that is lent again goes on with the conversations it had, though the network names them anew."""
    found = board.gone_on.pop((rules.id, event.thread), None)
    if found is None or found.id not in board.conversations:
        return
    conversation, before = board.conversations[found.id], board.conversations[found.id].thread
    board.resumed.append((conversation.id, before, event.thread))
    board.renamed_threads.append((conversation.id, event.thread))
    conversation.thread, conversation.dirty = event.thread, True
    board.threads[rules.id, event.thread] = board.threads.pop((rules.id, before))


def without_words(event: Said) -> Said:
    """That something was said, and by whom; nothing of what."""
    if isinstance(event, OutgoingSeen):
        return replace(
            event, kind="text", text="", spans=(), forwards=(), attachments=(), reply_to="", group_key="", subject="", html=""
        )  # fmt: skip
    return replace(
        event, kind="text", text="", spans=(), forwards=(), attachments=(), reply_to="", group_key="", subject="", html="",
        quote="", forwarded_from="", location=None, card=None, payload="", unsupported="", fields=(), title="",
        attribution=NOWHERE, sender=replace(event.sender, also=()),
    )  # fmt: skip


def note(
    board: Board, rules: SourceRules, conversation: Conversation, connection: str, envelope_id: int
) -> None:
    """Whose account it is held on; and that the journal is to forget these words, where they are private."""
    if connection and conversation.connection != connection:
        conversation.connection, conversation.dirty = connection, True
        conversation.private_to = board.lent.get((rules.id, connection))
    if connection and (rules.id, connection) not in board.lent:
        board.cut.append((rules.id, ACCOUNT + connection, connection))
    if conversation.kept_out:
        board.unwanted.add(envelope_id)


def unsearched(message: Message) -> None:
    """What nobody may read yet, nobody may find."""
    if message.nature == "personal":
        message.stems = ""
