"""What follows when somebody says something?"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from channels.events import Completed, InboundMessage, Noted, OutgoingSeen, Quoted, Started
from gateway.opening import albums, leads, owing, private, threads
from gateway.opening.house import House, SourceRules
from gateway.opening.people import attribution_json, contact_of, group_contact, note_signature
from gateway.opening.standing import answer_there, hear, set_deadline, show_last, stand_back
from gateway.opening.wanted import GROUP, group_value, twin_of
from routing import links
from routing.nature import Traits, group_needs_answer, nature_of, nature_of_message
from routing.window import ClientAct, advance_anchor, opens_window
from storage.board import Address, Board, Confirmed, Contact, Conversation, Identity, Message, NewAttachment
from storage.ids import new_id
from storage.search import stems


def open_inbound(
    board: Board, house: House, rules: SourceRules, envelope_id: int, received_at: int, event: InboundMessage
) -> bool:
    """A client's message; False when it is known already."""
    private.resume(board, rules, event)
    event = _told_apart(board, rules, event)
    known = board.message(rules.id, event.external_id) or _came_before(board, rules, event)
    if known is not None:
        return known.nature == "spam" and _let_out(board, house, rules, received_at, known, event)
    if private.is_kept_out(board, rules, event.thread):
        event = private.without_words(event)
    contact, identity = contact_of(board, event.sender, rules.demo)
    writer = contact
    conversation = _conversation_for(board, rules, contact, identity, event)
    private.note(board, rules, conversation, event.connection, envelope_id)
    if event.group_key and (conversation.id, event.group_key) in board.groups:
        _amend(board, rules, envelope_id, conversation, event)
        return True
    threads.remember(board, rules.id, conversation, event)
    if event.mail is not None:
        contact = board.contacts[conversation.contact_id]  # who joins a thread writes to its client's deals
    message = _message(board, rules, conversation, envelope_id, received_at, event)
    message.nature = _nature(board, rules, contact, identity, conversation, event)
    private.unsearched(message)
    if message.nature == "test":
        _note_test(board, rules, message)
    board.add_message(message)
    if message.nature == "client":
        note_signature(board, writer, message.id, event.signed)
    _keep_parts(board, rules, envelope_id, message, event)
    parts = (contact, identity, conversation, message)
    _follow(board, house, rules, received_at, parts, event, first=conversation.inbound == 0)
    conversation.inbound += 1
    set_deadline(board, conversation, rules, house.schedule)
    show_last(conversation, message)
    return True


def _told_apart(board: Board, rules: SourceRules, event: InboundMessage) -> InboundMessage:
    """A letter whose id another letter has already, by a program that gives all of its letters one, is a letter of its own."""
    known = board.message(rules.id, event.external_id)
    mark = (
        known.content.get("mail", {}).get("mark", "") if known is not None and known.direction == "in" else ""
    )
    if not mark or event.mail is None or event.mail.mark in ("", mark):
        return event
    return replace(event, external_id=twin_of(event))


def _came_before(board: Board, rules: SourceRules, event: InboundMessage) -> Message | None:
    """The same words under an earlier name, when that was not long ago."""
    earlier = (board.message(rules.id, external_id) for external_id in event.also_ids)
    return next((one for one in earlier if one is not None and event.at - one.at < event.also_within), None)


def _let_out(
    board: Board, house: House, rules: SourceRules, received_at: int, message: Message, event: InboundMessage
) -> bool:
    """A message that was under spam comes again as a client's words: a person let it out, or the sender solved a puzzle."""
    contact, identity = contact_of(board, event.sender, rules.demo)
    conversation = board.conversations[message.conversation_id]
    nature = _nature(board, rules, contact, identity, conversation, event)
    if nature == "spam":
        return False
    message.nature, message.dirty = nature, True
    board.let_out.append(message.id)
    parts = (contact, identity, conversation, message)
    _follow(board, house, rules, received_at, parts, event, first=conversation.inbound == 1)
    set_deadline(board, conversation, rules, house.schedule)
    conversation.dirty = True
    return True


