/** Which calls does the gateway answer? One function a call, grouped by what they are about. */
import type * as T from "./types";
import { call, url, type Options } from "./http";

const get = <R>(path: string, query?: Options["query"], signal?: AbortSignal): Promise<R> =>
  call<R>("GET", path, { query, signal });
const post = <R>(path: string, body?: unknown): Promise<R> => call<R>("POST", path, { body });
const put = <R>(path: string, body?: unknown): Promise<R> => call<R>("PUT", path, { body });
const patch = <R>(path: string, body: unknown): Promise<R> => call<R>("PATCH", path, { body });
const del = <R = void>(path: string): Promise<R> => call<R>("DELETE", path);

export interface SetupBody {
  name: string;
  email: string;
  password: string;
  public_url?: string;
  company?: string;
}

export const session = {
  start: () => get<T.Start>("/start"),
  me: () => get<T.Me>("/session"),
  signIn: (email: string, password: string, remember: boolean) =>
    post<T.Me>("/session", { email, password, remember }),
  signOut: () => del("/session"),
  again: (password: string) => post<T.Me>("/session/again", { password }),
  enter: (token: string) => post<T.Me>("/enter", { token }),
  setup: (body: SetupBody) => put<T.Me>("/setup", body),
  change: (body: { name?: string; prefs?: T.Me["prefs"]; password?: { old: string; new: string } }) =>
    patch<T.Me>("/me", body),
  presence: (state: T.Presence["state"], minutes?: number) => post<T.Me>("/me/presence", { state, minutes }),
};

export const phone = {
  ringing: () => get<{ seq: number; items: T.Ring[] }>("/calls/ringing"),
  place: (body: { contact_id: string; number: string; deal_id: string | null; anyway: boolean }) => post<T.CallCommand>("/calls", body),
  result: (id: string, result: "reached" | "not_reached" | "later", at: number | null) => post<T.Item>(`/calls/${id}/result`, { result, at }),
};

export const company = {
  checklist: () => get<{ items: T.ChecklistItem[] }>("/checklist"),
  read: () => get<T.Company>("/company"),
  write: (body: Pick<T.Company, "name" | "timezone" | "hours" | "public_url">) => put<T.Company>("/company", body),
  members: () => get<{ items: T.Member[] }>("/members"),
  invite: (body: { name: string; email: string; roles: string[]; queue_ids: string[] }) =>
    post<{ member: T.Member; link: string }>("/members", body),
  newLink: (id: string) => post<{ member: T.Member; link: string }>(`/members/${id}/link`),
  changeMember: (id: string, body: Partial<Pick<T.Member, "name" | "roles" | "active" | "capacity" | "skills"> & { team_id: string | null; queues: Record<string, boolean> }>) =>
    patch<T.Member>(`/members/${id}`, body),
  days: () => get<T.Days>("/company/days"),
  setDays: (body: Pick<T.Days, "calendar" | "off" | "on">) => put<T.Days>("/company/days", body),
  queues: () => get<{ items: T.Queue[] }>("/queues"),
  addQueue: (body: QueueBody) => post<T.Queue>("/queues", body),
  changeQueue: (id: string, body: QueueBody) => patch<T.Queue>(`/queues/${id}`, body),
};

export interface QueueBody {
  name?: string;
  strategy?: T.Queue["strategy"];
  members?: string[];
  head_id?: string;
  accept_seconds?: number;
}

export interface HoursChange {
  member_id: string;
  week?: Record<number, number[][]>;
  dated?: Record<string, number[][] | null>;
}

