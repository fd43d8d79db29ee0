/** What is looked for, and what was found of each kind? It stays while one looks at a hit, so that one comes back to it. */
import { computed, reactive, ref } from "vue";
import { search as ask } from "@/api/calls";
import { asApiError, type ApiError } from "@/api/http";
import type { Hit } from "@/api/types";
import { may } from "@/state/session";

export const TABS = ["conversations", "messages", "contacts", "deals", "files"] as const;
export type Tab = (typeof TABS)[number];

const NEEDS: Record<Tab, string> = {
  conversations: "conversation.read", messages: "conversation.read", contacts: "contact.read", deals: "deal.read", files: "conversation.read",
};
export const SHORTEST = 2;
/** After so long we say that old messages are looked through. */
const SLOW = 1000;

export interface Finds {
  items: Hit[];
  next: string | null;
  hidden: number;
  readAs: string;
  unread: string[];
  state: "idle" | "asking" | "slow" | "there";
  failure: ApiError | null;
  /** What `items` answer. */
  words: string;
}

const blank = (): Finds => ({ items: [], next: null, hidden: 0, readAs: "", unread: [], state: "idle", failure: null, words: "" });

export const words = ref("");
export const tab = ref<Tab>("conversations");
export const finds = reactive(Object.fromEntries(TABS.map((one) => [one, blank()])) as Record<Tab, Finds>);
/** Where one was in the list, by tab: the row, and how far it was scrolled. */
export const place = reactive({ hit: "", scroll: 0 });
export const shownTabs = computed(() => TABS.filter((one) => may(NEEDS[one])));

let asking: AbortController | null = null;

/** Asks for every kind at once; each answers, or fails, by itself. */
export function look(wanted: string): void {
  asking?.abort();
  words.value = wanted;
  place.hit = "";
  place.scroll = 0;
  if (wanted.trim().length < SHORTEST) {
    for (const one of TABS) Object.assign(finds[one], blank());
    return;
  }
  asking = new AbortController();
  for (const one of shownTabs.value) void fill(one, asking.signal);
}

export const again = (one: Tab): void => void fill(one, (asking ??= new AbortController()).signal);

async function fill(one: Tab, signal: AbortSignal, cursor = ""): Promise<void> {
  const found = finds[one];
  const asked = words.value.trim();
  found.state = "asking";
  found.failure = null;
  const slow = setTimeout(() => !signal.aborted && (found.state = "slow"), SLOW);
  try {
    const page = await ask(asked, { tab: one, cursor, signal });
    if (signal.aborted) return;
    const known = new Set(cursor ? found.items.map((hit) => hit.id) : []);
    found.items = cursor ? [...found.items, ...page.items.filter((hit) => !known.has(hit.id))] : page.items;
    found.next = page.next;
    found.hidden = cursor ? Math.max(found.hidden, page.hidden) : page.hidden;
    found.readAs = page.read_as;
    found.unread = page.unread;
    found.words = asked;
  } catch (error) {
    if (!signal.aborted) found.failure = asApiError(error);
  } finally {
    clearTimeout(slow);
    if (!signal.aborted) found.state = "there";
  }
}

export function more(one: Tab): void {
  const { next } = finds[one];
  if (next && asking) void fill(one, asking.signal, next);
}

/** Where a hit opens; null: it has no conversation. A contact's card stands beside its newest conversation. */
export function addressOf(hit: Hit): string | null {
  if (!hit.conversation_id) return hit.kind === "contact" ? `/contacts?q=${encodeURIComponent(hit.title)}` : null;
  const at = hit.message_id ? `#m=${hit.message_id}` : "";
  return `/inbox/d/${hit.conversation_id}${at}`;
}

/** The words that a message was found by, until another one is opened. */
export const opened = reactive<{ message: string; words: readonly string[] }>({ message: "", words: [] });
