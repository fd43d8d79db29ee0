/** Which conversations are in the queue, and in which order does this person see them? */
import { computed, ref, shallowReactive, shallowRef, watch } from "vue";
import { conversations as api } from "@/api/calls";
import { asApiError, type ApiError } from "@/api/http";
import type { Counters, Row } from "@/api/types";
import { onChange, onSnapshot } from "@/live/socket";
import { nowByMinute, serverNow } from "@/time/clock";
import { t } from "@/i18n";
import { say } from "./notices";
import { arrange, belongs, compare, type Order, type View } from "./order";
import { may, me } from "./session";

/** Every row this tab knows, in whatever list. The one place where a row lives. */
export const rows = shallowReactive(new Map<string, Row>());
export const counters = shallowRef<Counters | null>(null);

export interface Filter {
  view: View;
  order: Order;
  source: string;
  q: string;
}

export const filter = shallowRef<Filter>({ view: "unanswered", order: "urgent", source: "", q: "" });
export const ids = shallowRef<string[]>([]);
export const loading = ref(false);
export const failure = shallowRef<ApiError | null>(null);
export const loadedOnce = ref(false);
/** New arrivals that wait until the list may move. */
export const waiting = shallowReactive(new Set<string>());
export const openId = ref<string | null>(null);

const cursor = ref<string | null>(null);
export const hasMore = computed(() => cursor.value !== null);

const pointerInside = ref(false);
const keyHold = ref(false);
let keyTimer: ReturnType<typeof setTimeout> | undefined;
let attempt = 0;

export const frozen = computed(() => pointerInside.value || keyHold.value);

export function holdByPointer(inside: boolean): void {
  pointerInside.value = inside;
}

/** After J or K the order stays for three seconds. */
export function holdByKeys(): void {
  keyHold.value = true;
  clearTimeout(keyTimer);
  keyTimer = setTimeout(() => (keyHold.value = false), 3000);
}

/** Older news never overwrites newer. */
export function takeRow(row: Row): boolean {
  const known = rows.get(row.id);
  if (known && known.seq > row.seq) return false;
  rows.set(row.id, row);
  return true;
}

export function applyRow(row: Row): void {
  if (!takeRow(row)) return;
  const listed = ids.value.includes(row.id);
  const fits = belongs(filter.value.view, row, me.value?.id ?? "") && fitsSource(row);
  if (listed && !fits) leaveSoon(row.id);
  else if (listed) rearrange();
  else if (fits && !filter.value.q) arriveInList(row);
}

const fitsSource = (row: Row): boolean => !filter.value.source || row.source.id === filter.value.source;

/** A row that left the filter stays while it is open or the list is held still. */
function leaveSoon(id: string): void {
  if (id === openId.value || frozen.value) return;
  ids.value = ids.value.filter((other) => other !== id);
}

export function isGone(id: string): boolean {
  const row = rows.get(id);
  return row !== undefined && !filter.value.q && !belongs(filter.value.view, row, me.value?.id ?? "");
}

let unsaid = 0;
let lastSaid = 0;
let sayTimer: ReturnType<typeof setTimeout> | undefined;
const SAY_EVERY = 10_000;

/** One sentence in ten seconds at most. */
function announce(): void {
  unsaid++;
  clearTimeout(sayTimer);
  sayTimer = setTimeout(() => {
    say(t("queue.new", { n: unsaid }));
    lastSaid = Date.now();
    unsaid = 0;
  }, Math.max(500, lastSaid + SAY_EVERY - Date.now()));
}

function arriveInList(row: Row): void {
  if (row.unanswered) announce();
  if (frozen.value) {
    waiting.add(row.id);
    return;
  }
  const last = rows.get(ids.value.at(-1) ?? "");
  const beyond = cursor.value !== null && last && compare(filter.value.order, serverNow())(row, last) > 0;
  if (!beyond) ids.value = arrange([...ids.value, row.id], rows, filter.value.order, serverNow());
}

function rearrange(): void {
  if (!frozen.value && !filter.value.q) ids.value = arrange(ids.value, rows, filter.value.order, serverNow());
}

/** Lets the collected news in: the list moves now, because the person asked or let go. */
export function release(): void {
  const view = filter.value.view;
  const memberId = me.value?.id ?? "";
  const stay = ids.value.filter((id) => {
    const row = rows.get(id);
    return row && (id === openId.value || filter.value.q || (belongs(view, row, memberId) && fitsSource(row)));
  });
  const fresh = [...waiting].filter((id) => {
    const row = rows.get(id);
    return row && !stay.includes(id) && belongs(view, row, memberId);
  });
  waiting.clear();
  ids.value = filter.value.q ? stay : arrange([...stay, ...fresh], rows, filter.value.order, serverNow());
}

watch(frozen, (now) => {
  if (!now) release();
});
watch(openId, () => {
  if (!frozen.value) release();
});
watch(nowByMinute, rearrange);

/** Reads the list anew for a filter. What is on screen stays until the answer is here. */
export async function load(next: Filter = filter.value): Promise<void> {
  const changed = JSON.stringify(next) !== JSON.stringify(filter.value);
  filter.value = next;
  const mine = ++attempt;
  if (changed) {
    ids.value = [];
    loadedOnce.value = false;
  }
  loading.value = true;
  failure.value = null;
  try {
    const page = await api.rows({ ...next, limit: 60 });
    if (mine !== attempt) return;
    page.rows.forEach(takeRow);
    ids.value = page.rows.map((row) => row.id);
    cursor.value = page.next;
    waiting.clear();
    loadedOnce.value = true;
  } catch (error) {
    if (mine === attempt) failure.value = asApiError(error);
  } finally {
    if (mine === attempt) loading.value = false;
  }
}

export async function loadMore(): Promise<void> {
  const from = cursor.value;
  if (!from || loading.value) return;
  const mine = attempt;
  loading.value = true;
  try {
    const page = await api.rows({ ...filter.value, cursor: from, limit: 60 });
    if (mine !== attempt) return;
    page.rows.forEach(takeRow);
    const known = new Set(ids.value);
    ids.value = [...ids.value, ...page.rows.map((row) => row.id).filter((id) => !known.has(id))];
    cursor.value = page.next;
  } catch (error) {
    failure.value = asApiError(error);
  } finally {
    if (mine === attempt) loading.value = false;
  }
}

export async function loadCounters(): Promise<void> {
  if (!may("conversation.read")) return;
  try {
    counters.value = await api.counters();
  } catch {
    // Badges stay as they were; the connection bar says why.
  }
}

/** The row after (or before) this one in the list as it is shown. */
export function neighbour(id: string | null, step: 1 | -1): string | null {
  const at = id ? ids.value.indexOf(id) : -1;
  if (at < 0) return ids.value[0] ?? null;
  return ids.value[at + step] ?? null;
}

export function forgetAll(): void {
  rows.clear();
  ids.value = [];
  cursor.value = null;
  counters.value = null;
  waiting.clear();
  loadedOnce.value = false;
}

onChange<Row>("conversation.upsert", applyRow);
onChange<null>("conversation.remove", (_, id) => {
  rows.delete(id);
  waiting.delete(id);
  ids.value = ids.value.filter((other) => other !== id);
});
onChange<Counters>("counters", (patch) => (counters.value = patch));
onSnapshot(() => {
  void load();
  void loadCounters();
});