export const staff = {
  schedules: (since: string, until: string) => get<T.Schedules>("/schedules", { since, until }),
  changeHours: (changes: HoursChange[]) => patch<undefined>("/schedules", { changes }),
  schedule: (id: string) => get<T.Schedule>(`/members/${id}/schedule`),
  setSchedule: (id: string, body: Omit<T.Schedule, "own" | "version"> & { seen: string }) => put<T.Schedule>(`/members/${id}/schedule`, body),
  handovers: (id: string) => get<T.Handovers>(`/members/${id}/handover`),
  handOver: (id: string, to_id: string, until: number | null) => post<T.Handovers>(`/members/${id}/handover`, { to_id, until }),
  giveBack: (id: string) => del(`/handovers/${id}`),
  deactivate: (id: string, hand_to: string | null) => post<T.Handovers>(`/members/${id}/deactivate`, { hand_to }),
  liftGate: (id: string, until: number, reason: string) => put<undefined>(`/members/${id}/gate`, { until, reason }),
  ways: (id: string) => get<T.Ways>(`/members/${id}/ways`),
  teams: () => get<{ items: T.Team[] }>("/teams"),
  addTeam: (body: TeamBody) => post<{ items: T.Team[] }>("/teams", body),
  changeTeam: (id: string, body: TeamBody) => put<{ items: T.Team[] }>(`/teams/${id}`, body),
  removeTeam: (id: string) => del(`/teams/${id}`),
  restoreTeam: (id: string) => post<{ items: T.Team[] }>(`/teams/${id}/restore`, {}),
  ledger: (since: number, until: number, queue: string) => get<T.Ledger>("/ledger", { since, until, queue }),
};

export interface TeamBody {
  name: string;
  parent_id: string | null;
  head_id: string | null;
  deputy_id: string | null;
  members: string[];
}

export interface MadeUpLead {
  source_id: string;
  campaign: string;
  text: string;
  fields: Record<string, string>;
  phones: string[];
  history: "new" | "repeat" | "known";
  manager_id: string;
}

export type RuleBody = Omit<T.Rule, "hits_today">;

export const routing = {
  read: () => get<T.Routing>("/routing"),
  save: (rules: RuleBody[], catch_all: string, seen: number) => put<T.Routing>("/routing/draft", { rules, catch_all, seen }),
  drop: () => del("/routing/draft"),
  publish: (note: string, seen: number, holds: number) => post<T.Routing>("/routing/publish", { note, seen, holds }),
  rollBack: (version: number, holds: number) => post<T.Routing>("/routing/rollback", { version, holds }),
  version: (version: number) => get<{ version: number; plan: T.Plan }>(`/routing/versions/${version}`),
  leads: () => get<{ items: T.PastLead[] }>("/routing/leads"),
  check: (body: { deal_id: string | null; lead: MadeUpLead | null; draft: boolean; at: number | null }) => post<T.Checked>("/routing/check", body),
  compare: (days: number) => get<T.Comparison>("/routing/compare", { days }),
  fileUrl: () => url("/setup-file"),
  bringIn: (document: unknown, only_look: boolean) => post<T.SetupChanges>("/setup-file", { document, only_look }),
};

export interface RowsQuery {
  view: string;
  order: string;
  source?: string;
  q?: string;
  cursor?: string;
  limit?: number;
}

export interface SendBody {
  id: string;
  text: string;
  spans?: T.Item["spans"];
  file_ids: string[];
  reply_to: string | null;
  last_seen: string | null;
  hold_ms?: number;
  override_reason?: string;
  anyway?: boolean;
  letter?: T.LetterGiven;
  location?: T.LocationGiven;
  card?: T.CardGiven;
  sticker?: string;
}

export type State = T.Row["state"];

