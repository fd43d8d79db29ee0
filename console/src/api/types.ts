/**
 * What do the gateway's answers look like?
 *
 * Written after gateway/api/shapes.py. Times are microseconds UTC; ids are UUIDv7 strings; a missing thing is null.
 */

export type Micros = number;
export type Permission = string;
export type Params = Record<string, string | number | boolean | null>;

/** Every refusal: a code of the fixed list, an English sentence, and what the code's text needs. */
export interface Refusal {
  code: string;
  message: string;
  params: Params;
}

export interface Ref {
  id: string;
  name: string;
}

export interface Presence {
  state: "on_shift" | "break" | "dnd" | "off";
  until: Micros | null;
  automatic: boolean;
}

export interface Me {
  id: string;
  name: string;
  email: string;
  roles: string[];
  permissions: Permission[];
  presence: Presence;
  /** language ru|en, theme system|light|dark, density cosy|compact, keys true|false, enter_sends… */
  prefs: Record<string, string | number | boolean>;
  server_time: Micros;
  version: string;
  demo: boolean;
  /** True for the first administrator until name, mail and password are set. */
  needs_setup: boolean;
}

/** What the sign-in page needs to know before anybody signed in. */
export interface Start {
  first_run: boolean;
  demo: boolean;
  version: string;
  company: string;
}

export interface ChecklistItem {
  code: "public_url" | "hours" | "people" | "source" | "test" | "who";
  done: boolean;
  detail: string;
}

export interface Member {
  id: string;
  name: string;
  email: string;
  roles: string[];
  active: boolean;
  presence: Presence;
  load: number;
  capacity: number;
  invited: boolean;
}

export interface Queue {
  id: string;
  name: string;
  strategy: "in_order" | "evenly" | "least_loaded" | "all_at_once";
  members: Ref[];
  head: Ref | null;
  accept_seconds: number;
}

export interface Company {
  name: string;
  timezone: string;
  /** Seven weekdays from Monday, each a list of [from, to] in minutes of the day; all empty: always open. */
  hours: number[][][];
  public_url: string;
  /** Code of what cannot work with this address, "" when all can. */
  public_url_problem: string;
}

export interface SourceRef {
  id: string;
  name: string;
  channel: string;
  state: string;
}

/** May we write here now? The words are the console's; the facts are ours. */
export interface Window {
  state: "none" | "open" | "closed" | "never_opened" | "blocked_by_client" | "no_permission" | "source_down" | "no_address" | "conversation_closed" | "read_only" | "warn";
  reason: string;
  closes_at: Micros | null;
  closed_at: Micros | null;
  last_client_at: Micros | null;
  enforcement: "block" | "warn" | "off";
  fixed: boolean;
  may_override: boolean;
}

export interface Fallback {
  kind: "channel" | "template" | "call" | "wait";
  source: SourceRef | null;
  conversation_id: string | null;
  identity_id: string | null;
  address: string;
  window: Window | null;
}

export interface Preview {
  at: Micros;
  text: string;
  kind: string;
  author: "client" | "me" | "person" | "robot" | "system";
  author_name: string;
  state: string;
}

export interface DealRef {
  id: string;
  number: number;
  title: string;
  stage: string;
  stage_kind: "lead" | "open" | "won" | "lost" | "merged";
  pinned: boolean;
}

/** One line of the queue, with all that it shows. */
export interface Row {
  id: string;
  contact: Ref;
  source: SourceRef;
  state: "open" | "waiting" | "snoozed" | "closed";
  nature: string;
  last: Preview | null;
  unanswered: boolean;
  waiting_since: Micros | null;
  deadline_at: Micros | null;
  /** Why the row stands where it stands (routing.codes). */
  reason: string;
  unread: number;
  window: Window;
  assignee: Ref | null;
  claim: Ref | null;
  deal: DealRef | null;
  offered: Ref | null;
  draft: string;
  snoozed_until: Micros | null;
  /** Channels of the contact's other unanswered conversations. */
  also: string[];
  /** Number of the row's newest live event; a smaller one is older news. */
  seq: number;
}

export interface Page {
  rows: Row[];
  next: string | null;
}

export interface Counters {
  unanswered: number;
  mine: number;
  all: number;
  snoozed: number;
  offers: number;
  sources_broken: number;
  set_aside: number;
}

export interface IdentityShape {
  id: string;
  kind: string;
  value: string;
  link: string | null;
  origin: string;
  verified: boolean;
  shared: boolean;
}

export interface Deal {
  id: string;
  number: number;
  title: string;
  stage: string;
  stage_id: string;
  stage_kind: "lead" | "open" | "won" | "lost" | "merged";
  amount: string | null;
  currency: string;
  owner: Ref | null;
  queue: Ref | null;
  waiting_reason: string | null;
  repeat: boolean;
  quiet: boolean;
  created_at: Micros;
  last_activity_at: Micros;
  closed_at: Micros | null;
}

