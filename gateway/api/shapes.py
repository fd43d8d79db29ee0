"""What do our answers look like?

Typed dictionaries: handlers return them, the OpenAPI document is made from them, the console's types are generated from
that. Times are microseconds UTC; ids are UUIDv7 strings; a missing thing is null, never an absent key.
"""

from __future__ import annotations

from typing import Any, Literal, NotRequired

from typing_extensions import TypedDict

Micros = int
Permission = str
"""`<what>:<scope>`, for instance `conversation.reply:all`; the list is gateway.permissions."""


class Error(TypedDict):
    """Every refusal: a code of the fixed list, an English sentence, and what the code's text needs."""

    code: str
    message: str
    params: dict[str, str | int | float | bool | None]


class Ref(TypedDict):
    id: str
    name: str


# --- who is here ---------------------------------------------------------------------------------------------------


class Presence(TypedDict):
    state: Literal["on_shift", "break", "dnd", "off"]
    until: Micros | None
    automatic: bool


class Me(TypedDict):
    id: str
    name: str
    email: str
    roles: list[str]
    permissions: list[Permission]
    presence: Presence
    prefs: dict[str, str | int | bool]
    """language ru|en, theme system|light|dark, density cosy|compact, keys true|false, enter_sends…"""
    server_time: Micros
    version: str
    demo: bool
    needs_setup: bool
    """True for the first administrator until name, mail and password are set."""


class Start(TypedDict):
    """What the sign-in page needs to know before anybody signed in."""

    first_run: bool
    demo: bool
    version: str
    company: str


class ChecklistItem(TypedDict):
    code: Literal["public_url", "hours", "people", "source", "test", "who"]
    done: bool
    detail: str


class Shift(TypedDict):
    opens_at: Micros
    closes_at: Micros


class Member(TypedDict):
    id: str
    name: str
    email: str
    roles: list[str]
    active: bool
    presence: Presence
    load: float
    capacity: float
    invited: bool
    team_id: str | None
    skills: list[str]
    may_own: bool
    """Whether leads may come to them at all."""
    held: list[str]
    """Why no lead would come now, in the router's codes; [] one may come."""
    overdue_tasks: int
    idle_deals: int
    shift: Shift | None
    """The present or next working hours by the schedule; null: at any time, or never."""
    gate_until: Micros | None
    """Until when discipline does not hold leads back."""
    substitute_id: str | None


class QueueHours(TypedDict):
    timezone: str
    week: list[list[list[int]]]


class Queue(TypedDict):
    id: str
    name: str
    strategy: Literal["in_order", "evenly", "least_loaded", "all_at_once"]
    members: list[Ref]
    head: Ref | None
    accept_seconds: int
    everyone_seconds: int
    singles: int
    """Single offers before everybody is asked at once."""
    sticky_minutes: int
    qualify_minutes: int
    retry_minutes: int
    weights: dict[str, float]
    """Members' shares for `least_loaded`, where not 1."""
    team_id: str | None
    hours: QueueHours | None
    """The queue's own; null: the company's."""


class Company(TypedDict):
    name: str
    timezone: str
    hours: list[list[list[int]]]
    """Seven weekdays from Monday, each a list of [from, to] in minutes of the day; all empty: always open."""
    public_url: str
    public_url_problem: str
    """Code of what cannot work with this address, "" when all can."""
    mismatch: Literal["ask", "deal", "contact"]
    """What becomes of a client whose responsible owns none of their open deals."""


# --- the queue -----------------------------------------------------------------------------------------------------


class SourceRef(TypedDict):
    id: str
    name: str
    channel: str
    state: str


class Window(TypedDict):
    """May we write here now? The words are the console's; the facts are ours."""

    state: Literal[
        "none", "open", "closed", "never_opened", "blocked_by_client", "no_permission", "source_down", "no_address",
        "conversation_closed", "read_only", "cannot_answer", "warn",
    ]  # fmt: skip
    reason: str
    closes_at: Micros | None
    closed_at: Micros | None
    last_client_at: Micros | None
    enforcement: Literal["block", "warn", "off"]
    fixed: bool
    may_override: bool
    reach: str
    """Why the person cannot be written to on this source, as the channel calls it; "" while they can."""


class Fallback(TypedDict):
    kind: Literal["channel", "template", "call", "wait"]
    source: SourceRef | None
    conversation_id: str | None
    identity_id: str | None
    address: str
    window: Window | None