export const conversations = {
  rows: (query: RowsQuery, signal?: AbortSignal) => get<T.Page>("/conversations", { ...query }, signal),
  counters: () => get<T.Counters>("/counters"),
  next: (skip?: string) => post<T.Next>("/conversations/next", skip ? { skip } : {}),
  one: (id: string) => get<T.Conversation>(`/conversations/${id}`),
  messages: (id: string, query: { scope: string; before?: string; around?: string; limit?: number }) =>
    get<T.Timeline>(`/conversations/${id}/messages`, query),
  send: (id: string, body: SendBody) => post<T.Sent>(`/conversations/${id}/messages`, body),
  stickers: (id: string) => get<T.Stickers>(`/conversations/${id}/stickers`),
  note: (id: string, body: { id: string; text: string; mentions: string[] }) => post<T.Sent>(`/conversations/${id}/notes`, body),
  state: (id: string, body: { state: State; until?: number; why?: string }) =>
    post<T.Changed>(`/conversations/${id}/state`, body),
  assign: (id: string, member_id: string | null, comment?: string) =>
    post<T.Changed>(`/conversations/${id}/assignee`, comment ? { member_id, comment } : { member_id }),
  nature: (id: string, nature: string) => post<T.Changed>(`/conversations/${id}/nature`, { nature }),
  read: (id: string, message_id: string | null) => put<T.Row>(`/conversations/${id}/read`, { message_id }),
  pin: (id: string, deal_id: string | null) => put<T.Changed>(`/conversations/${id}/pin`, { deal_id }),
  typing: (id: string) => post<undefined>(`/conversations/${id}/typing`),
  claim: (id: string) => post<T.Row>(`/conversations/${id}/claim`),
};

/** Answers that wait for their time or for the client. */
export const scheduled = {
  list: (conversation: string, cursor?: string) => get<T.ScheduledPage>(`/conversations/${conversation}/scheduled`, cursor ? { cursor } : {}),
  add: (conversation: string, body: SendBody & Plan) => post<T.Scheduled>(`/conversations/${conversation}/scheduled`, body),
  change: (id: string, body: Partial<Plan> & { version: number; text?: string; spans?: T.Item["spans"]; last_seen?: string | null }) => patch<T.Scheduled>(`/scheduled/${id}`, body),
  send: (id: string) => post<T.Sent>(`/scheduled/${id}/send`, {}),
  cancel: (id: string) => del<T.Scheduled>(`/scheduled/${id}`),
  restore: (id: string) => post<T.Scheduled>(`/scheduled/${id}/restore`, {}),
};

export interface Plan {
  waits_for: T.Scheduled["waits_for"];
  at: number;
  anyway: boolean;
}

export const messages = {
  /** One that waits never leaves; one that left is taken back where the network can. */
  undo: (id: string) => del<T.Undone>(`/messages/${id}`),
  retry: (id: string) => post<T.Item>(`/messages/${id}/retry`),
  resolve: (id: string, outcome: "sent" | "not_sent") => post<T.Item>(`/messages/${id}/resolve`, { outcome }),
  cancel: (id: string) => post<T.Item>(`/messages/${id}/cancel`),
  edit: (id: string, words: { text: string; spans: T.Item["spans"] }) => patch<T.Item>(`/messages/${id}`, words),
  versions: (id: string) => get<T.Versions>(`/messages/${id}/versions`),
  react: (id: string, emoji: string) => put<T.Item>(`/messages/${id}/reaction`, { emoji }),
  unreact: (id: string) => del<T.Item>(`/messages/${id}/reaction`),
  move: (id: string, deal_id: string | null, scope: "one" | "following" | "conversation") =>
    post<{ item: T.Item; undo: T.Undo }>(`/messages/${id}/deal`, { deal_id, scope }),
  decisions: (id: string) => get<T.Decisions>(`/messages/${id}/decisions`),
  raw: (id: string) => get<T.RawEnvelope>(`/messages/${id}/raw`),
  html: (id: string, how: { images?: boolean; quoted?: boolean } = {}) =>
    url(`/messages/${id}/html`, { ...(how.images ? { images: "1" } : {}), ...(how.quoted ? { quoted: "1" } : {}) }),
  eml: (id: string) => url(`/messages/${id}/eml`),
  split: (id: string) => post<T.Changed>(`/messages/${id}/split`),
  joinable: (conversation: string) => get<T.Joinables>(`/conversations/${conversation}/joinable`),
  join: (conversation: string, into: string) => post<T.Changed>(`/conversations/${conversation}/join`, { into }),
};

