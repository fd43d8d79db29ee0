"""What is taken back when a call turns out to have gone the other way?

Which way it went may be told after it was taken up or missed: what followed of a client's call was of a call of ours. A lead
that nobody has touched ends, and says why; one that somebody works on stays.
"""

from __future__ import annotations

from dataclasses import replace

from gateway.opening import owing
from gateway.opening.house import House
from gateway.opening.standing import set_status, status_of
from routing.calls import Call
from storage.board import Board, Contact, Conversation, Message


def turn(
    board: Board, house: House, contact: Contact, conversation: Conversation, message: Message, call: Call, key: str
) -> bool:  # fmt: skip
    """Show the call as it went; whether that is another way than it looked."""
    inward = call.direction == "in"
    direction = "in" if inward else "out"
    if message.direction == direction:
        return False
    conversation.inbound += 1 if inward else -1
    message.direction, message.author_kind = direction, "client" if inward else "person"
    if inward:
        message.author_id = None
    else:
        _take_back(board, house, contact, conversation, message, key)
    message.deal_id = None  # it is attached anew, as what it is
    return True


def _take_back(
    board: Board, house: House, contact: Contact, conversation: Conversation, message: Message, key: str
) -> None:  # fmt: skip
    if owing.never_missed(board, house, contact.id, key) and conversation.state == "open":
        set_status(conversation, replace(status_of(conversation), state="waiting", waiting_since=None))
    deal_id = message.deal_id
    if deal_id is None or not _is_only_of(board, message, deal_id):
        return
    if conversation.deal_id == deal_id:
        conversation.deal_id, conversation.dirty = None, True
    board.touches = [one for one in board.touches if one[3] != message.id]
    board.open_deals[contact.id] = [one for one in board.open_deals.get(contact.id, ()) if one.id != deal_id]
    board.deals_by_id.pop(deal_id, None)
    board.answered_deals.pop(deal_id, None)
    if all(one.id != deal_id for one in board.new_deals):
        board.unfounded.append((deal_id, message.id))
        return
    board.new_deals = [one for one in board.new_deals if one.id != deal_id]
    board.decisions = [one for one in board.decisions if one[3] != deal_id]
    board.questions = [one for one in board.questions if one[4] != message.id]


def _is_only_of(board: Board, message: Message, deal_id: str) -> bool:
    """The call made this lead, and nothing was said or done about it since."""
    made = deal_id in board.untouched or any(one.id == deal_id for one in board.new_deals)
    others = (one for one in board.messages.values() if one.id != message.id)
    return made and all(one.deal_id != deal_id for one in others)
