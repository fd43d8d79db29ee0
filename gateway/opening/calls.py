"""What follows from a fact about a call?

The facts come to one message whose state grows. What follows is carried out once: a lead or an attachment when the call
is first known to be answered or missed, one call-back task for the client, closed when people talk.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from channels.events import CallFact, Identity, Person
from channels.phones import e164
from gateway.opening import leads, owing, threads
from gateway.opening.house import House, SourceRules
from gateway.opening.people import contact_of
from gateway.opening.standing import set_deadline, set_status, show_last, stand_back, status_of
from gateway.opening.talk import address_of
from gateway.opening.turning import turn
from gateway.opening.wanted import CALL
from routing.calls import Call, Fact, Situation, consequences, project
from routing.conversations import answered, heard
from routing.times import MINUTE
from storage.board import Board, Command, Contact, Conversation, Message, NewAttachment
from storage.board import Call as KnownCall
from storage.ids import new_id

SHORTEST_NUMBER: Final = 10
"""Digits of an extension that is a telephone's whole number."""
CLOCKS_DIFFER: Final = MINUTE
GIVEN_UP: Final = "given_up"
"""It rang and nobody ever told what came of it: the client is called back like one whose call was missed."""
QUIET: Final[Mapping[str, str]] = {"short_ring": "automatic", "blocked": "spam"}
"""Why nothing follows from a call -> its nature: kept and shown, but no client's word that asks for a deal."""


@dataclass(frozen=True, slots=True)
class _Told:
    """By which envelope the newest of a call became known."""

    envelope_id: int | None
    received_at: int
    event: CallFact
    as_of: int
    """The moment the call is judged at."""
    heard_at: int = 0
    """When a fact came just now: what else belongs to the call may be behind it."""


def open_call(
    board: Board, house: House, rules: SourceRules, envelope_id: int, received_at: int, event: CallFact
) -> bool:
    """One more fact of a call; False when it was known. A hidden number is counted, and shown once it is told."""
    known = board.calls[rules.id, event.call]
    if event.key in known.facts:
        return False
    if known.look_at is not None and known.look_at < received_at:  # it settled before this came
        look_again(board, house, rules, event.call, known.look_at)
    known.facts[event.key] = event
    known.new.append(event)
    told = _Told(envelope_id, received_at, event, received_at, received_at)
    message = _refresh(board, house, rules, event.call, told)
    if message is not None:
        _keep_recordings(board, rules, message, envelope_id, known.facts.values())
    return True


def look_again(board: Board, house: House, rules: SourceRules, call_id: str, as_of: int) -> None:
    """What a call comes to by then, though nothing more was told: it settles, or is given up."""
    known = board.calls[rules.id, call_id]
    if known.facts:
        newest = max(known.facts.values(), key=lambda fact: (fact.at, fact.key))
        _refresh(board, house, rules, call_id, _Told(None, as_of, newest, as_of))


def _refresh(board: Board, house: House, rules: SourceRules, call_id: str, told: _Told) -> Message | None:
    """Project the call anew and carry out what follows from the difference; None: nobody can be told from it yet."""
    known = board.calls[rules.id, call_id]
    facts = known.facts.values()
    call = project((fact_of(fact) for fact in facts), told.as_of, heard_at=told.heard_at)
    client = _client(facts, call)
    if client is None:
        _keep(known, _row(board, call, None, repaired=_is_repaired(facts)))
        return None
    message = board.message(rules.id, CALL + call_id)
    if message is None:
        before = ""
        contact, _ = contact_of(board, Person(identity=client, name=_name(facts)), rules.demo)
        conversation = _conversation(board, rules, contact, client, _nature(board, contact, client))
        message = _new_message(
            board, rules, contact, conversation, client, told.envelope_id, told.received_at, told.event, call
        )
        board.add_message(message)
        conversation.inbound += message.direction == "in"
    else:  # a call stays where it was first shown, though a transfer tells of another number
        shown = message.content.get("call", {})
        before = (
            GIVEN_UP if shown.get("state") == "ringing" and shown.get("stale") else shown.get("state", "")
        )
        conversation = board.conversations[message.conversation_id]
        contact = board.contacts[conversation.contact_id]
    if turn(board, house, contact, conversation, message, call, key_of(message)):
        before = ""
    _show(board, message, call, repaired=_is_repaired(facts))
    _keep(known, _row(board, call, message, repaired=_is_repaired(facts)))
    if call.direction == "out":
        _adopt(board, rules, contact, message, call)
    _follow(board, house, rules, contact, conversation, message, call, before, told.received_at, told.event)
    set_deadline(board, conversation, rules, house.schedule)
    stand_back(board, conversation, message)
    show_last(conversation, message)
    return message