def _follow(
    board: Board, house: House, rules: SourceRules, received_at: int,
    parts: tuple[Contact, Identity, Conversation, Message], event: InboundMessage, *, first: bool,
) -> None:  # fmt: skip
    """What a client's words cause: the window, a deal, a touch, somebody to answer."""
    contact, identity, conversation, message = parts
    said_at = min(event.at, received_at)
    client = message.nature == "client"
    if client or message.nature == "personal":  # should it turn out to be a client, they may be answered
        _open_window(
            board, rules, conversation, identity, said_at, "button" if event.kind == "button" else "message"
        )
    if client:
        leads.bind_by_link(board, conversation, rules, event.attribution)
    attachment = leads.attach(
        board, house, rules, contact, conversation, message,
        said_at=said_at, title=leads.title_of(event), attribution=event.attribution, event=event,
    )  # fmt: skip
    if client:
        if event.contact_fields:
            board.contact_fields.append((contact.id, dict(event.contact_fields)))
        if event.confirmation is not None:
            _confirm(board, rules, parts, event)
        enquiry = event.kind == "form" or bool(event.attribution)
        leads.touch(
            board, contact, message.id, attachment.deal_id, rules.id, event.attribution, said_at,
            enquiry=enquiry, first_message=first,
        )  # fmt: skip
        hear(conversation, said_at, event.seq, received_at)
        conversation.last_client_at = max(conversation.last_client_at or 0, said_at)
        if conversation.assignee_id is None:
            conversation.assignee_id = board.owners.get(attachment.deal_id)
    elif message.nature == "group" and group_needs_answer(
        addressed=event.addressed, bound=conversation.pinned_deal_id is not None
    ):
        hear(conversation, said_at, event.seq, received_at)


def _confirm(
    board: Board,
    rules: SourceRules,
    parts: tuple[Contact, Identity, Conversation, Message],
    event: InboundMessage,
) -> None:
    """A letter that thanks, where an address was given and there is a source to send it by."""
    contact, _, _, message = parts
    addresses = (event.sender.identity, *event.sender.also)
    to = next((one for one in addresses if one.kind == rules.confirms_to), None)
    if to is None or event.confirmation is None or not rules.confirms_by:
        return
    made = new_id(board.now)
    board.confirmations.append(
        Confirmed(
            id=made,
            echo=rules.confirms_echo(made),
            source_id=rules.id,
            by_source=rules.confirms_by,
            contact_id=contact.id,
            deal_id=message.deal_id,
            identity_id=board.identities[to.kind, to.value].id,
            address=to.value,
            subject=event.confirmation.subject,
            text=event.confirmation.text,
            demo=rules.demo,
        )
    )


def open_started(
    board: Board, house: House, rules: SourceRules, envelope_id: int, received_at: int, event: Started
) -> bool:
    """The person pressed Start: the window opens, the campaign is remembered, a line shows it; no words yet, no lead."""
    contact, identity = contact_of(board, event.person, rules.demo)
    said_at = min(event.at, received_at)
    conversation = board.conversation(rules.id, event.thread)
    if conversation is None:
        conversation = _new_conversation(
            board, rules, contact, identity, event.thread, "internal" if rules.staff else "client"
        )
    _open_window(board, rules, conversation, identity, said_at, "start")
    code, _ = board.tests.get(rules.id, ("", ""))
    if code and event.payload == code:
        conversation.nature, conversation.dirty = "test", True
        board.test_steps.append((rules.id, "started", "", conversation.id))
    elif event.attribution and not rules.staff:
        conversation.attribution = attribution_json(event.attribution)
        leads.bind_by_link(board, conversation, rules, event.attribution)
        leads.touch(
            board, contact, None, conversation.deal_id or "", rules.id, event.attribution, said_at,
            enquiry=True, first_message=False,
        )  # fmt: skip
    line = {"system": {"code": "started", "payload": links.read(event.payload).campaign[:200]}}
    message = Message(
        new_id(board.now), conversation.id, contact.id, rules.id, None, direction="none", author_kind="system",
        kind="system", at=said_at, received_at=received_at, content=line, nature=conversation.nature,
        envelope_id=envelope_id, new=True,
    )  # fmt: skip
    board.add_message(message)
    set_deadline(board, conversation, rules, house.schedule)
    show_last(conversation, message)
    return True


