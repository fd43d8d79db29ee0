/**
 * What has the person typed and not sent?
 *
 * One draft a conversation and mode, kept on the server: after a pause of 500 ms, and when the page is hidden. Writes of
 * one draft go one after another, so a late write cannot bring a sent text back.
 */
import { shallowReactive } from "vue";
import { drafts as api, type Mode } from "@/api/calls";
import { ApiError, asApiError } from "@/api/http";
import type { Draft, Uploaded } from "@/api/types";
import { onChange } from "@/live/socket";

export interface Writing {
  text: string;
  files: Uploaded[];
  replyTo: string | null;
  version: number;
  dirty: boolean;
  loaded: boolean;
}

const PAUSE = 500;
export const writings = shallowReactive(new Map<string, Writing>());
const timers = new Map<string, ReturnType<typeof setTimeout>>();
const chains = new Map<string, Promise<void>>();

const keyOf = (conversation: string, mode: Mode): string => `${conversation}:${mode}`;
const EMPTY: Writing = { text: "", files: [], replyTo: null, version: 0, dirty: false, loaded: false };

export function writing(conversation: string, mode: Mode): Writing {
  return writings.get(keyOf(conversation, mode)) ?? EMPTY;
}

export async function loadDraft(conversation: string, mode: Mode): Promise<void> {
  const key = keyOf(conversation, mode);
  if (writings.get(key)?.loaded) return;
  try {
    take(await api.read(conversation, mode));
  } catch (error) {
    if (asApiError(error).status !== 404) return;
    const now = writings.get(key) ?? EMPTY;
    writings.set(key, { ...now, loaded: true });
  }
}

/** A draft from the server or another device. What is being typed here wins. */
function take(draft: Draft): void {
  const key = keyOf(draft.conversation_id, draft.mode);
  const now = writings.get(key);
  if (now && (now.dirty || now.version > draft.version)) {
    writings.set(key, { ...now, version: Math.max(now.version, draft.version), loaded: true });
    return;
  }
  writings.set(key, {
    text: draft.text,
    files: draft.files,
    replyTo: draft.reply_to,
    version: draft.version,
    dirty: false,
    loaded: true,
  });
}

export function write(conversation: string, mode: Mode, change: Partial<Pick<Writing, "text" | "files" | "replyTo">>): void {
  const key = keyOf(conversation, mode);
  writings.set(key, { ...writing(conversation, mode), ...change, dirty: true });
  clearTimeout(timers.get(key));
  timers.set(key, setTimeout(() => void save(conversation, mode), PAUSE));
}

/** Empties the draft here; the server empties its own when the message is accepted. */
export function clear(conversation: string, mode: Mode): void {
  const key = keyOf(conversation, mode);
  clearTimeout(timers.get(key));
  writings.set(key, { ...EMPTY, version: writing(conversation, mode).version, loaded: true });
}

/** After a send that succeeded: nothing that was typed before may come back. */
export function forget(conversation: string, mode: Mode): Promise<void> {
  return chain(keyOf(conversation, mode), async () => {
    if (!writing(conversation, mode).text) await api.drop(conversation, mode);
  });
}

function chain(key: string, step: () => Promise<void>): Promise<void> {
  const next = (chains.get(key) ?? Promise.resolve()).then(step).catch(() => {});
  chains.set(key, next);
  return next;
}

function save(conversation: string, mode: Mode, keepalive = false): Promise<void> {
  const key = keyOf(conversation, mode);
  clearTimeout(timers.get(key));
  timers.delete(key);
  return chain(key, () => saveNow(conversation, mode, keepalive));
}

async function saveNow(conversation: string, mode: Mode, keepalive: boolean): Promise<void> {
  const key = keyOf(conversation, mode);
  const now = writings.get(key);
  if (!now?.dirty) return;
  const body = { text: now.text, file_ids: now.files.map((file) => file.id), reply_to: now.replyTo };
  const send = (version: number): Promise<Draft> => api.write(conversation, mode, { ...body, version }, keepalive);
  const kept = await send(now.version).catch((error: unknown) => {
    const version = error instanceof ApiError && error.code === "draft_conflict" ? error.params.version : null;
    if (typeof version !== "number") throw error;
    return send(version);
  });
  const current = writings.get(key) ?? now;
  const same = current.text === now.text && current.files === now.files && current.replyTo === now.replyTo;
  writings.set(key, { ...current, version: kept.version, dirty: !same });
}

function saveAll(): void {
  for (const key of [...timers.keys()]) {
    const at = key.lastIndexOf(":");
    void save(key.slice(0, at), key.slice(at + 1) as Mode, true);
  }
}

export function watchForHiding(): void {
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "hidden") saveAll();
  });
  window.addEventListener("pagehide", saveAll);
}

export function anythingTyped(): boolean {
  return [...writings.values()].some((one) => one.text.trim() !== "");
}

export function forgetDrafts(): void {
  writings.clear();
}

onChange<Draft>("draft.upsert", take);