def stands(call: Call) -> str:
    """The state as far as something follows from it."""
    return f"{call.state}, {GIVEN_UP}" if call.stale else call.state


def _keep(known: KnownCall, row: dict[str, Any]) -> None:
    """What the call comes to, and when it is to be looked at again."""
    known.row, known.look_at = row, row["look_at"]


def _is_repaired(facts: Iterable[CallFact]) -> bool:
    """Nothing but the provider's history knows of it: its events never came."""
    return all(fact.authority == "history" for fact in facts)


def _members(board: Board, extensions: Iterable[str]) -> list[str]:
    found = (board.extensions.get(extension) for extension in extensions)
    return [member for member in dict.fromkeys(found) if member is not None]


def _row(board: Board, call: Call, message: Message | None, *, repaired: bool) -> dict[str, Any]:
    """The call as it is looked for (table phone_call)."""
    return {
        "message_id": message.id if message is not None else None,
        "contact_id": message.contact_id if message is not None else None,
        "direction": call.direction, "state": call.state, "outcome": call.outcome, "line": call.line,
        "member_id": board.extensions.get(call.answered_by), "ringing": _members(board, call.ringing),
        "rang": _members(board, call.rang), "live": int(call.look_at is not None and not call.stale),
        "stale": int(call.stale), "repaired": int(repaired), "started_at": call.started_at,
        "ended_at": call.ended_at, "look_at": None if call.stale else call.look_at,
    }  # fmt: skip


def _adopt(board: Board, rules: SourceRules, contact: Contact, message: Message, call: Call) -> None:
    """An outgoing call stops the clock of a call back; and it may be the one that somebody pressed a button for."""
    owing.tried(board, contact, call.ended_at or call.started_at)
    mine = [one for one in board.commands if one.source_id == rules.id]
    exact = next((one for one in mine if {one.id, one.ref} & set(call.commands)), None)
    found = exact or next(
        (one for one in mine if one.number == call.client and _fits(one, call, board.now)), None
    )
    if found is None:
        return
    board.commands.remove(found)
    board.linked.append((found.id, "linked", message.id))
    message.author_id, message.dirty = found.member_id, True
    message.content["call"]["command"] = found.id
    if found.deal_id is not None and message.deal_id is None and found.deal_id in board.deals_by_id:
        message.deal_id = found.deal_id


def _fits(command: Command, call: Call, now: int) -> bool:
    """The same person called the same number a moment ago."""
    of_person = {call.answered_by, *call.callers} - {""}
    same = not of_person or command.extension in of_person
    return same and command.created_at <= call.started_at + CLOCKS_DIFFER


def _client(facts: Iterable[CallFact], call: Call) -> Identity | None:
    """The address of the client whom the facts come to."""
    return next((fact.client for fact in facts if fact.client and fact.client.value == call.client), None)


def _name(facts: Iterable[CallFact]) -> str:
    return min((fact.name for fact in facts if fact.name), default="")