def open_noted(
    board: Board, rules: SourceRules, envelope_id: int, received_at: int, event: Noted
) -> bool:  # fmt: skip
    """Somebody joined, left, renamed or pinned: a line in a conversation we have, nothing where we have none."""
    if event.was:
        _rename(board, rules, event)
    conversation = board.conversation(rules.id, event.thread)
    if conversation is None or board.message(rules.id, event.external_id) is not None:
        return False
    if event.title:
        conversation.title, conversation.dirty = event.title[:200], True
    params = {"name": event.person.name if event.person is not None else "", **event.params}
    board.add_message(
        Message(
            new_id(event.at), conversation.id, conversation.contact_id, rules.id, event.external_id, direction="none",
            author_kind="system", kind="system", at=event.at, seq=event.seq, received_at=received_at,
            content={"system": {"code": "note", "note": event.code, "params": params}}, nature=conversation.nature,
            envelope_id=envelope_id, new=True,
        )
    )  # fmt: skip
    return True


def _rename(board: Board, rules: SourceRules, event: Noted) -> None:
    """The conversation goes on under the network's new name, unless something was said under that one already."""
    conversation = board.conversation(rules.id, event.was)
    if conversation is None or board.conversation(rules.id, event.thread) is not None:
        return
    conversation.thread, conversation.dirty = event.thread, True
    board.threads[rules.id, event.thread] = board.threads.pop((rules.id, event.was))
    board.renamed_threads.append((conversation.id, event.thread))


def _author(board: Board, rules: SourceRules, event: OutgoingSeen) -> str:
    """Who of us said it: the name the network told of them, else what stands in the message."""
    who = event.colleague
    return (board.colleagues.get((rules.id, who.kind, who.value), "") if who else "") or event.author


def _ask_for_the_author(board: Board, rules: SourceRules, message: Message, event: OutgoingSeen) -> None:
    who = event.colleague
    if who is not None and (rules.id, who.kind, who.value) not in board.colleagues:
        board.bylines.append((message.id, rules.id, who.kind, who.value))


def open_outgoing(
    board: Board, house: House, rules: SourceRules, envelope_id: int, received_at: int, event: OutgoingSeen
) -> bool:
    """The company's words: our own message echoed is only proof that it left; one typed elsewhere is an answer."""
    private.resume(board, rules, event)
    known = board.message(rules.id, event.external_id)
    if known is not None:
        if known.direction == "out" and not known.seq and event.seq:
            known.seq = event.seq
            board.numbered.append((known.id, event.seq))
        return False
    for key in (event.key, event.external_id):
        if key and (rules.id, key) in board.in_flight:
            row, message_id = board.in_flight[rules.id, key]
            board.echoes.append((row, message_id, event.external_id, event.at))
            board.numbered.append((message_id, event.seq))
            board.externals[rules.id, event.external_id] = message_id
            return True
    if private.is_kept_out(board, rules, event.thread):
        event = private.without_words(event)
    contact, identity = contact_of(board, event.to, rules.demo)
    conversation = _conversation_for(board, rules, contact, identity, event)
    private.note(board, rules, conversation, event.connection, envelope_id)
    if event.group_key and (conversation.id, event.group_key) in board.groups:
        _amend(board, rules, envelope_id, conversation, event)
        return True
    threads.remember(board, rules.id, conversation, event)
    by_person = event.author_kind == "person"
    if by_person:
        _lift(board, conversation, identity, event.at)
    message = Message(
        new_id(event.at), conversation.id, conversation.contact_id, rules.id, event.external_id, direction="out",
        author_kind=event.author_kind, author_name=_author(board, rules, event), kind=event.kind, text=event.text,
        at=event.at, seq=event.seq,
        state="sent", received_at=received_at, content=_content(event), purpose="reply",
        nature=conversation.nature, group_key=event.group_key or None, envelope_id=envelope_id,
        stems=stems(event.text), new=True,
    )  # fmt: skip
    _ask_for_the_author(board, rules, message, event)
    private.unsearched(message)
    _answers(board, rules, message, event.reply_to)
    board.add_message(message)
    _keep_parts(board, rules, envelope_id, message, event)
    leads.attach_outgoing(board, rules, contact, conversation, message)
    if by_person:
        answer_there(conversation, event.at, event.seq)
        if message.nature == "client":
            owing.in_touch(board, house, message.contact_id, message.id, event.at)
    if message.deal_id and by_person:
        board.answered_deals.setdefault(message.deal_id, event.at)
        board.active_deals[message.deal_id] = max(event.at, board.active_deals.get(message.deal_id, 0))
    set_deadline(board, conversation, rules, house.schedule)
    show_last(conversation, message)
    return True