export const letters = {
  blank: (conversation: string, way: T.LetterBlank["way"], message?: string) =>
    get<T.LetterBlank>(`/conversations/${conversation}/letter`, { way, message }),
  newBlank: (source: string) => get<T.LetterBlank>(`/sources/${source}/letter`),
  write: (body: { id: string; source_id: string; letter: T.LetterGiven; text: string; file_ids?: string[]; anyway?: boolean }) =>
    post<T.Posted>("/letters", body),
  join: (conversation: string, into: string) => post<T.Changed>(`/conversations/${conversation}/join`, { into }),
};

export type Mode = T.Draft["mode"];

export const drafts = {
  read: (id: string, mode: Mode) => get<T.Draft>(`/drafts/${id}/${mode}`),
  write: (
    id: string,
    mode: Mode,
    body: { text: string; file_ids: string[]; reply_to: string | null; version: number },
    keepalive = false,
  ) => call<T.Draft>("PUT", `/drafts/${id}/${mode}`, { body, keepalive }),
  drop: (id: string, mode: Mode) => del(`/drafts/${id}/${mode}`),
};

export interface CannedBody {
  code: string;
  title: string;
  text: string;
  shared: boolean;
}

export const canned = {
  all: () => get<{ items: T.CannedText[] }>("/canned"),
  add: (body: CannedBody) => post<T.CannedText>("/canned", body),
  change: (id: string, body: Partial<Omit<CannedBody, "shared">>) => patch<T.CannedText>(`/canned/${id}`, body),
  remove: (id: string) => del<{ undo: T.Undo }>(`/canned/${id}`),
  used: (id: string) => post<void>(`/canned/${id}/used`, {}),
};

export const views = {
  all: () => get<{ items: T.SavedView[] }>("/views"),
  add: (body: { name: string; filter: T.SavedView["filter"]; shared: boolean }) => post<T.SavedView>("/views", body),
  rename: (id: string, name: string) => patch<T.SavedView>(`/views/${id}`, { name }),
  remove: (id: string) => del<{ undo: T.Undo }>(`/views/${id}`),
};

export const files = {
  uploadUrl: (name: string, kind: string) => url("/files", { name, kind }),
  again: (id: string) => post<T.Item>(`/attachments/${id}/retry`),
};

export const contacts = {
  list: (words: string, cursor: string) => get<T.ContactList>("/contacts", { words, cursor }),
  fileUrl: (format: "csv" | "vcf", words: string, language: string) => url("/contacts-file", { format, words, language }),
  one: (id: string) => get<T.Contact>(`/contacts/${id}`),
  fields: (id: string) => get<T.Fields>(`/contacts/${id}/fields`),
  rename: (id: string, name: string) => patch<T.Contact>(`/contacts/${id}`, { name }),
  block: (id: string, blocked: boolean) => post<T.Acted>(`/contacts/${id}/block`, { blocked, identity_id: null }),
  talks: (id: string) => get<{ items: T.Row[] }>(`/contacts/${id}/conversations`),
  history: (id: string) => get<T.Changes>(`/contacts/${id}/history`),
  setFields: (id: string, values: T.Fields["fields"], was: T.Fields["fields"]) => put<T.Acted>(`/contacts/${id}/fields`, { values, was }),
  proposals: (id: string) => get<T.Proposals>(`/contacts/${id}/proposals`),
  doubts: (id: string) => get<T.Doubts>(`/contacts/${id}/doubts`),
  allDoubts: (cursor: string) => get<T.Doubts>("/doubts", { cursor }),
  settleDoubt: (id: string, yes: boolean) => post<T.Acted>(`/doubts/${id}`, { yes }),
  allProposals: (cursor: string) => get<T.Proposals>("/merge-proposals", { cursor }),
  different: (a: string, b: string) => post<T.Acted>("/merge-proposals/different", { a, b }),
  merge: (id: string, gone_id: string, chosen: Record<string, "kept" | "gone">) => post<T.Merged>(`/contacts/${id}/merge`, { gone_id, chosen }),
  merges: (id: string) => get<T.Merges>(`/contacts/${id}/merges`),
  unmerge: (id: string) => post<void>(`/merges/${id}/undo`),
  questions: (conversation: string) => get<{ items: T.Question[] }>(`/conversations/${conversation}/questions`),
  answerQuestion: (conversation: string, body: { kind: T.Question["kind"]; about: string; answer: string }) => post<T.Acted>(`/conversations/${conversation}/questions`, body),
  mismatches: (after: string) => get<T.Mismatches>("/mismatches", { after }),
  settleMismatch: (id: string, policy: "deal" | "contact") => post<T.Acted>(`/contacts/${id}/mismatch`, { policy }),
  consents: (id: string) => get<T.Consents>(`/contacts/${id}/consents`),
  consentsFile: (id: string) => url(`/contacts/${id}/consents.csv`),
  dealDecisions: (id: string) => get<T.Decisions>(`/deals/${id}/decisions`),
};