def fact_of(fact: CallFact) -> Fact:
    """The fact as routing knows it."""
    return Fact(
        key=fact.key,
        at=fact.at,
        authority=fact.authority,
        phase=fact.phase,
        direction=fact.direction,
        client=fact.client.value if fact.client is not None else "",
        line=fact.line,
        member=fact.member,
        leg=fact.leg,
        answered=fact.answered,
        started_at=fact.started_at,
        answered_at=fact.answered_at,
        ended_at=fact.ended_at,
        talk_seconds=fact.talk_seconds,
        outcome=fact.outcome,
        recording=fact.recording.ref if fact.recording is not None else "",
        command=fact.command,
    )


def _conversation(
    board: Board, rules: SourceRules, contact: Contact, client: Identity, nature: str
) -> Conversation:
    identity = board.identities[client.kind, client.value]
    thread = threads.of_person(board, rules.id, client.value, contact, identity)
    found = board.conversation(rules.id, thread)
    if found is not None:
        return found
    conversation = Conversation(
        new_id(board.now), rules.id, thread, contact.id, identity.id, nature=nature or "client",
        demo=rules.demo, new=True,
    )  # fmt: skip
    board.conversations[conversation.id] = conversation
    board.threads[rules.id, thread] = conversation.id
    return conversation


def _new_message(
    board: Board, rules: SourceRules, contact: Contact, conversation: Conversation, client: Identity,
    envelope_id: int | None, received_at: int, event: CallFact, call: Call,
) -> Message:  # fmt: skip
    inward = call.direction == "in"
    nature = _nature(board, contact, client) or conversation.nature
    return Message(
        new_id(call.started_at), conversation.id, conversation.contact_id, rules.id, CALL + event.call,
        direction="in" if inward else "out", author_kind="client" if inward else "person", kind="call",
        at=call.started_at, received_at=received_at, nature=nature, envelope_id=envelope_id, new=True,
    )  # fmt: skip


def _nature(board: Board, contact: Contact, client: Identity) -> str:
    """What kind of call it is by who calls; "" says nothing."""
    identity = board.identities[client.kind, client.value]
    if identity.blocked:
        return "blocked"
    if identity.spam:
        return "spam"
    insider = bool(identity.internal) or _is_ours(board, client)
    return "internal" if insider and contact.override != "client" else ""


def _is_ours(board: Board, client: Identity) -> bool:
    """A telephone of our own people: where a mobile is their extension, its own number calls too."""
    own = (one for one in board.extensions if len(one) >= SHORTEST_NUMBER)
    return any(e164(one) == client.value for one in own)


def _show(board: Board, message: Message, call: Call, *, repaired: bool) -> None:
    """What the screen shows of the call; its state grows with the facts."""
    message.at = call.started_at
    message.state = call.state  # the row says «пропущенный» by it
    message.dirty = True
    member = board.extensions.get(call.answered_by)
    message.content = {
        **message.content,
        "call": {
            "state": call.state, "outcome": call.outcome, "direction": call.direction, "line": call.line,
            "answered_by": member, "answered_ext": call.answered_by, "rang": list(call.rang),
            "wait": call.wait, "talk": call.talk, "settles_at": call.settles_at, "stale": call.stale,
            "repaired": repaired, "result": message.content.get("call", {}).get("result", ""),
            "command": message.content.get("call", {}).get("command"), "rang_members": _members(board, call.rang),
            "recordings": message.content.get("call", {}).get("recordings", []),
            "quiet": message.content.get("call", {}).get("quiet", False),
        },
    }  # fmt: skip
    if call.direction == "out" and member is not None:
        message.author_id = member


def _keep_recordings(
    board: Board, rules: SourceRules, message: Message, envelope_id: int, facts: Iterable[CallFact]
) -> None:
    """Each recording once: the end and the recording's own event may both name it, and it may come before the call."""
    kept = message.content["call"].setdefault("recordings", [])
    for fact in sorted(facts, key=lambda fact: (fact.at, fact.key)):
        if fact.recording is not None and fact.recording.ref not in kept:
            kept.append(fact.recording.ref)
            board.add_file(
                NewAttachment(
                    new_id(board.now), message.id, message.attachments, rules.id, envelope_id, fact.recording
                )
            )
            message.attachments += 1