class Preview(TypedDict):
    at: Micros
    text: str
    kind: str
    author: Literal["client", "me", "person", "robot", "system"]
    author_name: str
    state: str


class DealRef(TypedDict):
    id: str
    number: int
    title: str
    stage: str
    stage_kind: Literal["lead", "open", "won", "lost", "merged"]
    pinned: bool


class Row(TypedDict):
    """One line of the queue, with all that it shows."""

    id: str
    contact: Ref
    source: SourceRef
    state: Literal["open", "waiting", "snoozed", "closed"]
    nature: str
    last: Preview | None
    unanswered: bool
    waiting_since: Micros | None
    deadline_at: Micros | None
    reason: str
    """Why the row stands where it stands (routing.codes)."""
    unread: int
    window: Window
    assignee: Ref | None
    claim: Ref | None
    deal: DealRef | None
    offered: Ref | None
    draft: str
    snoozed_until: Micros | None
    also: list[str]
    """Channels of the contact's other unanswered conversations."""
    seq: int
    """Number of the row's newest live event; a smaller one is older news."""


class Page(TypedDict):
    rows: list[Row]
    next: str | None


class Counters(TypedDict):
    unanswered: int
    mine: int
    all: int
    snoozed: int
    offers: int
    sources_broken: int
    set_aside: int


# --- a conversation ------------------------------------------------------------------------------------------------


class IdentityShape(TypedDict):
    id: str
    kind: str
    value: str
    username: str
    """The name that people know it by, without @; "" where the network has none."""
    link: str | None
    origin: str
    verified: bool
    shared: bool
    blocked: bool


class Deal(TypedDict):
    id: str
    number: int
    title: str
    stage: str
    stage_id: str
    stage_kind: Literal["lead", "open", "won", "lost", "merged"]
    amount: str | None
    currency: str
    owner: Ref | None
    queue: Ref | None
    waiting_reason: str | None
    repeat: bool
    quiet: bool
    created_at: Micros
    last_activity_at: Micros
    closed_at: Micros | None


class Task(TypedDict):
    id: str
    kind: str
    title: str
    due_at: Micros | None
    done_at: Micros | None
    result: str
    """How it was closed; "" of a call back that a call itself closed."""
    owner: Ref | None
    contact: Ref | None
    deal_id: str | None


class AttributionShape(TypedDict):
    campaign: str
    page: str
    referrer: str
    utm: dict[str, str]


class Contact(TypedDict):
    id: str
    name: str
    responsible: Ref | None
    identities: list[IdentityShape]
    deals: list[Deal]
    tasks: list[Task]
    attribution: AttributionShape | None
    other_names: list[str]


class Limits(TypedDict):
    """A channel's capabilities as far as the composer needs them."""

    reply: bool
    text_max: int
    text_unit: str
    caption_max: int
    files: dict[str, int]
    files_per_message: int
    location: bool
    card: bool
    stickers: bool
    reply_to: bool
    subject: bool
    recipients: int
    """How many addressees a letter may have; 0: there are no letters."""
    typing: bool
    delivered: bool
    read: bool
    enter_sends: bool
    styles: list[str]
    reactions: list[str]
    """Emojis we may put under a client's message."""


class StickerShape(TypedDict):
    """A sticker that a client sent by this source: it can be sent too."""

    id: str
    url: str


class Stickers(TypedDict):
    items: list[StickerShape]


class Conversation(TypedDict):
    row: Row
    contact: Contact
    limits: Limits
    fallbacks: list[Fallback]
    viewers: list[Viewer]
    read_up_to: str | None
    """The newest message this member has read."""
    subject: str
    related: Ref | None
    """Another thread that this one seems to go on from."""
    participants: list[Participant]
    """Who writes in a group; nobody in a talk with one person."""


class Participant(TypedDict):
    name: str
    kind: str
    value: str
    link: str | None
    contact_id: str | None


class Viewer(TypedDict):
    member: Ref
    typing: bool


class AttachmentShape(TypedDict):
    id: str
    kind: str
    name: str
    mime: str
    size: int | None
    width: int | None
    height: int | None
    seconds: int | None
    state: Literal["fetch", "ready", "failed"]
    reason: str
    url: str | None
    thumb: str | None
    transcript: str


class Field(TypedDict):
    label: str
    value: str


