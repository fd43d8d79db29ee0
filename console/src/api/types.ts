/**
 * What do the gateway's answers look like?
 *
 * Made from the gateway's own OpenAPI document (openapi.json, written by `inbox openapi`) at build: a shape that changed
 * there fails the type check here. Times are microseconds UTC; ids are UUIDv7 strings; a missing thing is null.
 */
import type { components } from "./schema";

type Shapes = components["schemas"];

export type Micros = number;
export type Params = Shapes["Error"]["params"];
export type Refusal = Shapes["Error"];

export type Account = Shapes["Account"];
export type Addressee = Shapes["Addressee"];
export type LetterBlank = Shapes["LetterBlank"];
export type CardGiven = Shapes["CardGiven"];
export type LocationGiven = Shapes["LocationGiven"];
export type StickerShape = Shapes["StickerShape"];
export type Stickers = Shapes["Stickers"];
export type LetterGiven = Shapes["LetterGiven"];
export type Mail = Shapes["Mail"];
export type Posted = Shapes["Posted"];
export type AttachmentShape = Shapes["AttachmentShape"];
export type AttributionShape = Shapes["AttributionShape"];
export type Call = Shapes["Call"];
export type Candidate = Shapes["Candidate"];
export type CannedText = Shapes["CannedText"];
export type Changed = Shapes["Changed"];
export type CheckShape = Shapes["CheckShape"];
export type ChecklistItem = Shapes["ChecklistItem"];
export type Company = Shapes["Company"];
export type Contact = Shapes["Contact"];
export type ContactLine = Shapes["ContactLine"];
export type ContactList = Shapes["ContactList"];
export type Fields = Shapes["Fields"];
export type Acted = Shapes["Acted"];
export type Changes = Shapes["Changes"];
export type CompaniesOf = Shapes["CompaniesOf"];
export type CompanyList = Shapes["CompanyList"];
export type Merged = Shapes["Merged"];
export type Merges = Shapes["Merges"];
export type Mismatch = Shapes["Mismatch"];
export type Mismatches = Shapes["Mismatches"];
export type Question = Shapes["Question"];
export type Proposal = Shapes["Proposal"];
export type Doubt = Shapes["DoubtShape"];
export type Doubts = Shapes["Doubts"];
export type Proposals = Shapes["Proposals"];
export type Import = Shapes["Import"];
export type AskedWay = Shapes["AskedWay"];
export type NoticeList = Shapes["NoticeList"];
export type NoticeShape = Shapes["NoticeShape"];
export type Conversation = Shapes["Conversation"];
export type Counters = Shapes["Counters"];
export type Deal = Shapes["Deal"];
export type DealCard = Shapes["Card"];
export type DealCards = Shapes["Cards"];
export type DealColumns = Shapes["Board"];
export type DealMoved = Shapes["DealMoved"];
export type DealPage = Shapes["DealPage"];
export type Approval = Shapes["Approval"];
export type FieldChange = Shapes["FieldChange"];
export type Pipeline = Shapes["Pipeline"];
export type Stage = Shapes["Stage"];
export type TaskCard = Shapes["TaskCard"];
export type MyWork = Shapes["MyWork"];
export type DealRef = Shapes["DealRef"];
export type Ring = Shapes["Ring"];
export type CallCommand = Shapes["CallCommand"];
export type Decision = Shapes["Decision"];
export type Decisions = Shapes["Decisions"];
export type Demo = Shapes["Demo"];
export type DemoActed = Shapes["DemoActed"];
export type DemoLine = Shapes["DemoLine"];
export type DemoPhone = Shapes["DemoPhone"];
export type Draft = Shapes["Draft"];
export type EnvelopeShape = Shapes["EnvelopeShape"];
export type Envelopes = Shapes["Envelopes"];
export type Fallback = Shapes["Fallback"];
export type DealLink = Shapes["DealLink"];
export type Gaps = Shapes["Gaps"];
export type Lent = Shapes["Lent"];
export type Field = Shapes["Field"];
export type Hit = Shapes["Hit"];
export type Hits = Shapes["Hits"];
export type IdentityShape = Shapes["IdentityShape"];
export type Item = Shapes["Item"];
export type Limits = Shapes["Limits"];
export type LiveEvent = Shapes["LiveEvent"];
export type Me = Shapes["Me"];
export type Member = Shapes["Member"];
export type Next = Shapes["Next"];
export type Offer = Shapes["Offer"];
export type Offers = Shapes["Offers"];
export type Page = Shapes["Page"];
export type Presence = Shapes["Presence"];
export type Preview = Shapes["Preview"];
export type Queue = Shapes["Queue"];
export type Quote = Shapes["Quote"];
export type RawEnvelope = Shapes["RawEnvelope"];
export type Ref = Shapes["Ref"];
export type Replayed = Shapes["Replayed"];
export type Row = Shapes["Row"];
export type SavedView = Shapes["SavedView"];
export type Scheduled = Shapes["Scheduled"];
export type ScheduledPage = Shapes["ScheduledPage"];
export type Sent = Shapes["Sent"];
export type Source = Shapes["Source"];
export type SourceRef = Shapes["SourceRef"];
export type Sources = Shapes["Sources"];
export type Start = Shapes["Start"];
export type Task = Shapes["Task"];
export type TestSession = Shapes["TestSession"];
export type Timeline = Shapes["Timeline"];
export type Undo = Shapes["Undo"];
export type Undone = Shapes["Undone"];
export type Uploaded = Shapes["Uploaded"];
export type Versions = Shapes["Versions"];
export type Viewer = Shapes["Viewer"];
export type Window = Shapes["Window"];