def _follow(
    board: Board, house: House, rules: SourceRules, contact: Contact, conversation: Conversation, message: Message,
    call: Call, before: str, received_at: int, event: CallFact,
) -> None:  # fmt: skip
    """What follows when the call first becomes answered, finished or missed."""
    if message.content["call"]["quiet"]:  # judged anew: what came may tell of a longer ring
        message.nature, message.content["call"]["quiet"], before = "client", False, ""
    if (
        stands(call) == before
        or stands(call) == "ringing"
        or message.nature != "client"
        or call.direction == "internal"
    ):
        return
    if call.answered and call.direction == "in":
        anchor = address_of(board, rules.id, conversation.identity_id or "")
        anchor.last_client_at, anchor.dirty = max(anchor.last_client_at or 0, call.started_at), True
    answered_by = board.extensions.get(call.answered_by, "")
    known = replace(call, rang=tuple(_members(board, call.rang)), answered_by=answered_by)
    follow = consequences(known, _situation(board, contact, conversation, answered_by))
    if call.direction == "in" and message.deal_id is None and (quiet := QUIET.get(follow.silence or "")):
        message.nature, message.content["call"]["quiet"] = quiet, True
    elif call.direction == "in" and follow.lead != "none" and message.deal_id is None:
        attachment = leads.attach(
            board, house, rules, contact, conversation, message, said_at=call.started_at,
            title=call.client, attribution=event.attribution, owner_id=follow.owner, event=event,
        )  # fmt: skip
        leads.touch(
            board, contact, message.id, attachment.deal_id, rules.id, event.attribution, call.started_at,
            enquiry=bool(event.attribution), first_message=conversation.last_client_at is None,
        )  # fmt: skip
        conversation.last_client_at = max(conversation.last_client_at or 0, call.started_at)
    elif call.direction == "out" and message.deal_id is None:
        leads.attach_outgoing(board, rules, contact, conversation, message)
    if call.direction == "in" and follow.call_back:
        by = follow.call_back_by
        if owing.missed(board, house, rules, contact, message, key_of(message), call, by):
            told_at = max(received_at, conversation.answered_at + 1)  # what is owed goes by their clock
            set_status(conversation, heard(status_of(conversation), call.started_at, told_at))
    if call.answered and follow.silence is None:
        _talked(board, house, conversation, contact, message, call)


def _situation(board: Board, contact: Contact, conversation: Conversation, answered_by: str) -> Situation:
    deals = board.open_deals.get(contact.id, [])
    newest = max(deals, key=lambda deal: max(deal.active_at, deal.created_at), default=None)
    return Situation(
        opens_lead=not deals and conversation.pinned_deal_id is None,
        blocked=any(
            identity.spam or identity.blocked
            for identity in board.identities.values()
            if identity.id == conversation.identity_id
        ),
        answerer_may_own=answered_by in board.may_own,
        deal_owner=(board.owners.get(newest.id) or "") if newest is not None else "",
        responsible=contact.responsible_id or "",
    )


def _talked(
    board: Board, house: House, conversation: Conversation, contact: Contact, message: Message, call: Call
) -> None:
    """People talk: what was missed before is made good, and nobody waits here unless they called again in vain."""
    at = call.answered_at or call.started_at
    if owing.in_touch(board, house, contact.id, key_of(message), at):
        set_status(conversation, answered(status_of(conversation), max(at, conversation.heard_at)))
    if message.deal_id:
        board.answered_deals.setdefault(message.deal_id, at)


def key_of(message: Message) -> str:
    """A call as what is owed to its client names it."""
    return f"{message.source_id}:{(message.external_id or '').removeprefix(CALL)}"