class Call(TypedDict):
    state: Literal["ringing", "answered", "finished", "missed"]
    direction: Literal["in", "out", "internal"]
    line: str
    answered_by: Ref | None
    wait_seconds: int | None
    talk_seconds: int | None
    called_back_at: Micros | None
    """When we were next in touch with the client of a missed call, in any channel; null: nobody was yet."""
    wrote_back: bool
    """We were in touch in writing."""
    outcome: str
    rang: list[Ref]
    stale: bool
    """Nobody ever told how it ended."""
    repaired: bool
    """Known only because the telephone system's history was asked."""
    result: Literal["", "reached", "not_reached", "later"]
    """The caller's own word."""


class Ring(TypedDict):
    id: str
    """The call's item on the timeline."""
    state: Literal["ringing", "answered", "missed"]
    source: SourceRef
    line: str
    phone: str
    contact: Ref
    conversation_id: str
    deal: DealRef | None
    responsible: Ref | None
    answered_by: Ref | None
    calls_before: int
    """How often they called in the last thirty days."""
    campaign: str
    started_at: Micros


class Rings(TypedDict):
    seq: int
    items: list[Ring]


class CallCommand(TypedDict):
    id: str
    number: str
    source: SourceRef


class Quote(TypedDict):
    id: str
    author: str
    text: str


class SpanShape(TypedDict):
    """A styled stretch of the text, counted in code points."""

    start: int
    length: int
    style: Literal["bold", "italic", "underline", "strike", "code", "pre", "quote", "spoiler", "link"]
    url: str


class Forward(TypedDict):
    """A message carried over from elsewhere, with what it carried itself."""

    author: str
    at: Micros
    text: str
    within: list[Forward]


class LaterAct(TypedDict):
    """What was asked of the network after the message was there, and is not done."""

    act: Literal["edit", "delete", "react"]
    state: str
    """queued sending postponed · failed undelivered"""
    reason: str
    text: str
    """The new words, or the emoji."""


class Version(TypedDict):
    text: str
    until: Micros
    """When the next words took its place."""
    attachments: list[AttachmentShape]
    """Files that went away with it; what stayed is shown with the message."""


class Versions(TypedDict):
    items: list[Version]
    """Oldest first, without the words of now."""


class Addressee(TypedDict):
    address: str
    name: str
    kind: Literal["to", "cc", "bcc"]


class Reached(Addressee):
    """An addressee of a letter of ours, with what became of it there."""

    state: Literal["waiting", "sent", "failed", "undelivered"]
    reason: str
    detail: str


class Mail(TypedDict):
    """What stands above a letter."""

    sender: str
    to: list[str]
    cc: list[str]
    bcc: list[str]
    reply_to: str
    reached: list[Reached]
    """Of a letter of ours: each addressee."""
    notes: list[str]
    """Codes of what is to be said of it as a whole (the channel's `notes`)."""


class LetterFile(TypedDict):
    id: str
    name: str
    mime: str
    size: int | None
    ready: bool


class LetterBlank(TypedDict):
    """A letter before a word is written."""

    way: Literal["reply", "all", "forward", "new"]
    source: SourceRef
    sender: str
    to: list[Addressee]
    subject: str
    signature: str
    quote: str | None
    """The message that is repeated below."""
    quoted: str
    files: list[LetterFile]
    """Files of a letter that is handed on."""


class Posted(TypedDict):
    conversation_id: str
    items: list[Item]
    not_before: Micros


class Item(TypedDict):
    """One thing of the timeline."""

    id: str
    conversation_id: str
    contact_id: str
    source: SourceRef
    kind: str
    """text photo video voice audio file sticker location contact button form call mail unsupported note system"""
    direction: Literal["in", "out", "none"]
    author: Literal["client", "person", "robot", "system"]
    author_name: str
    author_id: str | None
    mine: bool
    at: Micros
    place: int
    """The network's number in its chat: the order of what was said within one second; 0 where it has none."""
    received_at: Micros
    late: bool
    text: str
    spans: list[SpanShape]
    has_html: bool
    subject: str
    mail: Mail | None
    nature: str
    attachments: list[AttachmentShape]
    fields: list[Field]
    call: Call | None
    location: dict[str, float | str] | None
    card: dict[str, str | bool | list[str]] | None
    reply_to: Quote | None
    quote: str
    """The part of `reply_to` that the writer marked."""
    forwarded_from: str
    forwards: list[Forward]
    unsupported: str
    state: str
    """held queued sending sent delivered read · postponed failed unknown cancelled undelivered · "" for what came in."""
    reason: str
    """Code of why it is postponed, failed, unknown, cancelled or undelivered."""
    retry_at: Micros | None
    not_before: Micros | None
    may: list[Literal["undo", "retry", "resolve", "move", "edit", "delete", "react", "release"]]
    later: LaterAct | None
    edited: bool
    deleted: bool
    reactions: list[str]
    """Of the people at the other end."""
    own_reaction: str
    deal: DealRef | None
    has_raw: bool
    system: dict[str, str | int | None] | None
    """For system lines: {code, …params}."""


