/** Which answers wait for their time or for the client, and which of them could not go? */
import { shallowReactive } from "vue";
import { scheduled as api, type Plan, type SendBody } from "@/api/calls";
import { newId } from "@/api/id";
import type { Scheduled } from "@/api/types";
import { t } from "@/i18n";
import { onChange, onSnapshot } from "@/live/socket";
import { complain, offerUndoWith, tell } from "./notices";
import { me } from "./session";

export const waiting = shallowReactive(new Map<string, Scheduled>());
/** Those that went or were taken back while a list was on its way: the list must not bring them back. */
const gone = new Set<string>();
let shown = "";

function put(one: Scheduled): void {
  if (one.state === "cancelled" || one.state === "sent") return remove(one.id);
  gone.delete(one.id);
  if ((waiting.get(one.id)?.version ?? -1) <= one.version) waiting.set(one.id, one);
}
function remove(id: string): void {
  gone.add(id);
  waiting.delete(id);
}

/** All that waits for the client of this conversation. */
export async function load(conversation: string): Promise<void> {
  shown = conversation;
  gone.clear();
  waiting.clear();
  let cursor: string | undefined;
  do {
    const page = await api.list(conversation, cursor);
    if (shown !== conversation) return;
    for (const one of page.items) if (!gone.has(one.id)) put(one);
    cursor = page.next ?? undefined;
  } while (cursor);
}

/** A client's, the soonest first. */
export function of(contact: string): Scheduled[] {
  return [...waiting.values()].filter((one) => one.contact_id === contact).toSorted((a, b) => a.at - b.at || (a.id < b.id ? -1 : 1));
}

/** Raises what the server refuses; the words stay where they were. */
export async function add(conversation: string, body: Omit<SendBody, "id">, plan: Plan): Promise<Scheduled> {
  const made = await api.add(conversation, { ...body, id: newId(), ...plan });
  put(made);
  return made;
}

export async function change(one: Scheduled, words: { text: string; spans: Scheduled["spans"] }, plan: Plan): Promise<void> {
  put(await api.change(one.id, { version: one.version, ...words, ...plan }));
}

export async function sendNow(one: Scheduled): Promise<void> {
  try {
    await api.send(one.id);
    remove(one.id);
    tell(t("scheduled.sent"));
  } catch (error) {
    complain(error);
  }
}

export async function cancel(one: Scheduled): Promise<void> {
  try {
    put(await api.cancel(one.id));
    offerUndoWith(t("scheduled.cancelled"), () => restore(one.id));
  } catch (error) {
    complain(error);
  }
}

export async function restore(id: string): Promise<void> {
  put(await api.restore(id));
  tell(t("notice.undone"));
}

export const isMine = (one: Scheduled): boolean => one.author.id === me.value?.id;

onChange<Scheduled>("scheduled.upsert", put);
onChange("scheduled.remove", (_, id) => remove(id));
onSnapshot(() => {
  if (shown) load(shown).catch(complain);
});
