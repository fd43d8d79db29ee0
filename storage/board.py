"""What does a batch know, and what did it change?

The facts of a whole batch of envelopes are loaded set by set, decisions change the records in memory, and `flush` writes
every table once. Locks are taken in the one global order: identities, contacts, conversations; then deals are read.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from sqlalchemy import Row

from channels.events import Attachment, CallFact, MessageDeleted, MessageEdited, Reaction
from routing.deals import ClosedDeal, OpenDeal
from storage.owing import Owing

Change: TypeAlias = MessageEdited | MessageDeleted | Reaction


@dataclass(slots=True)
class Identity:
    """One address of a person."""

    id: str
    kind: str
    value: str
    shared: bool = False
    spam: bool = False
    internal: str = ""
    username: str = ""
    new: bool = False
    dirty: bool = False
    blocked: bool = False


@dataclass(slots=True)
class Contact:
    """One person."""

    id: str
    name: str = ""
    name_from: str = ""
    responsible_id: str | None = None
    override: str = ""
    attribution: dict[str, Any] = field(default_factory=dict)
    demo: int = 0
    new: bool = False
    dirty: bool = False


@dataclass(slots=True)
class Address:
    """An identity on a source: the window's anchor, and whether it can be written to."""

    source_id: str
    identity_id: str
    last_client_at: int | None = None
    unreachable: bool = False
    reason: str = ""
    changed_at: int | None = None
    new: bool = False
    dirty: bool = False


@dataclass(slots=True)
class Conversation:
    """One thread on one source, as the queue shows it."""

    id: str
    source_id: str
    thread: str
    contact_id: str
    identity_id: str | None = None
    nature: str = "client"
    state: str = "waiting"
    subject: str = ""
    title: str = ""
    assignee_id: str | None = None
    deal_id: str | None = None
    pinned_deal_id: str | None = None
    waiting_since: int | None = None
    deadline_at: int | None = None
    closes_at: int | None = None
    last_message_id: str | None = None
    last_at: int = 0
    last_seq: int = 0
    last_text: str = ""
    last_kind: str = ""
    last_author: str = ""
    last_author_id: str | None = None
    last_state: str = ""
    last_client_at: int | None = None
    inbound: int = 0
    snoozed_until: int | None = None
    due_at: int | None = None
    gone_at: int | None = None
    heard_at: int = 0
    answered_at: int = 0
    connection: str = ""
    private_to: str | None = None
    kept_out: int = 0
    anchor_at: int | None = None
    unreachable: int = 0
    """With the two below: what an `Address` knows, for a chat on a lent account, which is an address of its own."""
    reason: str = ""
    reach_changed_at: int | None = None
    attribution: dict[str, Any] = field(default_factory=dict)
    demo: int = 0
    new: bool = False
    dirty: bool = False


@dataclass(slots=True)
class Message:
    """One thing said, as far as later events need it; `new` ones are written whole."""

    id: str
    conversation_id: str
    contact_id: str
    source_id: str
    external_id: str | None
    direction: str = "in"
    author_kind: str = "client"
    kind: str = "text"
    text: str = ""
    at: int = 0
    seq: int = 0
    state: str = ""
    deal_id: str | None = None
    group_key: str | None = None
    attachments: int = 0
    edited: bool = False
    edited_at: int = 0
    deleted: bool = False
    content: dict[str, Any] = field(default_factory=dict)
    author_id: str | None = None
    author_name: str = ""
    purpose: str = ""
    nature: str = "client"
    received_at: int = 0
    reason: str = ""
    reply_to_id: str | None = None
    reply_to_external: str | None = None
    envelope_id: int | None = None
    stems: str = ""
    reworded: bool = False
    """Its words changed, so that they are to be written."""
    new: bool = False
    dirty: bool = False