class Timeline(TypedDict):
    items: list[Item]
    before: str | None
    """Cursor of older items, null: this is the beginning."""


class Sent(TypedDict):
    items: list[Item]
    not_before: Micros


class Undone(TypedDict):
    """A message taken back: one that waited is gone at once and its words come back, one that left is asked back."""

    left: bool
    text: str
    files: list[Uploaded]


class AddressLine(TypedDict):
    """One address of somebody, as lists show it."""

    kind: str
    value: str
    username: str


class Uploaded(TypedDict):
    id: str
    name: str
    mime: str
    size: int


class Scheduled(TypedDict):
    """An answer that waits for its time or for the client, or that was stopped and waits for a person."""

    id: str
    conversation_id: str
    contact_id: str
    source: SourceRef
    author: Ref
    text: str
    spans: list[SpanShape]
    files: list[Uploaded]
    waits_for: Literal["time", "client"]
    at: Micros
    """When it goes; when it waits for the client: when it is given up."""
    anyway: bool
    """It goes though somebody wrote meanwhile."""
    state: Literal["waiting", "stopped", "cancelled", "sent"]
    reason: str
    """Why it was stopped: a refusal's code, or author_gone no_right spam blocked deal_closed colleague_wrote client_wrote
    never_wrote too_old late colleague_stopped."""
    version: int
    created_at: Micros


class ScheduledPage(TypedDict):
    items: list[Scheduled]
    next: str | None


class Draft(TypedDict):
    conversation_id: str
    mode: Literal["reply", "note"]
    text: str
    files: list[Uploaded]
    reply_to: str | None
    version: int


class Undo(TypedDict):
    """The call that takes it back, within 8 seconds on screen and as long as nothing else changed it on the server."""

    method: str
    path: str
    body: dict[str, str | int | bool | None]


class Changed(TypedDict):
    row: Row
    undo: Undo | None


class Next(TypedDict):
    conversation_id: str | None


# --- why -----------------------------------------------------------------------------------------------------------


class Candidate(TypedDict):
    ref: str
    name: str
    verdict: str
    facts: dict[str, str | int | float | bool | None]


class Decision(TypedDict):
    """The stored record of one answer. Codes and facts; the words are the console's."""

    id: str
    kind: str
    rule: str
    chosen: str | None
    chosen_name: str
    at: Micros
    facts: dict[str, str | int | float | bool | list[str] | None]
    candidates: list[Candidate]


class Decisions(TypedDict):
    items: list[Decision]


# --- leads ---------------------------------------------------------------------------------------------------------


class Offer(TypedDict):
    id: str
    deal: DealRef
    contact: Ref
    phone: str
    """Where the client can be called; "": nowhere, or the client is no longer this member's to see."""
    source: SourceRef
    conversation_id: str | None
    preview: str
    campaign: str
    waiting_since: Micros
    repeat: bool
    broadcast: bool
    state: Literal["open", "accepted", "declined", "expired", "withdrawn", "taken"]
    taken_by: Ref | None
    offered_at: Micros
    expires_at: Micros
    may_extend: bool
    decision_id: str | None


class Offers(TypedDict):
    items: list[Offer]
    held_back: Decision | None
    """Why no lead comes to this member now, in the router's own reasons; null when leads may come."""


# --- sources -------------------------------------------------------------------------------------------------------


class CheckShape(TypedDict):
    code: str
    ok: bool
    detail: str
    params: dict[str, str]


class Account(TypedDict):
    """I1 and its outgoing twin, in numbers; they always balance."""

    received: int
    opened: int
    ignored: int
    set_aside: int
    waiting: int
    accepted: int
    sent: int
    undelivered: int
    failed: int
    unknown: int
    cancelled: int
    leaving: int


class Answering(TypedDict):
    """How soon answers are due, in working minutes, and what clients are told outside working hours."""

    first_minutes: int
    next_minutes: int
    closed_reply: str