export const companies = {
  list: (words: string) => get<T.CompanyList>("/companies", { words }),
  add: (name: string) => post<{ id: string; name: string }>("/companies", { name }),
  of: (contact: string) => get<T.CompaniesOf>(`/contacts/${contact}/companies`),
  join: (contact: string, company: string, role: string) => put<void>(`/contacts/${contact}/companies/${company}`, { role }),
  leave: (contact: string, company: string) => del(`/contacts/${contact}/companies/${company}`),
};

export const ways = {
  all: () => get<T.Ways>("/me/ways"),
  add: (source_id: string) => post<T.AskedWay>("/me/ways", { source_id }),
  remove: (id: string) => del(`/me/ways/${id}`),
};

export const devices = {
  all: () => get<T.Devices>("/me/devices"),
  add: (body: { endpoint: string; p256dh: string; auth: string }) => post<T.Devices>("/me/devices", body),
  tryOut: (id: string) => post<undefined>(`/me/devices/${id}/try`),
  remove: (id: string) => del(`/me/devices/${id}`),
};

export const notices = {
  list: (cursor: string) => get<T.NoticeList>("/notices", { cursor }),
  read: (ids: string[] | null) => post<void>("/notices/read", { ids }),
};

export const imports = {
  all: () => get<{ items: T.Import[] }>("/imports"),
  one: (id: string) => get<T.Import>(`/imports/${id}`),
  uploadUrl: (name: string, how: { encoding: string; delimiter: string }) => url("/imports", { name, ...how }),
  forget: (id: string) => del(`/imports/${id}`),
  refusedUrl: (id: string) => url(`/imports/${id}/refused`),
  choose: (id: string, body: { mapping: string[]; matching: T.Import["matching"]; tag: string }) => put<T.Import>(`/imports/${id}/mapping`, body),
  run: (id: string) => post<T.Import>(`/imports/${id}/run`),
  undo: (id: string) => post<T.Import>(`/imports/${id}/undo`),
};

export const decisions = { one: (id: string) => get<T.Decision>(`/decisions/${id}`) };

export const offers = {
  all: () => get<T.Offers>("/offers"),
  one: (id: string) => get<T.Offer>(`/offers/${id}`),
  accept: (id: string) => post<T.Offer>(`/offers/${id}/accept`),
  decline: (id: string, reason: string, comment?: string) =>
    post<T.Offer>(`/offers/${id}/decline`, comment ? { reason, comment } : { reason }),
  extend: (id: string) => post<T.Offer>(`/offers/${id}/extend`),
};

export interface SourceBody {
  name?: string;
  settings?: Record<string, string>;
  queue_id?: string;
  hours?: number | null;
  enforcement?: T.Source["enforcement"];
  first_answer?: T.Source["first_answer"];
  on_open_deal?: T.Source["on_open_deal"];
}