def _lift(board: Board, conversation: Conversation, identity: Identity, at: int) -> None:
    """Whom we write to is no spammer; unless it was before somebody said so."""
    if conversation.nature == "spam" and identity.spam and at > conversation.answered_at:
        identity.spam = False
        conversation.nature, conversation.dirty = "client", True
        board.lifted.add(identity.id)


def _conversation_for(
    board: Board,
    rules: SourceRules,
    contact: Contact,
    identity: Identity,
    event: InboundMessage | OutgoingSeen,
) -> Conversation:
    """The thread's conversation, else one that its references name and where this person takes part, else a new one."""
    own = event.thread
    if event.mail is None and not (isinstance(event, InboundMessage) and event.nature == "group"):
        own = threads.of_person(board, rules.id, own, contact, identity)
    if own != event.thread:
        made = board.conversation(rules.id, own)
        return made or _new_conversation(board, rules, contact, identity, own, "client")
    found, related = threads.find(board, rules.id, contact, event)
    if found is not None:
        board.threads[rules.id, event.thread] = found.id
        return found
    if isinstance(event, InboundMessage) and event.nature == "group":
        group = board.identities[GROUP, group_value(rules.id, event.thread)]
        chat = group_contact(board, group, event.title, rules.demo)
        return _new_conversation(board, rules, chat, identity, event.thread, "group", event.title)
    nature = event.nature if isinstance(event, OutgoingSeen) and event.nature else "client"
    made = _new_conversation(board, rules, contact, identity, event.thread, nature, subject=event.subject)
    if related:
        board.related.append((made.id, related))
    return made


def _new_conversation(
    board: Board, rules: SourceRules, contact: Contact, identity: Identity, thread: str, nature: str,
    title: str = "", subject: str = "",
) -> Conversation:  # fmt: skip
    conversation = Conversation(
        new_id(board.now), rules.id, thread, contact.id, identity.id, nature=nature, subject=subject[:500],
        title=title[:200], demo=rules.demo, new=True,
    )  # fmt: skip
    board.conversations[conversation.id] = conversation
    board.threads[rules.id, thread] = conversation.id
    return conversation


def _message(
    board: Board, rules: SourceRules, conversation: Conversation, envelope_id: int, received_at: int,
    event: InboundMessage,
) -> Message:  # fmt: skip
    message = Message(
        new_id(event.at), conversation.id, conversation.contact_id, rules.id, event.external_id, kind=event.kind,
        text=event.text, at=event.at, seq=event.seq, received_at=received_at, content=_content(event),
        author_name=event.sender.name, group_key=event.group_key or None, envelope_id=envelope_id,
        stems=stems(f"{event.subject} {event.text}" if event.subject else event.text), new=True,
    )  # fmt: skip
    _answers(board, rules, message, event.reply_to)
    return message