export interface Task {
  id: string;
  kind: string;
  title: string;
  due_at: Micros | null;
  done_at: Micros | null;
  owner: Ref | null;
  deal_id: string | null;
}

export interface AttributionShape {
  campaign: string;
  page: string;
  referrer: string;
  utm: Record<string, string>;
}

export interface Contact {
  id: string;
  name: string;
  responsible: Ref | null;
  identities: IdentityShape[];
  deals: Deal[];
  tasks: Task[];
  attribution: AttributionShape | null;
  other_names: string[];
}

/** A channel's capabilities as far as the composer needs them. */
export interface Limits {
  reply: boolean;
  text_max: number;
  text_unit: string;
  caption_max: number;
  files: Record<string, number>;
  files_per_message: number;
  reply_to: boolean;
  subject: boolean;
  typing: boolean;
  delivered: boolean;
  read: boolean;
  enter_sends: boolean;
}

export interface Conversation {
  row: Row;
  contact: Contact;
  limits: Limits;
  fallbacks: Fallback[];
  viewers: Viewer[];
  /** The newest message this member has read. */
  read_up_to: string | null;
  subject: string;
}

export interface Viewer {
  member: Ref;
  typing: boolean;
}

export interface AttachmentShape {
  id: string;
  kind: string;
  name: string;
  mime: string;
  size: number | null;
  width: number | null;
  height: number | null;
  seconds: number | null;
  state: "fetch" | "ready" | "failed";
  reason: string;
  url: string | null;
  thumb: string | null;
  transcript: string;
}

export interface Field {
  label: string;
  value: string;
}

export interface Call {
  state: "ringing" | "answered" | "finished" | "missed";
  direction: "in" | "out" | "internal";
  line: string;
  answered_by: Ref | null;
  wait_seconds: number | null;
  talk_seconds: number | null;
  called_back_at: Micros | null;
}

export interface Quote {
  id: string;
  author: string;
  text: string;
}

/** One thing of the timeline. */
export interface Item {
  id: string;
  conversation_id: string;
  source: SourceRef;
  /** text photo video voice audio file sticker location contact button form call mail unsupported note system */
  kind: string;
  direction: "in" | "out" | "none";
  author: "client" | "person" | "robot" | "system";
  author_name: string;
  author_id: string | null;
  mine: boolean;
  at: Micros;
  received_at: Micros;
  late: boolean;
  text: string;
  has_html: boolean;
  subject: string;
  attachments: AttachmentShape[];
  fields: Field[];
  call: Call | null;
  location: Record<string, number | string> | null;
  card: Record<string, string | boolean | string[]> | null;
  reply_to: Quote | null;
  forwarded_from: string;
  unsupported: string;
  /** held queued sending sent delivered read · postponed failed unknown cancelled undelivered · "" for what came in. */
  state: string;
  /** Code of why it is postponed, failed, unknown, cancelled or undelivered. */
  reason: string;
  retry_at: Micros | null;
  not_before: Micros | null;
  may: ("undo" | "retry" | "resolve" | "move")[];
  edited: boolean;
  deleted: boolean;
  reactions: string[];
  deal: DealRef | null;
  has_raw: boolean;
  /** For system lines: {code, …params}. */
  system: Record<string, string | number | null> | null;
}

export interface Timeline {
  items: Item[];
  /** Cursor of older items, null: this is the beginning. */
  before: string | null;
}

export interface Sent {
  items: Item[];
  not_before: Micros;
}

export interface Undone {
  text: string;
  files: Uploaded[];
}

export interface Uploaded {
  id: string;
  name: string;
  mime: string;
  size: number;
}

export interface Draft {
  conversation_id: string;
  mode: "reply" | "note";
  text: string;
  files: Uploaded[];
  reply_to: string | null;
  version: number;
}

/** The call that takes it back, within 8 seconds on screen and as long as nothing else changed it on the server. */
export interface Undo {
  method: string;
  path: string;
  body: Record<string, string | number | boolean | null>;
}

export interface Changed {
  row: Row;
  undo: Undo | null;
}

export interface Next {
  conversation_id: string | null;
}

export interface Candidate {
  ref: string;
  name: string;
  verdict: string;
  facts: Record<string, string | number | boolean | null>;
}

/** The stored record of one answer. Codes and facts; the words are the console's. */
export interface Decision {
  id: string;
  kind: string;
  rule: string;
  chosen: string | null;
  chosen_name: string;
  at: Micros;
  facts: Record<string, string | number | boolean | null | string[]>;
  candidates: Candidate[];
}

export interface Decisions {
  items: Decision[];
}

export interface Offer {
  id: string;
  deal: DealRef;
  contact: Ref;
  source: SourceRef;
  conversation_id: string | null;
  preview: string;
  campaign: string;
  waiting_since: Micros;
  repeat: boolean;
  broadcast: boolean;
  state: "open" | "accepted" | "declined" | "expired" | "withdrawn" | "taken";
  taken_by: Ref | null;
  offered_at: Micros;
  expires_at: Micros;
  may_extend: boolean;
  decision_id: string | null;
}