export const sources = {
  channels: () => get<{ items: T.ChannelAbout[] }>("/channels"),
  suggest: (channel: string, settings: Record<string, string>) => post<T.Suggested>(`/channels/${channel}/suggest`, { settings }),
  readdress: (id: string, keep_days: number) => post<T.Source>(`/sources/${id}/addresses`, { keep_days }),
  all: () => get<T.Sources>("/sources"),
  one: (id: string) => get<T.Source>(`/sources/${id}`),
  make: (body: { channel: string; name: string; settings: Record<string, string>; queue_id?: string }) =>
    post<T.Source>("/sources", body),
  change: (id: string, body: SourceBody) => patch<T.Source>(`/sources/${id}`, body),
  remove: (id: string) => del(`/sources/${id}`),
  check: (id: string) => post<{ checks: T.CheckShape[] }>(`/sources/${id}/check`),
  connect: (id: string) => post<T.Source>(`/sources/${id}/connect`),
  pause: (id: string) => post<T.Source>(`/sources/${id}/pause`),
  resume: (id: string) => post<T.Source>(`/sources/${id}/resume`),
  link: (id: string, label: string) => get<{ url: string }>(`/sources/${id}/link`, { label }),
  gaps: (id: string) => get<T.Gaps>(`/sources/${id}/gaps`),
  lent: (id: string) => get<{ items: T.Lent[] }>(`/sources/${id}/lent`),
  giveLent: (id: string, key: string, member_id: string | null) =>
    put<{ items: T.Lent[] }>(`/sources/${id}/lent`, { key, member_id }),
  startTest: (id: string) => post<T.TestSession>(`/sources/${id}/test`),
  test: (id: string) => get<T.TestSession>(`/sources/${id}/test`),
  stopTest: (id: string) => del(`/sources/${id}/test`),
  envelopes: (id: string, cursor?: string) =>
    get<T.Envelopes>(`/sources/${id}/envelopes`, { state: "set_aside", cursor }),
  replayAll: (id: string) => post<T.Replayed>(`/sources/${id}/replay`),
  envelopeRaw: (id: string | number) => get<T.RawEnvelope>(`/envelopes/${id}/raw`),
  replay: (id: string | number) => post<T.Replayed>(`/envelopes/${id}/replay`),
  dryRun: (source_id: string) => post<T.Decision>("/routing/dry-run", { source_id }),
};

/** Whose deals, and with which words. */
export interface BoardAsk {
  owner: string;
  words: string;
}

export type Value = string | number | boolean | null;

export const deals = {
  links: (id: string) => post<{ items: T.DealLink[] }>(`/deals/${id}/links`, {}),
  dropLinks: (id: string) => del(`/deals/${id}/links`),
  pipelines: () => get<{ items: T.Pipeline[] }>("/pipelines"),
  columns: (pipeline: string, ask: BoardAsk) => get<T.DealColumns>(`/pipelines/${pipeline}/board`, { ...ask }),
  cards: (pipeline: string, stage: string, ask: BoardAsk, cursor: string) =>
    get<T.DealCards>(`/pipelines/${pipeline}/cards`, { stage, ...ask, cursor, limit: 30 }),
  /** These cards as they are now; those that left the board are not among them. */
  cardsNow: (pipeline: string, ids: string[], ask: BoardAsk) => get<T.DealCards>(`/pipelines/${pipeline}/cards`, { ids: ids.join(","), ...ask }),
  page: (id: string) => get<T.DealPage>(`/deals/${id}/page`),
  add: (body: { contact_id: string; title: string; pipeline_id: string | null }) => post<T.Deal>("/deals", body),
  change: (id: string, values: Record<string, Value>, was: Record<string, Value>) => patch<T.Acted>(`/deals/${id}`, { values, was }),
  move: (id: string, stage_id: string, more: { values?: Record<string, Value>; comment?: string; only_look?: boolean } = {}) =>
    post<T.DealMoved>(`/deals/${id}/stage`, { stage_id, ...more }),
  give: (id: string, member_id: string | null) => post<T.Acted>(`/deals/${id}/owner`, { member_id }),
  ask: (id: string, stage_id: string) => post<{ id: string }>(`/deals/${id}/approval`, { stage_id }),
  history: (id: string) => get<{ items: T.FieldChange[] }>(`/deals/${id}/history`),
  tasks: (id: string) => get<{ items: T.TaskCard[] }>(`/deals/${id}/tasks`),
  attempt: (id: string, result: "reached" | "not_reached" | "later", title: string, at: number | null) =>
    post<T.Acted>(`/deals/${id}/attempts`, { result, title, at }),
};