class Source(TypedDict):
    id: str
    channel: str
    name: str
    state: Literal["draft", "active", "paused", "broken", "disconnected"]
    verified: bool
    """A first message has come through."""
    health: list[CheckShape]
    last_event_at: Micros | None
    last_error: str
    paused_until: Micros | None
    paused_reason: str
    queue: Ref | None
    settings: dict[str, str]
    """Without secrets; a secret that is set stands as an empty string in `settings` and its name in `secrets`."""
    secrets: list[str]
    hook_url: str
    slug: str
    public_page: str
    transport: Literal["webhook", "polling", "none"]
    account: Account
    leads_30_days: int
    demo: bool
    hours: float | None
    """Reply window in hours, null: none."""
    enforcement: Literal["block", "warn", "off"]
    window_fixed: bool
    first_answer: Literal["manager", "operator"]
    on_open_deal: Literal["attach", "new_lead"]
    """What becomes of an enquiry of somebody whose deal is open: a touch of it, or a lead of its own."""
    pipeline_id: str | None
    answering: Answering
    staff: bool
    """Set apart for our own people."""
    can_tell_staff: bool
    letters: bool
    has_address: bool
    """Somebody delivers to an address of ours, which can be changed."""
    old_address_until: int | None
    """Until when the address before the last change is good too."""
    """What is said here are letters: one can be written to any address."""
    designed: bool
    """It has a public face that is designed here."""
    taught: bool
    """It can be taught by clicking on a sample."""
    learns: bool
    """It can be taught by test calls."""


class Sources(TypedDict):
    items: list[Source]


class TestSession(TypedDict):
    """The live test of the wizard's fourth step."""

    code: str
    link: str
    started_at: Micros
    steps: list[CheckShape]
    message_at: Micros | None
    conversation_id: str | None
    would_get: Decision | None


class EnvelopeShape(TypedDict):
    id: int
    source_id: str
    received_at: Micros
    state: Literal["waiting", "opened", "ignored", "set_aside"]
    reason: str
    error: str
    attempts: int
    size: int
    preview: str
    key: str | None
    message_ids: NotRequired[list[str]]


class Envelopes(TypedDict):
    items: list[EnvelopeShape]
    next: str | None


class RawEnvelope(TypedDict):
    """The envelope as it came, secrets of the source blanked."""

    id: int
    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: str
    encoding: Literal["utf-8", "base64"]
    truncated: bool


class Replayed(TypedDict):
    replayed: int
    opened: int
    set_aside: int


class GapShape(TypedDict):
    """Numbers the network gave to events that never came."""

    first: int
    last: int
    after_at: Micros
    before_at: Micros


class Gaps(TypedDict):
    count: int
    spans: list[GapShape]


class SetAside(TypedDict):
    envelope: int
    at: Micros
    error: str


class AsideShape(TypedDict):
    count: int
    oldest: list[SetAside]


class CertifiedSource(TypedDict):
    id: str
    name: str
    account: dict[str, int]
    differences: dict[str, list[int]]
    """name -> [what the account says, what the rows say]"""
    waiting_since: Micros | None
    set_aside: AsideShape
    gaps: Gaps


class ChainProblem(TypedDict):
    kind: str
    link: int
    envelope: int | None


class Chain(TypedDict):
    links: int
    envelopes: int
    unread: int
    erased: int
    removed: int
    head: int
    digest: str
    found: int
    problems: list[ChainProblem]


class CertificateDocument(TypedDict):
    """What is signed: this document as JSON with sorted keys and no spaces, by Ed25519."""

    form: int
    since: Micros
    until: Micros
    nothing_lost: bool
    balanced: bool
    gaps: int
    set_aside: int
    chain: Chain
    sources: list[CertifiedSource]


class Certificate(TypedDict):
    id: str
    at: Micros
    nothing_lost: bool
    member_id: str | None
    document: CertificateDocument
    signature: str
    public_key: str


class Certificates(TypedDict):
    items: list[Certificate]
    next: str | None


# --- search --------------------------------------------------------------------------------------------------------


class HitAuthor(TypedDict):
    name: str
    kind: Literal["client", "person", "robot"]
    me: bool


class Hit(TypedDict):
    """Something that was found. `found`: its words that were looked for, as they stand; `message_id`: where it opens."""

    kind: Literal["contact", "conversation", "deal", "message", "file"]
    id: str
    conversation_id: str | None
    message_id: str | None
    contact_id: str | None
    title: str
    snippet: str
    found: list[str]
    at: Micros | None
    source: SourceRef | None
    author: HitAuthor | None
    state: str
    """Of a conversation, or the kind of a deal's stage."""
    file: AttachmentShape | None


