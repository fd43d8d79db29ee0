/**
 * What has the person sent that the server has not taken yet?
 *
 * The bubble is there at once. The id is ours, so the same message sent again after a lost answer is the same message.
 * Without a connection it waits here (and survives a reload) until the line is back.
 */
import { shallowReactive, watch } from "vue";
import { conversations as api, messages as messagesApi, type SendBody } from "@/api/calls";
import { asApiError, type ApiError } from "@/api/http";
import { newId } from "@/api/id";
import type { CardGiven, Item, LetterGiven, LocationGiven, Params, Row, StickerShape, Uploaded } from "@/api/types";
import { t } from "@/i18n";
import { sayError } from "@/i18n/refusals";
import { connection, head } from "@/live/socket";
import { SECOND, serverNow } from "@/time/clock";
import { clear, forget, write, writing } from "./drafts";
import { complain, sayNow } from "./notices";
import { rows } from "./queue";
import { me } from "./session";
import { share, sharedIn, type Shared } from "./shared";
import { spread, withdraw } from "./thread";
import { marked, styled } from "@/ui/styled";

export type LocalState = "going" | "offline" | "refused";
export interface Pending {
  id: string;
  conversation: string;
  mode: "reply" | "note";
  mentions?: string[];
  body: SendBody;
  files: Uploaded[];
  local: LocalState;
  code: string;
}
export interface Collision {
  pending: Pending;
  author: string;
  text: string;
}

export const pending = shallowReactive(new Map<string, Pending>());
export const collisions = shallowReactive(new Map<string, Collision>());

const KEPT = "unsent";
const HOLD = 5 * SECOND;

export interface Sending {
  text: string;
  files: Uploaded[];
  replyTo: string | null;
  lastSeen: string | null;
  anyway?: boolean;
  overrideReason?: string;
  letter?: LetterGiven | undefined;
  location?: LocationGiven | null;
  card?: CardGiven | null;
  sticker?: StickerShape;
  /** Colleagues who are told of a note. */
  mentions?: string[];
}

/** Shows the bubble, empties the field, sends. */
export async function send(conversation: string, mode: "reply" | "note", what: Sending): Promise<boolean> {
  const id = newId();
  const body = bodyOf(id, mode, what);
  const one: Pending = { id, conversation, mode, body, mentions: what.mentions ?? [], files: what.files, local: "going", code: "" };
  if (what.sticker) write(conversation, mode, { replyTo: null });
  else clear(conversation, mode);
  put(one);
  return go(one);
}

/** What the server is asked to send. */
export function bodyOf(id: string, mode: "reply" | "note", what: Sending): SendBody {
  return {
    id,
    ...(mode === "reply" ? styled(what.text) : { text: what.text }),
    file_ids: what.files.map((file) => file.id),
    reply_to: what.replyTo,
    last_seen: what.lastSeen,
    ...(what.anyway ? { anyway: true } : {}),
    ...(what.letter ? { letter: what.letter } : {}),
    ...(what.location ? { location: what.location } : {}),
    ...(what.card ? { card: what.card } : {}),
    ...(what.sticker ? { sticker: what.sticker.id } : {}),
    ...(what.overrideReason ? { override_reason: what.overrideReason } : {}),
  };
}

function put(one: Pending): void {
  pending.set(one.id, one);
  const row = rows.get(one.conversation);
  if (row) spread(bubble(one, row), 0);
  keep();
}

async function go(one: Pending): Promise<boolean> {
  put({ ...one, local: "going" });
  const stamp = head ?? 0;
  try {
    const sent =
      one.mode === "reply"
        ? await api.send(one.conversation, one.body)
        : await api.note(one.conversation, { id: one.id, text: one.body.text, mentions: one.mentions ?? [] });
    pending.delete(one.id);
    keep();
    if (!sent.items.some((item) => item.id === one.id)) withdraw(one.id);
    for (const item of sent.items) spread(item, stamp);
    if (!one.body.sticker) void forget(one.conversation, one.mode);
    return true;
  } catch (error) {
    refused(one, asApiError(error));
    return false;
  }
}

function refused(one: Pending, error: ApiError): void {
  if (error.code === "offline" || error.code === "unavailable" || error.code === "signed_out") {
    put({ ...one, local: "offline" });
    return;
  }
  giveBack(one);
  if (error.code === "stale_context") {
    remove(one.id);
    collisions.set(one.conversation, { pending: one, ...seen(error.params) });
    return;
  }
  put({ ...one, local: "refused", code: error.code });
  sayNow(`${t("state.failed")}: ${sayError(error)}`);
}

function seen(params: Params): { author: string; text: string } {
  return { author: String(params.author ?? ""), text: String(params.text ?? "") };
}

