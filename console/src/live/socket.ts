/**
 * How does news reach this tab?
 *
 * One WebSocket, resumed by the number of the last event. Backoff 1 s × 1.5 up to 30 s with jitter; at once when the
 * network or the person comes back. A gap too big for the server's log asks everybody to read anew.
 */
import { ref } from "vue";
import type { LiveEvent } from "@/api/types";
import { syncClock } from "@/time/clock";

type Change = (patch: unknown, id: string, seq: number) => void;

const changes = new Map<string, Set<Change>>();
const snapshots = new Set<() => void>();

/** Number of the newest event this tab has seen; null before the first hello. */
export let head: number | null = null;

export type Connection = "connecting" | "online" | "offline";
export const connection = ref<Connection>("connecting");
export const lastOnlineAt = ref<number | null>(null);
export const serverVersion = ref<string | null>(null);
/** The server answers, but its database does not: what is shown is old, and nothing is kept. */
export const trouble = ref(false);
/** Messages from clients that came while we were catching up. */
export const caughtUp = ref(0);

let socket: WebSocket | null = null;
let delay = 1000;
let retry: ReturnType<typeof setTimeout> | undefined;
let silence: ReturnType<typeof setTimeout> | undefined;
let heartbeat: ReturnType<typeof setInterval> | undefined;
let wanted = false;
let catchingUpUntil = 0;
interface Watched {
  conversation_id: string | null;
  deal_id: string | null;
  typing: boolean;
}
let watched: Watched = { conversation_id: null, deal_id: null, typing: false };

export function onChange<P>(type: string, handler: (patch: P, id: string, seq: number) => void): () => void {
  const set = changes.get(type) ?? new Set();
  changes.set(type, set);
  set.add(handler as Change);
  return () => set.delete(handler as Change);
}

export function onSnapshot(handler: () => void): () => void {
  snapshots.add(handler);
  return () => snapshots.delete(handler);
}

let onTrouble: () => void = () => {};

/** Who looks into it when the line is refused or lost (perhaps the session has ended). */
export function whenLost(handler: () => void): void {
  onTrouble = handler;
}

/** At once, after signing in again. */
export function retryNow(): void {
  hurry();
}

export function connect(): void {
  if (wanted) return;
  wanted = true;
  window.addEventListener("online", hurry);
  window.addEventListener("focus", hurry);
  window.addEventListener("offline", drop);
  heartbeat = setInterval(beat, 8000);
  open();
}

export function disconnect(): void {
  wanted = false;
  window.removeEventListener("online", hurry);
  window.removeEventListener("focus", hurry);
  window.removeEventListener("offline", drop);
  clearInterval(heartbeat);
  clearTimeout(retry);
  socket?.close();
  socket = null;
  head = null;
}

/** Which conversation this person looks at, and whether they are typing: shown to colleagues. */
export function watchConversation(conversation_id: string | null, typing: boolean): void {
  watch({ conversation_id, deal_id: null, typing });
}

/** The same of a deal's page. */
export function watchDeal(deal_id: string | null): void {
  watch({ conversation_id: null, deal_id, typing: false });
}

function watch(now: Watched): void {
  const before = watched;
  watched = now;
  if (before.conversation_id !== now.conversation_id || before.deal_id !== now.deal_id || before.typing !== now.typing) tell({ type: "watch", ...now });
}
const watching = (): boolean => watched.conversation_id !== null || watched.deal_id !== null;

function tell(message: object): void {
  if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify(message));
}

let beats = 0;
function beat(): void {
  if (watching()) tell({ type: "watch", ...watched });
  if (beats++ % 4 === 0 && document.visibilityState === "visible") tell({ type: "active" });
}

function open(): void {
  clearTimeout(retry);
  if (!wanted || socket) return;
  const scheme = location.protocol === "https:" ? "wss" : "ws";
  const since = head === null ? "" : `?since=${head}`;
  const opening = new WebSocket(`${scheme}://${location.host}/api/v1/live${since}`);
  socket = opening;
  opening.onmessage = (message) => {
    if (socket === opening) hear(JSON.parse(String(message.data)) as LiveEvent);
  };
  opening.onclose = () => {
    if (socket === opening) lost();
  };
}

function hurry(): void {
  if (connection.value === "online" || !wanted) return;
  delay = 1000;
  if (socket?.readyState !== WebSocket.CONNECTING) {
    socket = null;
    open();
  }
}

function drop(): void {
  socket?.close();
  lost();
}

function lost(): void {
  socket = null;
  clearTimeout(silence);
  if (connection.value === "online") lastOnlineAt.value = Date.now();
  connection.value = "offline";
  if (!wanted) return;
  onTrouble();
  clearTimeout(retry);
  retry = setTimeout(open, delay * (0.75 + Math.random() / 2));
  delay = Math.min(30_000, delay * 1.5);
}

/** Two pings missed: the line is dead even if nobody closed it. */
function listenForSilence(): void {
  clearTimeout(silence);
  silence = setTimeout(drop, 60_000);
}

function hear(event: LiveEvent): void {
  listenForSilence();
  if (event.server_time !== undefined) syncClock(event.server_time);
  if (event.type === "hello") return greet(event);
  if (event.type === "ping") return;
  if (event.type === "trouble") {
    trouble.value = isTrouble(event.patch);
    return;
  }
  if (event.type === "snapshot_required") {
    head = event.seq;
    for (const handler of snapshots) handler();
    return;
  }
  head = Math.max(head ?? 0, event.seq);
  if (event.type === "message.upsert" && Date.now() < catchingUpUntil && isFromClient(event.patch)) caughtUp.value++;
  for (const handler of changes.get(event.type) ?? []) handler(event.patch, event.id, event.seq);
}

function greet(event: LiveEvent): void {
  const first = head === null;
  if (first) head = event.seq;
  delay = 1000;
  catchingUpUntil = first ? 0 : Date.now() + 2000;
  caughtUp.value = 0;
  connection.value = "online";
  trouble.value = false;
  lastOnlineAt.value = Date.now();
  if (event.version) serverVersion.value = event.version;
  if (watching()) tell({ type: "watch", ...watched });
  if (document.visibilityState === "visible") tell({ type: "active" });
}

function isTrouble(patch: unknown): boolean {
  return typeof patch === "object" && patch !== null && "database" in patch && patch.database === true;
}

function isFromClient(patch: unknown): boolean {
  return typeof patch === "object" && patch !== null && "direction" in patch && patch.direction === "in";
}