export const approvals = {
  waiting: () => get<{ items: T.Approval[] }>("/approvals"),
  decide: (id: string, agree: boolean, comment = "") => post<T.DealMoved>(`/approvals/${id}`, { agree, comment }),
};

export const tasks = {
  mine: () => get<T.MyWork>("/tasks"),
  add: (body: { title: string; due_at: number | null; deal_id: string }) => post<T.TaskCard>("/tasks", body),
  finish: (id: string) => post<T.Acted>(`/tasks/${id}/done`, { result: "done" }),
  reopen: (id: string) => patch<T.Task>(`/tasks/${id}`, { done: false }),
};

/** Without a tab: a few contacts, deals and messages. */
export const search = (q: string, how: { tab?: string; cursor?: string; signal?: AbortSignal } = {}): Promise<T.Hits> =>
  get<T.Hits>("/search", { q, tab: how.tab, cursor: how.cursor, limit: how.tab ? 20 : 5 }, how.signal);

export const demo = {
  load: () => post<T.Demo>("/demo"),
  read: () => get<T.Demo>("/demo"),
  act: (body: { source_id: string; client: string; doing: string; text?: string; seconds_ago?: number }) =>
    post<T.DemoActed>("/demo/act", body),
  fault: (body: { source_id: string; fault: string; times: number; after?: number }) => post<T.Demo>("/demo/fault", body),
  clock: (minutes: number) => post<T.Demo>("/demo/clock", { minutes }),
  drop: () => del("/demo"),
};

/** Takes an action back; the server said how. */
export const undo = (how: T.Undo): Promise<unknown> => call(how.method, how.path.replace(/^\/api\/v1/, ""), { body: how.body });

export const designs = {
  read: (id: string) => get<T.Design>(`/sources/${id}/design`),
  save: (id: string, content: string, revision: number) => put<T.Design>(`/sources/${id}/design/draft`, { content, revision }),
  discard: (id: string) => call<T.Design>("DELETE", `/sources/${id}/design/draft`),
  publish: (id: string) => post<T.Design>(`/sources/${id}/design/publish`, {}),
  restore: (id: string, number: number) => post<T.Design>(`/sources/${id}/design/restore`, { number }),
  /** The draft as a page; another address for each save, so that the frame shows the newest. */
  previewAddress: (id: string, revision: number, number: number) => url(`/sources/${id}/design/preview`, { of: `${number}.${revision}` }),
};

export const teaching = {
  samples: (id: string) => get<T.Samples>(`/sources/${id}/samples`),
  sample: (id: string, envelope: number) => get<T.Sample>(`/sources/${id}/samples/${envelope}`),
  preview: (id: string, envelope_id: number, lessons: string) => post<T.Lesson>(`/sources/${id}/lessons/preview`, { envelope_id, lessons }),
};

export const reports = {
  calls: (since: number, until: number) => get<T.CallReport>("/reports/calls", { since, until }),
};

export interface TrialBody {
  kind: "answered" | "missed" | "outgoing";
  number: string;
  since: number;
  until: number | null;
}

export const learning = {
  /** What came during the test calls and what it comes to; without lessons it is guessed. */
  look: (id: string, trials: TrialBody[], lessons: string) => post<T.Learnt>(`/sources/${id}/learning`, { trials, lessons }),
};

export const quarantine = {
  list: (id: string, cursor?: string) => get<T.Quarantine>(`/sources/${id}/quarantine`, { cursor }),
  release: (id: string, message_ids: string[]) => post<T.Released>(`/sources/${id}/quarantine/release`, { message_ids }),
  releaseOne: (id: string) => post<T.Released>(`/messages/${id}/release`),
};
