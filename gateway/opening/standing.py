"""How does a conversation stand after something was said in it?

Its preview, its turn, its deadline: the copies that the queue is read from.
"""

from __future__ import annotations

from gateway.opening.house import SourceRules
from routing.conversations import Status, answer_due, answered, deadline, heard
from routing.schedule import Schedule
from routing.window import NO_WINDOW, WindowPolicy, closes_at
from storage.board import Board, Conversation, Message

PREVIEW = 200


def status_of(conversation: Conversation) -> Status:
    """Whose turn it is, as routing sees it."""
    return Status(
        state=conversation.state,  # type: ignore[arg-type]
        waiting_since=conversation.waiting_since,
        heard_at=conversation.heard_at,
        answered_at=conversation.answered_at,
        snoozed_until=conversation.snoozed_until,
    )


def set_status(conversation: Conversation, status: Status) -> None:
    """Store whose turn it is."""
    conversation.state = status.state
    conversation.waiting_since = status.waiting_since
    conversation.heard_at = status.heard_at
    conversation.answered_at = status.answered_at
    conversation.snoozed_until = status.snoozed_until
    conversation.dirty = True


def hear(conversation: Conversation, said_at: int, seq: int, received_at: int) -> None:
    """The client wants an answer, unless somebody of ours has written at the network itself since: what had been said there
    was in front of them, whatever reached us first."""
    there = conversation.last_author == "person" and conversation.last_author_id is None
    if there and (said_at, seq) < (conversation.last_at, conversation.last_seq):
        return
    set_status(conversation, heard(status_of(conversation), said_at, received_at))


def answer_there(conversation: Conversation, at: int, seq: int) -> None:
    """Somebody of ours has written at the network itself. Unless the client said more there afterwards, it answers all that
    has reached us: the network's whole seconds lie before the moments at which we heard."""
    newest = (at, seq) > (conversation.last_at, conversation.last_seq)
    moment = max(at, conversation.heard_at) if newest else at
    set_status(conversation, answered(status_of(conversation), moment))


def set_deadline(board: Board, conversation: Conversation, rules: SourceRules, schedule: Schedule) -> None:
    """When an answer is due and when the window shuts, for sorting."""
    anchor = _anchor(board, conversation)
    policy = (
        NO_WINDOW
        if conversation.nature == "group"
        else rules.lent
        if conversation.connection
        else rules.window
    )
    closing = closes_at(policy, anchor, board.now) if policy.enforcement != "off" else None
    conversation.closes_at = closing
    conversation.gone_at = _gone_at(policy, anchor)
    since = conversation.waiting_since
    target = rules.next_target if conversation.answered_at else rules.target
    conversation.due_at = None if since is None else answer_due(since, target, schedule)
    conversation.deadline_at = None if since is None else deadline(conversation.due_at, closing)
    conversation.dirty = True


def _anchor(board: Board, conversation: Conversation) -> int | None:
    if conversation.connection:
        return conversation.anchor_at
    address = board.addresses.get((conversation.source_id, conversation.identity_id or ""))
    return address.last_client_at if address is not None else None


def _gone_at(policy: WindowPolicy, anchor: int | None) -> int | None:
    """When the last phase ends, where nothing is allowed after it."""
    if anchor is None or not policy.phases or policy.enforcement != "block" or policy.then != "nothing":
        return None
    return anchor + policy.phases[-1].until - policy.margin


def show_last(conversation: Conversation, message: Message) -> None:
    """Make it the row's preview unless a later message stands there: by the provider's time, then its number."""
    if (message.at, message.seq) < (conversation.last_at, conversation.last_seq):
        return
    conversation.last_message_id = message.id
    conversation.last_at, conversation.last_seq = message.at, message.seq
    conversation.last_text = preview(message)
    conversation.last_kind, conversation.last_state = message.kind, message.state
    conversation.last_author, conversation.last_author_id = message.author_kind, message.author_id
    conversation.dirty = True


def stand_back(board: Board, conversation: Conversation, message: Message) -> None:
    """The message stands earlier than it was shown: what was said in between may be the newest after all."""
    shown = conversation.last_message_id == message.id
    if shown and (message.at, message.seq) < (conversation.last_at, conversation.last_seq):
        conversation.last_at, conversation.last_seq = message.at, message.seq
        conversation.dirty = True
        board.reshown.add(conversation.id)


def preview(message: Message) -> str:
    """One line of it. What has no words is named by its kind on the screen."""
    subject = str(message.content.get("subject", ""))
    carried = next((str(one["text"]) for one in message.content.get("forwards", ()) if one.get("text")), "")
    text = " ".join((message.text or carried)[: 4 * PREVIEW].split())
    return f"{subject} — {text}"[:PREVIEW] if subject and text else (text or subject)[:PREVIEW]