export interface Offers {
  items: Offer[];
  /** Why no lead comes to this member now, in the router's own reasons; null when leads may come. */
  held_back: Decision | null;
}

export interface CheckShape {
  code: string;
  ok: boolean;
  detail: string;
  params: Record<string, string>;
}

/** I1 and its outgoing twin, in numbers; they always balance. */
export interface Account {
  received: number;
  opened: number;
  ignored: number;
  set_aside: number;
  waiting: number;
  accepted: number;
  sent: number;
  undelivered: number;
  failed: number;
  unknown: number;
  cancelled: number;
  leaving: number;
}

export interface Source {
  id: string;
  channel: string;
  name: string;
  state: "draft" | "active" | "paused" | "broken" | "disconnected";
  /** A first message has come through. */
  verified: boolean;
  health: CheckShape[];
  last_event_at: Micros | null;
  last_error: string;
  paused_until: Micros | null;
  paused_reason: string;
  queue: Ref | null;
  /** Without secrets; a secret that is set stands as an empty string in `settings` and its name in `secrets`. */
  settings: Record<string, string>;
  secrets: string[];
  hook_url: string;
  slug: string;
  public_page: string;
  transport: "webhook" | "polling" | "none";
  account: Account;
  leads_30_days: number;
  demo: boolean;
  /** Reply window in hours, null: none. */
  hours: number | null;
  enforcement: "block" | "warn" | "off";
  window_fixed: boolean;
  first_answer: "manager" | "operator";
}

export interface Sources {
  items: Source[];
}

/** The live test of the wizard's fourth step. */
export interface TestSession {
  code: string;
  link: string;
  started_at: Micros;
  steps: CheckShape[];
  message_at: Micros | null;
  conversation_id: string | null;
  would_get: Decision | null;
}

export interface EnvelopeShape {
  id: number;
  source_id: string;
  received_at: Micros;
  state: "waiting" | "opened" | "ignored" | "set_aside";
  reason: string;
  error: string;
  attempts: number;
  size: number;
  preview: string;
  key: string | null;
  message_ids?: string[];
}

export interface Envelopes {
  items: EnvelopeShape[];
  next: string | null;
}

/** The envelope as it came, secrets of the source blanked. */
export interface RawEnvelope {
  id: number;
  method: string;
  path: string;
  query: Record<string, string>;
  headers: Record<string, string>;
  body: string;
  encoding: "utf-8" | "base64";
  truncated: boolean;
}

export interface Replayed {
  replayed: number;
  opened: number;
  set_aside: number;
}

export interface Hit {
  kind: "contact" | "conversation" | "deal" | "message";
  id: string;
  conversation_id: string | null;
  title: string;
  snippet: string;
  at: Micros | null;
}

export interface Hits {
  items: Hit[];
}

/** One made-up client on one source, with what both sides see there. */
export interface DemoPhone {
  source: SourceRef;
  client: string;
  name: string;
  doings: string[];
  faults: string[];
  seen: DemoLine[];
}

export interface DemoLine {
  from_client: boolean;
  text: string;
  at: Micros;
  files: string[];
}

export interface Demo {
  active: boolean;
  clients: Ref[];
  phones: DemoPhone[];
  clock_offset: Micros;
}

export interface DemoActed {
  status: number;
  body: string;
  event: string;
}

/** A frame of `/api/v1/live`: `hello`, `ping`, `snapshot_required`, or a change with its patch. */
export interface LiveEvent {
  seq: number;
  type: string;
  id: string;
  patch?: Record<string, unknown> | null;
  server_time?: Micros;
  version?: string;
}

// --- what channels say about themselves (channels/about.py) ---------------------------------------------------------

export interface Text {
  ru: string;
  en: string;
}

export type FieldKind = "text" | "secret" | "number" | "choice" | "switch" | "email" | "host" | "mapping";

export interface Choice {
  value: string;
  label: Text;
}

export interface Setting {
  key: string;
  label: Text;
  kind: FieldKind;
  help: Text | null;
  required: boolean;
  default: string;
  pattern: string;
  choices: Choice[];
  step: number;
  advanced: boolean;
  shown_if: [string, string] | null;
}

export interface Copy {
  label: Text;
  value: string;
}

export interface Step {
  title: Text;
  text: Text;
  copies: Copy[];
  link: string;
}

export interface ChannelAbout {
  name: string;
  title: Text;
  mark: string;
  colour: "tg" | "vk" | "mail" | "form" | "call" | "other";
  summary: Text;
  needs: Text;
  minutes: number;
  settings: Setting[];
  steps: Step[];
  test_prompt: Text;
  place: Copy[];
  errors: Record<string, Text>;
  kinds: Record<string, Text>;
  profile_links: Record<string, string>;
  needs_public_url: boolean;
  polls_without_public_url: boolean;
  secrets: string[];
}

export interface Token {
  id: string;
  name: string;
}