def _answers(board: Board, rules: SourceRules, message: Message, reply_to: str) -> None:
    quoted = board.message(rules.id, reply_to)
    message.reply_to_id = quoted.id if quoted is not None else None
    message.reply_to_external = reply_to or None


def _nature(
    board: Board, rules: SourceRules, contact: Contact, identity: Identity, conversation: Conversation,
    event: InboundMessage,
) -> str:  # fmt: skip
    """What kind of talk it is. A person's word on the conversation stays; a robot's letter makes only itself automatic."""
    code, _ = board.tests.get(rules.id, ("", ""))
    settled = conversation.nature if not conversation.new else ""
    of_conversation = nature_of(
        Traits(
            imported=settled == "imported" or event.nature == "imported",
            test=settled == "test"
            or event.nature == "test"
            or bool(code and (code in event.text or event.payload == code)),
            blocked=identity.blocked,
            # A robot's guess about one message does not follow the person; a person's word marks the identity.
            spam=identity.spam or (settled == "spam" and event.nature == "group"),
            group=settled == "group" or event.nature == "group",
            insider=rules.staff
            or bool(identity.internal)
            or (identity.kind, identity.value) in board.internal,
            as_client=contact.override == "client",
            private_chat=bool(event.connection),
            owners_mark="client" if event.connection and settled == "client" else "",
            in_a_deal=bool(board.open_deals.get(contact.id)),
        )
    ).nature
    if settled == "personal":
        of_conversation = "personal"
    own = nature_of_message(of_conversation, event.nature if event.nature in ("automatic", "spam") else None)
    if event.nature in ("spam", "automatic") and (
        settled == "spam" or (own == "spam" and not conversation.inbound)
    ):
        of_conversation = "spam"  # nothing but spam in it: out of sight until somebody looks there
    if of_conversation != conversation.nature:
        conversation.nature, conversation.dirty = of_conversation, True
    return own


def _note_test(board: Board, rules: SourceRules, message: Message) -> None:
    if rules.id in board.tests:
        board.test_steps.append((rules.id, "message", message.id, message.conversation_id))


def _open_window(
    board: Board, rules: SourceRules, conversation: Conversation, identity: Identity, said_at: int, act: ClientAct
) -> None:  # fmt: skip
    """Only the client moves the anchor, and only forward; who writes can be written to again.

    A chat on a lent account is an address of its own.
    """
    if not opens_window(act):
        return
    address = address_of(board, rules.id, identity.id)
    if conversation.connection:
        conversation.anchor_at = advance_anchor(conversation.anchor_at, said_at, board.now)
        if conversation.unreachable and said_at >= (conversation.reach_changed_at or 0):
            conversation.unreachable, conversation.reason, conversation.reach_changed_at = 0, "", said_at
        conversation.dirty = True
        return
    address.last_client_at = advance_anchor(address.last_client_at, said_at, board.now)
    if address.unreachable and said_at >= (address.changed_at or 0):
        address.unreachable, address.reason, address.changed_at = False, "", said_at
    address.dirty = True


def address_of(board: Board, source_id: str, identity_id: str) -> Address:
    """The identity on the source, made when it was not there."""
    found = board.addresses.get((source_id, identity_id))
    if found is None:
        found = board.addresses[source_id, identity_id] = Address(
            source_id, identity_id, new=True, dirty=True
        )
    return found


def _amend(
    board: Board, rules: SourceRules, envelope_id: int, conversation: Conversation, event: InboundMessage | OutgoingSeen
) -> None:  # fmt: skip
    """A further part of an album joins the message its first part made, in the provider's order."""
    message = board.messages[board.groups[conversation.id, event.group_key]]
    board.new_aliases.append((rules.id, event.external_id, message.id))
    board.externals[rules.id, event.external_id] = message.id
    for attachment in event.attachments:
        board.add_file(
            NewAttachment(
                new_id(board.now),
                message.id,
                event.seq,
                rules.id,
                envelope_id,
                attachment,
                held=message.nature == "personal",
            )
        )
    message.attachments += len(event.attachments)
    if event.text:
        message.text, message.content = albums.words_of(message, event.seq, event.text, event.spans)
        message.stems, message.reworded = stems(message.text), True
        private.unsearched(message)
    message.dirty = True
    if (event.at, event.seq) < (message.at, message.seq):
        message.at, message.seq = event.at, event.seq
        board.placed.append((message.id, event.at, event.seq))
        stand_back(board, conversation, message)
    if conversation.last_message_id == message.id:
        conversation.last_text, conversation.dirty = " ".join(message.text[:400].split())[:200], True