/** Text, files and quote return to the field; what was typed meanwhile stays below. */
function giveBack(one: Pending): void {
  const also = sharedIn(one.conversation);
  share(one.conversation, { location: also.location ?? one.body.location ?? null, card: also.card ?? one.body.card ?? null });
  const now = writing(one.conversation, one.mode);
  const text = now.text ? `${typed(one)}\n${now.text}` : typed(one);
  write(one.conversation, one.mode, {
    text,
    files: [...one.files, ...now.files],
    replyTo: now.replyTo ?? one.body.reply_to,
  });
}

/** What the person had typed, marks of style and all. */
function typed(one: Pending): string {
  return marked({ text: one.body.text, spans: one.body.spans ?? [] });
}

function remove(id: string): void {
  pending.delete(id);
  withdraw(id);
  keep();
}

/** Takes a refused bubble away, or cancels one that waits for the line. */
export function cancelPending(id: string): void {
  const one = pending.get(id);
  if (one?.local === "offline") giveBack(one);
  remove(id);
}

/** «Отправить всё равно» after somebody else answered. */
export async function sendAnyway(conversation: string): Promise<void> {
  const collision = collisions.get(conversation);
  if (!collision) return;
  collisions.delete(conversation);
  const { pending: one } = collision;
  clear(conversation, one.mode);
  await send(conversation, one.mode, {
    text: typed(one),
    files: one.files,
    replyTo: one.body.reply_to,
    lastSeen: one.body.last_seen,
    letter: one.body.letter,
    location: one.body.location ?? null,
    card: one.body.card ?? null,
    anyway: true,
  });
}

/** Takes a held message back: the server returns text and files to the field. */
export async function undoSend(item: Item): Promise<void> {
  if (pending.has(item.id)) return cancelPending(item.id);
  try {
    const undone = await messagesApi.undo(item.id);
    withdraw(item.id);
    const words = undone.text === item.text ? marked(item) : undone.text;
    share(item.conversation_id, carriedBy(item));
    const now = writing(item.conversation_id, "reply");
    write(item.conversation_id, "reply", {
      text: now.text ? `${words}\n${now.text}` : words,
      files: [...undone.files, ...now.files],
      replyTo: item.reply_to?.id ?? null,
    });
  } catch (error) {
    complain(error);
  }
}

/** The place and the card of a message that was taken back. */
function carriedBy(item: Item): Partial<Shared> {
  const { location: place, card } = item;
  return {
    ...(place ? { location: { latitude: Number(place.latitude), longitude: Number(place.longitude), title: String(place.title ?? ""), address: String(place.address ?? "") } } : {}),
    ...(card ? { card: { name: String(card.name), phones: card.phones as string[], emails: card.emails as string[] } } : {}),
  };
}

export function heldIn(list: Item[], now: number): Item | null {
  return list.findLast((item) => item.state === "held" && item.mine && (item.not_before ?? 0) > now) ?? null;
}

function bubble(one: Pending, row: Row): Item {
  const now = serverNow();
  return {
    id: one.id,
    conversation_id: one.conversation,
    contact_id: row.contact.id,
    source: row.source,
    kind: one.mode === "note" ? "note" : one.body.sticker ? "sticker" : "text",
    direction: one.mode === "note" ? "none" : "out",
    author: "person",
    author_name: me.value?.name ?? "",
    author_id: me.value?.id ?? null,
    mine: true,
    at: now,
    received_at: now,
    late: false,
    text: one.body.text,
    spans: one.body.spans ?? [],
    has_html: false,
    subject: "",
    mail: null,
    nature: "client",
    attachments: [],
    fields: [],
    call: null,
    location: one.body.location ? { ...one.body.location, title: one.body.location.title ?? "", address: one.body.location.address ?? "" } : null,
    card: one.body.card ? { ...one.body.card, phones: one.body.card.phones ?? [], emails: one.body.card.emails ?? [], own: false } : null,
    reply_to: null,
    quote: "",
    forwarded_from: "",
    forwards: [],
    unsupported: "",
    state: one.mode === "note" ? "" : one.local === "refused" ? "failed" : "held",
    reason: one.code,
    retry_at: null,
    not_before: one.local === "going" ? now + HOLD : null,
    may: [],
    later: null,
    edited: false,
    deleted: false,
    reactions: [],
    place: 0,
    own_reaction: "",
    deal: row.deal,
    has_raw: false,
    system: null,
  };
}

function keep(): void {
  const unsent = [...pending.values()].filter((one) => one.local !== "refused");
  if (unsent.length) sessionStorage.setItem(KEPT, JSON.stringify(unsent));
  else sessionStorage.removeItem(KEPT);
}

/** After a reload: what had not left goes now. */
export function resume(): void {
  const kept = sessionStorage.getItem(KEPT);
  for (const one of kept ? (JSON.parse(kept) as Pending[]) : []) if (!pending.has(one.id)) void go(one);
}

export function forgetOutbox(): void {
  pending.clear();
  collisions.clear();
  sessionStorage.removeItem(KEPT);
}

watch(connection, async (now) => {
  if (now !== "online") return;
  for (const one of [...pending.values()]) if (one.local === "offline") await go(one);
});