@dataclass(slots=True)
class Deal:
    """A lead made by this batch."""

    id: str
    contact_id: str
    source_id: str
    conversation_id: str
    title: str
    queue_id: str | None
    owner_id: str | None
    waiting: str
    repeat: bool
    quiet: bool
    attribution: dict[str, Any]
    demo: int
    at: int
    priority: int = 0
    stage: tuple[str, str] | None = None
    """Pipeline and first stage; None: the house's own."""
    amount: int | None = None
    """In hundredths of the currency."""
    currency: str = "RUB"
    fields: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Confirmed:
    """A letter of thanks to send: from which form, by which source, to whom. `echo`: how the network will name it."""

    id: str
    echo: str
    source_id: str
    by_source: str
    contact_id: str
    deal_id: str | None
    identity_id: str
    address: str
    subject: str
    text: str
    demo: int


@dataclass(slots=True)
class Call:
    """The facts known of one call, old and new."""

    facts: dict[str, CallFact] = field(default_factory=dict)
    new: list[CallFact] = field(default_factory=list)
    row: dict[str, Any] | None = None
    """What the facts come to (table phone_call), once that changed."""
    look_at: int | None = None
    """When it settles if nothing more comes, as far as is kept."""


@dataclass(frozen=True, slots=True)
class Command:
    """Somebody of ours had a number called; the call itself is not known yet."""

    id: str
    source_id: str
    member_id: str
    extension: str
    number: str
    deal_id: str | None
    ref: str
    created_at: int


@dataclass(frozen=True, slots=True)
class NewAttachment:
    id: str
    message_id: str
    position: int
    source_id: str
    envelope_id: int | None
    attachment: Attachment
    held: bool = False
    """Not fetched until somebody says that it is a client's."""

    @property
    def mark(self) -> str:
        return self.attachment.mark or self.attachment.ref


@dataclass(slots=True)
class KeptFile:
    """A file of a message that is worded anew."""

    id: str
    position: int
    mark: str
    """The network's name of the file; "" it is ours, or was kept before such names were."""
    gone: bool = False
    """It belongs to an earlier version."""


@dataclass(frozen=True, slots=True)
class Version:
    """What a message was before: words, when they were replaced, by which envelope, the files that went with them."""

    message_id: str
    text: str
    at: int
    envelope_id: int
    files: tuple[str, ...] = ()


@dataclass(slots=True)
class Early:
    """A change of a message that is not there yet. `kept`: it stands in its table; `done`: the message came."""

    source_id: str
    external_id: str
    envelope_id: int
    event: Change
    kept: bool = False
    done: bool = False