class Hits(TypedDict):
    """`hidden`: conversations that fit and are not for this member. `read_as`: the words in the other keyboard layout, where
    only those were found. `unread`: what was not understood of the question, as it was typed; then nothing was looked for."""

    items: list[Hit]
    next: str | None
    hidden: int
    read_as: str
    unread: list[str]


# --- the demonstration ---------------------------------------------------------------------------------------------


class DemoPhone(TypedDict):
    """One made-up client on one source, with what both sides see there."""

    source: SourceRef
    client: str
    name: str
    doings: list[str]
    faults: list[str]
    seen: list[DemoLine]


class DemoLine(TypedDict):
    from_client: bool
    text: str
    doing: str
    """What the client did, where it is not words alone; "" for what reached them."""
    at: Micros
    files: list[str]


class Demo(TypedDict):
    active: bool
    clients: list[Ref]
    phones: list[DemoPhone]
    clock_offset: Micros


class DemoActed(TypedDict):
    status: int
    body: str
    event: str


# --- live ----------------------------------------------------------------------------------------------------------


class LiveEvent(TypedDict):
    """A frame of `/api/v1/live`: `hello`, `ping`, `snapshot_required`, or a change with its patch."""

    seq: int
    type: str
    id: str
    patch: NotRequired[dict[str, object] | None]
    server_time: NotRequired[Micros]
    version: NotRequired[str]


class DesignVersion(TypedDict):
    number: int
    at: Micros
    by: str
    note: str
    restored_from: int | None


class Design(TypedDict):
    """The public face of a source: what is published, and what is worked on."""

    number: int
    """Of the published version; 0: none was published here."""
    published: str
    content: str
    """The draft, else what is published."""
    revision: int
    """Of the draft; 0: there is none."""
    changed: bool
    """The draft differs from what is published."""
    changed_at: Micros | None
    changed_by: str
    checks: list[CheckShape]
    """What the draft lacks before it may be published."""
    versions: list[DesignVersion]


class Quarantined(TypedDict):
    id: str
    conversation_id: str
    contact: Ref
    at: Micros
    text: str
    fields: list[dict[str, str]]
    reasons: list[str]
    """Codes of what spoke against it; the channel has a text for each."""
    may_release: bool


class Quarantine(TypedDict):
    items: list[Quarantined]
    total: int
    next: str | None


class Released(TypedDict):
    released: int


class SampleRef(TypedDict):
    id: int
    at: Micros
    state: str
    error: str
    type: str
    size: int


class Samples(TypedDict):
    items: list[SampleRef]


class LeafShape(TypedDict):
    path: str
    value: str
    target: str
    """What it is taken for; "" nothing."""


class Sample(TypedDict):
    id: int
    leaves: list[LeafShape]


class CallFigures(TypedDict):
    incoming: int
    answered: int
    missed: int
    outgoing: int
    reached: int


class CallsOfMember(CallFigures):
    """`missed` counts calls that rang at this person's telephone and nobody took."""

    member: Ref


class CallsOfLine(CallFigures):
    source: SourceRef
    line: str


class CallBacks(TypedDict):
    owed: int
    tried: int
    open: int
    in_time: int
    """Tried within fifteen working minutes."""
    median_seconds: int | None
    median_working_seconds: int | None


class CallReport(TypedDict):
    since: Micros
    until: Micros
    total: CallFigures
    members: list[CallsOfMember]
    lines: list[CallsOfLine]
    hidden: int
    repaired: int
    unclear: int
    call_backs: CallBacks


class TrialRequest(TypedDict):
    id: int
    at: Micros
    leaves: list[LeafShape]


class TrialResult(TypedDict):
    """The call that a trial comes to."""

    state: str
    direction: str
    client: str
    line: str
    rang: list[str]
    answered_by: str
    talk_seconds: int | None
    recordings: int


class Tried(TypedDict):
    problem: str
    """A code: what is not as the test call was; "" all is."""
    call: TrialResult | None


class TrialShape(Tried):
    kind: str
    requests: list[TrialRequest]


class Learnt(TypedDict):
    """What came during test calls, what it is taken to mean, and what that comes to."""

    lessons: str
    content: str
    """The description that the lessons come to: what may be drafted and published."""
    checks: list[CheckShape]
    trials: list[TrialShape]


class Lesson(TypedDict):
    """What would be read: the person, the words, what goes where."""

    name: str
    identities: list[dict[str, str]]
    text: str
    title: str
    fields: list[dict[str, str]]
    contact_fields: dict[str, str]
    deal_fields: dict[str, str]
    attribution: dict[str, Any]
    external_id: str