// --- what channels say about themselves (channels/about.py) ---------------------------------------------------------

export interface Text {
  ru: string;
  en: string;
}

export type FieldKind = "text" | "long" | "secret" | "number" | "choice" | "switch" | "email" | "host" | "mapping" | "design" | "lessons" | "design";

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
  /** What is typed here may tell other settings. */
  suggests: boolean;
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
  texts: [string, Record<string, Text>] | null;
}

export interface Template {
  key: string;
  title: Text;
  summary: Text;
  content: Text;
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
  templates: Template[];
  /** What a field of a received sample can be made to mean. */
  targets: Choice[];
  /** What the values of such a field can mean. */
  meanings: Record<string, Choice[]>;
  place: Copy[];
  errors: Record<string, Text>;
  kinds: Record<string, Text>;
  notes: Record<string, Text>;
  profile_links: Record<string, string>;
  needs_public_url: boolean;
  polls_without_public_url: boolean;
  secrets: string[];
}
export type Design = Shapes["Design"];
export type CallReport = Shapes["CallReport"];
export type Learnt = Shapes["Learnt"];
export type Lesson = Shapes["Lesson"];
export type Quarantine = Shapes["Quarantine"];
export type Quarantined = Shapes["Quarantined"];
export type Released = Shapes["Released"];
export type Sample = Shapes["Sample"];
export type SampleRef = Shapes["SampleRef"];
export type Samples = Shapes["Samples"];
export type Consents = Shapes["Consents"];
export type Joinables = Shapes["Joinables"];
export type Suggested = Shapes["Suggested"];
export type Routing = Shapes["Routing"];
export type Plan = Routing["plan"];
export type Rule = Plan["rules"][number];
export type Condition = Rule["when"][number];
export type Finding = Routing["findings"][number];
export type Difference = Shapes["DifferenceShape"];
export type Checked = Shapes["Checked"];
export type Comparison = Shapes["Comparison"];
export type PastLead = Shapes["PastLead"];
export type Ledger = Shapes["Ledger"];
export type Schedules = Shapes["Schedules"];
export type Schedule = Shapes["ScheduleShape"];
export type Handovers = Shapes["Handovers"];
export type Team = Shapes["Team"];
export type Devices = Shapes["Devices"];
export type Ways = Shapes["Ways"];
export type Days = Shapes["Days"];
export type SetupChanges = Shapes["Compared"];