@dataclass(slots=True)
class Board:
    """Everything a batch looks at. New rows are collected here until `storage.flush.flush`."""

    now: int
    identities: dict[tuple[str, str], Identity] = field(default_factory=dict)
    contacts: dict[str, Contact] = field(default_factory=dict)
    contacts_of: dict[str, list[str]] = field(default_factory=dict)
    names: dict[tuple[str, str], str] = field(default_factory=dict)
    """(contact, identity) -> how the person is called there."""
    addresses: dict[tuple[str, str], Address] = field(default_factory=dict)
    conversations: dict[str, Conversation] = field(default_factory=dict)
    threads: dict[tuple[str, str], str] = field(default_factory=dict)
    """(source, thread) -> conversation."""
    messages: dict[str, Message] = field(default_factory=dict)
    externals: dict[tuple[str, str], str] = field(default_factory=dict)
    """(source, external id) -> message."""
    groups: dict[tuple[str, str], str] = field(default_factory=dict)
    """(conversation, group key) -> message."""
    open_deals: dict[str, list[OpenDeal]] = field(default_factory=dict)
    """contact -> its open deals."""
    deals_by_id: dict[str, OpenDeal] = field(default_factory=dict)
    owners: dict[str, str | None] = field(default_factory=dict)
    """open deal -> owner."""
    last_closed: dict[str, tuple[ClosedDeal, int]] = field(default_factory=dict)
    touched: set[str] = field(default_factory=set)
    """Contacts with a touch."""
    calls: dict[tuple[str, str], Call] = field(default_factory=dict)
    extensions: dict[str, str] = field(default_factory=dict)
    """Telephone extension -> member."""
    internal: dict[tuple[str, str], str] = field(default_factory=dict)
    """Identity (kind, value) -> member whose own it is."""
    in_flight: dict[tuple[str, str], tuple[str, str]] = field(default_factory=dict)
    """(source, echo key) -> (outbox row, message)."""
    tests: dict[str, tuple[str, str]] = field(default_factory=dict)
    """source -> (code, member) of an open live test."""
    owing: Owing = field(default_factory=Owing)
    """Clients whose calls were missed; loaded with calls and with what we said elsewhere."""
    may_own: set[str] = field(default_factory=set)
    """Members who may own leads; loaded with calls."""
    commands: list[Command] = field(default_factory=list)
    """Commands to call whose call is still to come."""
    untouched: set[str] = field(default_factory=set)
    """Leads of calls that nobody has said or done anything about; loaded with calls."""
    unfounded: list[tuple[str, str]] = field(default_factory=list)
    """(lead, message): what looked like a client's call was one of ours."""
    linked: list[tuple[str, str, str]] = field(default_factory=list)
    """(command, state, message): the call that came of it."""

    aliases: dict[tuple[str, str], tuple[str, int]] = field(default_factory=dict)
    """(source, further thread key) -> its conversation, and when it was last used."""
    members: dict[str, set[str]] = field(default_factory=dict)
    """conversation -> addresses that take part in its letters."""
    recipients: dict[str, dict[str, str]] = field(default_factory=dict)
    """letter of ours -> address -> what became of it there."""

    new_links: list[tuple[str, str, str, bool, str]] = field(default_factory=list)
    alike: set[tuple[str, str, str]] = field(default_factory=set)
    """(contact that told of an address, contact whose it is, the address): they may be one person."""
    signed: set[tuple[str, str, str, str]] = field(default_factory=set)
    """(contact, kind, value, message): an address in the signature of a letter of theirs."""
    doubts: set[tuple[str, str, str, str]] = field(default_factory=set)
    """(contact, kind, address, value): what a person has to settle (storage/doubts.py)."""
    new_deals: list[Deal] = field(default_factory=list)
    new_attachments: list[NewAttachment] = field(default_factory=list)
    letters: list[tuple[str, str]] = field(default_factory=list)
    new_aliases: list[tuple[str, str, str]] = field(default_factory=list)
    decisions: list[tuple[str, str, str, str | None, str | None, str | None, str | None, str | None, Any]] = (
        field(default_factory=list)
    )
    touches: list[tuple[str, str, str | None, str | None, str, str, Any, int, bool]] = field(
        default_factory=list
    )
    consents: list[tuple[str, str, str, str, str, str, int, dict[str, str]]] = field(default_factory=list)
    contact_fields: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    """(contact, fields): fill what is empty on the card."""
    confirmations: list[Confirmed] = field(default_factory=list)
    versions: list[Version] = field(default_factory=list)
    files: dict[str, list[KeptFile]] = field(default_factory=dict)
    """message that is worded anew -> all its files, in their order."""
    early: dict[tuple[str, str], list[Early]] = field(default_factory=dict)
    """(source, external id) -> what was told of a message that is not there yet."""
    cut: list[tuple[str, str, str]] = field(default_factory=list)
    """(source, external id, thread) of messages of which only a part came."""
    colleagues: dict[tuple[str, str, str], str] = field(default_factory=dict)
    """(source, kind, value) of ours who write in the network's own program -> name; "" where the network tells none."""
    bylines: list[tuple[str, str, str, str]] = field(default_factory=list)
    """(message, source, kind, value) of what somebody wrote there whose name is still to be asked for."""
    completed: list[tuple[str, str]] = field(default_factory=list)
    """(source, external id) of those whose rest came."""
    lent: dict[tuple[str, str], str | None] = field(default_factory=dict)
    """(source, connection) -> the member whose account that is."""
    gone_on: dict[tuple[str, str], Row[Any]] = field(default_factory=dict)
    """(source, thread) -> the conversation that goes on under this name, on a private account that was lent again."""
    resumed: list[tuple[str, str, str]] = field(default_factory=list)
    """(conversation, its thread before, and now)."""
    unwanted: set[int] = field(default_factory=set)
    """Envelopes of private talk, whose words have to go."""
    reactions: list[tuple[str, str, list[str], int]] = field(default_factory=list)
    participants: dict[tuple[str, str], str] = field(default_factory=dict)
    active_deals: dict[str, int] = field(default_factory=dict)
    """open deal -> activity that counts."""
    answered_deals: dict[str, int] = field(default_factory=dict)
    """deal -> when a person of ours first was in touch."""
    echoes: list[tuple[str, str, str, int]] = field(default_factory=list)
    numbered: list[tuple[str, int]] = field(default_factory=list)
    """Our own messages and their numbers in the network's chat, by which it tells how far the client has read."""
    """(outbox row, message, external id, at): proof that our own message is there."""
    delivered: list[tuple[str, str, str]] = field(default_factory=list)
    """(message, state, reason): what became of our messages."""
    read_up_to: list[tuple[str, int, str]] = field(default_factory=list)
    """(conversation, provider's number, state): all of our messages there up to it."""
    test_steps: list[tuple[str, str, str, str]] = field(default_factory=list)
    """(source, step code, message, conversation)."""
    connections: list[tuple[str, str, str, str, int, int, int]] = field(default_factory=list)
    """(source, key, owner's identity, name, active, can reply, at): news of private accounts."""
    let_out: list[str] = field(default_factory=list)
    """Messages that were under spam and are a client's words after all."""
    bindings: dict[tuple[str, str, str], str] = field(default_factory=dict)
    """(source, kind, value) -> deal that an extension, tracking number or link means."""
    questions: list[tuple[str, str, str, list[str], str]] = field(default_factory=list)
    """(conversation, kind, about, choices, message): what the operator is to be asked once."""
    related: list[tuple[str, str]] = field(default_factory=list)
    """(new conversation, the one it seems to go on from)."""
    marked: dict[tuple[str, str], tuple[str, int]] = field(default_factory=dict)
    """(source, further thread key) -> the conversation it means from now on, and when it was used."""
    new_members: set[tuple[str, str]] = field(default_factory=set)
    told: list[tuple[str, str, str, str, str]] = field(default_factory=list)
    """(message, address, state, reason, detail): what became of letters at their addressees."""
    renamed_threads: list[tuple[str, str]] = field(default_factory=list)
    """(conversation, thread): the network calls it so from now on."""
    lifted: set[str] = field(default_factory=set)
    """Addresses that are no spammer's any more: one of ours wrote to them."""
    placed: list[tuple[str, int, int]] = field(default_factory=list)
    """(message, time, the network's number) of albums whose earlier part came later."""
    reshown: set[str] = field(default_factory=set)
    """Conversations whose newest message stands earlier than it was shown: another may be newer."""
    rerouted: bool = False
    """Something happened that the router should look at."""

    def conversation(self, source_id: str, thread: str) -> Conversation | None:
        """The conversation of a thread, when it is known."""
        found = self.threads.get((source_id, thread))
        return None if found is None else self.conversations[found]

    def message(self, source_id: str, external_id: str) -> Message | None:
        """The message with this network id, when it is known."""
        found = self.externals.get((source_id, external_id)) if external_id else None
        return None if found is None else self.messages[found]

    def files_of(self, message: Message) -> list[KeptFile]:
        """All files of a message that is worded anew, those of earlier versions too."""
        if message.id not in self.files:
            mine = (one for one in self.new_attachments if one.message_id == message.id)
            self.files[message.id] = [KeptFile(one.id, one.position, one.mark) for one in mine]
        return self.files[message.id]

    def add_file(self, new: NewAttachment) -> None:
        """A file that is to be fetched."""
        self.new_attachments.append(new)
        if new.message_id in self.files:
            self.files[new.message_id].append(KeptFile(new.id, new.position, new.mark))

    def add_message(self, message: Message) -> None:
        """A new message, found from now on by its ids."""
        self.messages[message.id] = message
        if message.external_id is not None:
            self.externals[message.source_id, message.external_id] = message.id
        if message.group_key is not None:
            self.groups[message.conversation_id, message.group_key] = message.id

    def changed_contacts(self) -> Iterable[Contact]:
        return (contact for contact in self.contacts.values() if contact.new or contact.dirty)
