"""What do a missed call, a try and a contact do to the call back that a client is owed?

One open task a client, due from the first missed call that nobody made good; closed by whatever we say to them, here, in
another program, or on the telephone. Everything is judged by when it was, so the order in which it is told changes nothing.
"""

from __future__ import annotations

from typing import Any

from gateway.opening.house import House, SourceRules
from gateway.opening.standing import set_deadline, set_status, status_of
from routing.call_backs import done_at, settled_at
from routing.calls import Call, call_back_due
from routing.conversations import answered
from routing.times import Micros
from storage.board import Board, Contact, Message
from storage.ids import new_id
from storage.owing import Owed


def missed(
    board: Board, house: House, rules: SourceRules, contact: Contact, message: Message, key: str, call: Call, by: str
) -> bool:  # fmt: skip
    """Nobody took a call. False: we were in touch with the client after it, as is known already."""
    owed = board.owing.of(contact.id)
    before, at = owed.since, call.ended_at or call.started_at
    others = [one for ref, one in owed.missed.items() if ref != key]
    owed.missed[key] = at
    back = settled_at(at, owed.contacts.values())
    if back is not None:
        if all(settled_at(one, owed.contacts.values()) != back for one in others):
            done = done_at(back, owed.missed.values())
            _make(board, house, _asking(board, rules, contact, message, by), at, done)
        return False
    if owed.task is None:
        owed.task = _make(board, house, _asking(board, rules, contact, message, by), at)
    elif before is not None and at < before:
        _move(board, house, owed.task, before, at)
    return True


def tried(board: Board, contact: Contact, at: Micros) -> None:
    """Somebody called the client: the reaction clock stops, unless it was before the missed call."""
    owed = board.owing.by_contact.get(contact.id)
    if owed is None or owed.task is None or at < (owed.since or 0):
        return
    ref = owed.task["id"]
    board.owing.tried[ref] = min(at, board.owing.tried.get(ref, at))


def in_touch(board: Board, house: House, contact_id: str, key: str, at: Micros) -> bool:
    """We talked with or wrote to the client by `key`, at a moment. False: they were missed after it and wait still."""
    owed = board.owing.of(contact_id)
    before = owed.since
    owed.missed.pop(key, None)  # what looked missed was a talk
    owed.contacts[key] = at
    since = owed.since
    if since is None:
        _answer_elsewhere(board, house, contact_id, at)
        _close(board, owed, at)
    elif owed.task is not None and before is not None and before <= at:
        owed.task = _split(board, house, owed, at, since)
    return since is None


def never_missed(board: Board, house: House, contact_id: str, key: str) -> bool:
    """What looked like a missed call was none. True: nothing else is owed to the client."""
    owed = board.owing.of(contact_id)
    before = owed.since
    owed.missed.pop(key, None)
    owed.contacts.pop(key, None)
    since = owed.since
    if owed.task is not None and since is None:
        board.owing.needless[owed.task["id"]] = board.now
        owed.task = None
    elif owed.task is not None and before is not None and since is not None:
        _move(board, house, owed.task, before, since)
    return since is None


def _answer_elsewhere(board: Board, house: House, contact_id: str, at: Micros) -> None:
    """The client's enquiries that have no way back of their own are answered by it: those at hand now, others when the
    batch is written."""
    board.owing.mute = house.mute
    board.owing.in_touch[contact_id] = max(at, board.owing.in_touch.get(contact_id, 0))
    for one in board.conversations.values():
        mine = one.contact_id == contact_id and one.source_id in house.mute
        if mine and one.waiting_since is not None and (one.last_client_at or 0) <= at:
            set_status(one, answered(status_of(one), max(at, one.heard_at)))  # networks' clocks, and ours
            set_deadline(board, one, house.sources[one.source_id], house.schedule)


def _asking(board: Board, rules: SourceRules, contact: Contact, message: Message, by: str) -> dict[str, Any]:
    """A task to call the client back, not yet due."""
    return {
        "id": new_id(board.now), "deal_id": message.deal_id, "contact_id": contact.id,
        "conversation_id": message.conversation_id, "owner_id": by or None, "author_id": None, "kind": "call_back",
        "title": contact.name, "done_at": None, "attempted_at": None, "demo": rules.demo, "created_at": board.now,
    }  # fmt: skip


def _make(
    board: Board, house: House, row: dict[str, Any], missed_at: Micros, done: Micros | None = None
) -> dict[str, Any]:
    row |= {"due_at": call_back_due(house.schedule, missed_at), "done_at": done, "attempted_at": None}
    board.owing.made.append(row)
    return row


def _move(board: Board, house: House, task: dict[str, Any], before: Micros, since: Micros) -> None:
    """Due by an earlier call, unless a person chose when."""
    if task["author_id"] is None and task["due_at"] == call_back_due(house.schedule, before):
        task["due_at"] = call_back_due(house.schedule, since)
        board.owing.moved[task["id"]] = task["due_at"]


def _close(board: Board, owed: Owed, at: Micros) -> None:
    if owed.task is not None:
        board.owing.done[owed.task["id"]] = done_at(at, owed.missed.values())
        owed.task = None


def _split(board: Board, house: House, owed: Owed, at: Micros, since: Micros) -> dict[str, Any]:
    """The contact made good the earlier calls; the later ones are owed anew."""
    assert owed.task is not None
    again = {**owed.task, "id": new_id(board.now), "kind": "call_back", "created_at": board.now}
    _close(board, owed, at)
    return _make(board, house, again, since)
