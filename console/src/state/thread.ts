/** What is said in the open conversation, and what do we know about the person? */
import { shallowReactive, shallowRef, triggerRef, type ShallowRef } from "vue";
import { conversations as api } from "@/api/calls";
import { asApiError, type ApiError } from "@/api/http";
import type { Contact, Conversation, Deal, Item, Task, Viewer } from "@/api/types";
import { head, onChange, onSnapshot } from "@/live/socket";
import { complain } from "./notices";
import { applyRow } from "./queue";
import { inOrder, merge, type Items } from "./timeline";

export type Scope = "contact" | "conversation";

export interface Thread {
  id: string;
  scope: Scope;
  detail: ShallowRef<Conversation | null>;
  items: Items;
  list: ShallowRef<Item[]>;
  before: string | null;
  loading: ShallowRef<boolean>;
  failure: ShallowRef<ApiError | null>;
  /** What was read when the conversation was opened: the line of new messages stays there until one leaves. */
  readUpTo: string | null;
}

const KEPT = 30;
const threads = shallowReactive(new Map<string, Thread>());
/** Who looks at a conversation, or at a deal's page. */
export const viewers = shallowReactive(new Map<string, Viewer[]>());

/** The conversation from memory at once, refreshed behind. */
export function openThread(id: string, scope: Scope): Thread {
  const key = `${scope}:${id}`;
  const known = threads.get(key);
  const thread = known ?? makeThread(id, scope);
  threads.delete(key);
  threads.set(key, thread);
  const oldest = threads.keys().next().value;
  if (threads.size > KEPT && oldest) threads.delete(oldest);
  void refresh(thread);
  return thread;
}

function makeThread(id: string, scope: Scope): Thread {
  return {
    id,
    scope,
    detail: shallowRef(null),
    items: new Map(),
    list: shallowRef([]),
    before: null,
    loading: shallowRef(false),
    failure: shallowRef(null),
    readUpTo: null,
  };
}

export async function refresh(thread: Thread): Promise<void> {
  thread.loading.value = true;
  thread.failure.value = null;
  const stamp = head ?? 0;
  try {
    const [detail, page] = await Promise.all([
      api.one(thread.id),
      api.messages(thread.id, { scope: thread.scope, limit: 60 }),
    ]);
    applyRow(detail.row);
    const first = thread.detail.value === null;
    thread.detail.value = detail;
    if (first || thread.readUpTo === null) thread.readUpTo = detail.read_up_to;
    viewers.set(thread.id, detail.viewers);
    if (first) thread.before = page.before;
    takeItems(thread, page.items, stamp);
  } catch (error) {
    thread.failure.value = asApiError(error);
  } finally {
    thread.loading.value = false;
  }
}

export async function loadOlder(thread: Thread, limit = 60): Promise<void> {
  if (!thread.before || thread.loading.value) return;
  thread.loading.value = true;
  const stamp = head ?? 0;
  try {
    const page = await api.messages(thread.id, { scope: thread.scope, before: thread.before, limit });
    thread.before = page.before;
    takeItems(thread, page.items, stamp);
  } catch (error) {
    thread.failure.value = asApiError(error);
  } finally {
    thread.loading.value = false;
  }
}

const LEAF = 200;
/** So many messages back is a single one looked for. */
const DEEPEST = 15 * LEAF;

/** Reads back until a message is there, without a hole. False: it is further back, gone, or not to be had now. */
export async function reach(thread: Thread, message: string): Promise<boolean> {
  while (!thread.items.has(message) && thread.before && thread.items.size < DEEPEST && !thread.failure.value) {
    if (thread.loading.value) await new Promise((resolve) => setTimeout(resolve, 50));
    else await loadOlder(thread, LEAF);
  }
  return thread.items.has(message);
}

export function takeItems(thread: Thread, items: Item[], stamp: number): void {
  let changed = false;
  for (const item of items) changed = merge(thread.items, item, stamp) || changed;
  if (changed) thread.list.value = inOrder(thread.items);
}

/** Puts an item into every open timeline it belongs to. */
export function spread(item: Item, stamp: number): void {
  for (const thread of threads.values()) if (concerns(thread, item)) takeItems(thread, [item], stamp);
}

/** Asks for a change of one message and shows what the server made of it. False: it was refused, and said why. */
export async function changeItem(call: () => Promise<Item>): Promise<boolean> {
  const stamp = head ?? 0;
  try {
    spread(await call(), stamp);
    return true;
  } catch (error) {
    complain(error);
    return false;
  }
}

export function withdraw(id: string): void {
  for (const thread of threads.values()) {
    if (thread.items.delete(id)) thread.list.value = inOrder(thread.items);
  }
}

function concerns(thread: Thread, item: Item): boolean {
  if (thread.items.has(item.id) || item.conversation_id === thread.id) return true;
  return thread.scope === "contact" && item.contact_id === thread.detail.value?.contact.id;
}

function changeContact(contactId: string, change: (contact: Contact) => Contact): void {
  for (const thread of threads.values()) {
    const detail = thread.detail.value;
    if (detail?.contact.id !== contactId) continue;
    thread.detail.value = { ...detail, contact: change(detail.contact) };
    triggerRef(thread.detail);
  }
}

export function takeContact(contact: Contact): void {
  changeContact(contact.id, () => contact);
}

function replace<X extends { id: string }>(list: X[], one: X): X[] {
  return list.some((other) => other.id === one.id)
    ? list.map((other) => (other.id === one.id ? one : other))
    : list;
}

export function takeTask(task: Task): void {
  for (const thread of threads.values()) {
    const contact = thread.detail.value?.contact;
    if (contact?.tasks.some((one) => one.id === task.id)) {
      changeContact(contact.id, (old) => ({ ...old, tasks: replace(old.tasks, task) }));
    }
  }
}

export function forgetThreads(): void {
  threads.clear();
  viewers.clear();
}

onChange<Item>("message.upsert", (item, _, seq) => spread(item, seq));
onChange<null>("message.remove", (_, id) => withdraw(id));
onChange<Contact>("contact.upsert", takeContact);
onChange<Task>("task.upsert", takeTask);
onChange<Deal>("deal.upsert", (deal) => {
  for (const thread of threads.values()) {
    const contact = thread.detail.value?.contact;
    if (contact?.deals.some((one) => one.id === deal.id)) {
      changeContact(contact.id, (old) => ({ ...old, deals: replace(old.deals, deal) }));
    }
  }
});
onChange<{ viewers: Viewer[] }>("presence", (patch, id) => {
  viewers.set(id, patch.viewers);
});
onSnapshot(() => {
  for (const thread of threads.values()) void refresh(thread);
});