def _keep_parts(
    board: Board, rules: SourceRules, envelope_id: int, message: Message, event: InboundMessage | OutgoingSeen
) -> None:
    base = event.seq if event.group_key else 0
    for place, attachment in enumerate(event.attachments):
        board.add_file(
            NewAttachment(
                new_id(board.now),
                message.id,
                base + place,
                rules.id,
                envelope_id,
                attachment,
                held=message.nature == "personal",
            )
        )
    message.attachments = len(event.attachments)
    if event.html:
        board.letters.append((message.id, event.html))
    if isinstance(event, InboundMessage):
        for consent in event.consents:
            board.consents.append(
                (
                    new_id(board.now),
                    message.contact_id,
                    message.id,
                    consent.purpose,
                    consent.text,
                    consent.version,
                    message.at,
                    dict(consent.proof),
                )
            )
        if event.nature == "group":
            identity = board.identities[event.sender.identity.kind, event.sender.identity.value]
            board.participants[message.conversation_id, identity.id] = event.sender.name


def beside(event: InboundMessage | OutgoingSeen | Completed) -> dict[str, Any]:
    """Styles, what is carried along, a place: what any message may have."""
    content: dict[str, Any] = {}
    if event.spans:
        content["spans"] = [albums.span_json(span) for span in event.spans]
    if event.forwards:
        content["forwards"] = [_quoted(quoted) for quoted in event.forwards]
    if not isinstance(event, OutgoingSeen) and event.location is not None:
        place = event.location
        content["location"] = {
            "latitude": place.latitude, "longitude": place.longitude, "title": place.title, "address": place.address,
        }  # fmt: skip
    return content


def _content(event: InboundMessage | OutgoingSeen) -> dict[str, Any]:
    """What a screen shows beside the words."""
    content: dict[str, Any] = {}
    if event.subject:
        content["subject"] = event.subject
    if event.html:
        content["html"] = True
    if event.mail is not None:
        mail = event.mail
        content["mail"] = {
            "from": mail.sender, "to": list(mail.to), "cc": list(mail.cc), "reply_to": mail.reply_to,
            "references": list(mail.references[-50:]), "notes": list(mail.notes), "mark": mail.mark,
        }  # fmt: skip
    content |= beside(event)
    if event.group_key and event.text:
        content[albums.PARTS] = albums.part_of(event.seq, event.text, event.spans)
    if isinstance(event, OutgoingSeen):
        return content
    if event.card is not None:
        card = event.card
        content["card"] = {
            "name": card.name, "phones": list(card.phones), "emails": list(card.emails), "own": card.own,
        }  # fmt: skip
    if event.fields:
        content["fields"] = [
            {"label": field.label or field.name, "value": field.value} for field in event.fields
        ]
    for name in ("forwarded_from", "quote", "unsupported", "title"):
        if value := getattr(event, name):
            content[name] = value
    if payload := links.read(event.payload).campaign:
        content["payload"] = payload
    if event.doubts:
        content["doubts"] = list(event.doubts)
    if event.attribution:
        content["attribution"] = attribution_json(event.attribution)
    return content


def _quoted(quoted: Quoted) -> dict[str, Any]:
    shown: dict[str, Any] = {"author": quoted.author, "at": quoted.at, "text": quoted.text}
    return {**shown, "within": [_quoted(inner) for inner in quoted.within]} if quoted.within else shown
