/**
 * Which tasks were ticked off here, and does the server know it yet?
 *
 * A tick counts without a network too: it is kept on this device and told as soon as the line is back. Ticking twice is
 * ticking once, so nothing can go wrong by telling it again.
 */
import { shallowReactive, watch } from "vue";
import { tasks as api } from "@/api/calls";
import { asApiError } from "@/api/http";
import type { Task } from "@/api/types";
import { t } from "@/i18n";
import { connection, onChange } from "@/live/socket";
import { complain, offerUndo, offerUndoWith, tell } from "./notices";
import { me } from "./session";

interface Tickable {
  id: string;
  title: string;
}

/** Ticked off here; "waits" the server has not heard. */
export const ticks = shallowReactive(new Map<string, "done" | "waits">());
const place = (): string => `ticks:${me.value?.id ?? ""}`;

function keep(): void {
  const waits = [...ticks].flatMap(([id, state]) => (state === "waits" ? [id] : []));
  if (waits.length) localStorage.setItem(place(), JSON.stringify(waits));
  else localStorage.removeItem(place());
}

/** The news of the task bring whatever lists it up to date. */
export async function tick(task: Tickable): Promise<void> {
  ticks.set(task.id, "done");
  try {
    const { undo } = await api.finish(task.id);
    if (undo) offerUndo(t("task.done"), undo, () => ticks.delete(task.id));
    else tell(t("task.done"));
  } catch (error) {
    if (asApiError(error).status !== 0) {
      ticks.delete(task.id);
      return complain(error);
    }
    ticks.set(task.id, "waits");
    keep();
    offerUndoWith(t("task.waits"), () => Promise.resolve(forget(task.id)));
  }
}

export async function untick(task: Tickable): Promise<void> {
  if (ticks.get(task.id) === "waits") return forget(task.id);
  try {
    await api.reopen(task.id);
    ticks.delete(task.id);
  } catch (error) {
    complain(error);
  }
}

function forget(id: string): void {
  ticks.delete(id);
  keep();
}

/** Tells what was ticked off without a network, in this tab or in one that was closed. */
async function catchUp(): Promise<void> {
  const kept: unknown = JSON.parse(localStorage.getItem(place()) ?? "[]");
  const waits = Array.isArray(kept) ? kept.filter((id): id is string => typeof id === "string") : [];
  for (const id of waits) {
    try {
      await api.finish(id);
    } catch (error) {
      if (asApiError(error).status === 0) return;
    }
    ticks.delete(id);
    localStorage.setItem(place(), JSON.stringify(waits.slice(waits.indexOf(id) + 1)));
  }
  if (waits.length) keep();
}
onChange<Task>("task.upsert", (task) => {
  if (task.done_at === null && ticks.get(task.id) === "done") ticks.delete(task.id);
});
watch(() => me.value?.id, () => ticks.clear());
watch(connection, (now) => {
  if (now === "online" && me.value) void catchUp();
}, { immediate: true });
