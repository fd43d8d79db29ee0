/** What did the person just do that can be taken back, and what must a screen reader hear? */
import { ref, shallowRef } from "vue";
import { undo as callUndo } from "@/api/calls";
import { asApiError } from "@/api/http";
import type { Undo } from "@/api/types";
import { t } from "@/i18n";
import { sayError } from "@/i18n/refusals";

export interface Notice {
  id: number;
  text: string;
  tone: "plain" | "bad";
  undo: (() => Promise<void>) | null;
}

export const notice = shallowRef<Notice | null>(null);
export const spoken = ref("");
export const spokenNow = ref("");

/** The browser lets nothing sound until somebody touches the page, and something was to sound. */
export const silenced = ref(false);

const SECONDS_TO_UNDO = 8;
let count = 0;
let left = 0;
let timer: ReturnType<typeof setInterval> | undefined;
/** The pointer rests on it, or the keyboard stands in it: it does not go from under the hand. */
export const noticeHeld = ref(false);

function show(text: string, tone: Notice["tone"], undo: Notice["undo"]): void {
  dismiss();
  notice.value = { id: ++count, text, tone, undo };
  say(text);
  left = SECONDS_TO_UNDO;
  timer = setInterval(tick, 1000);
}

/** Only seconds in which somebody could see it count. */
function tick(): void {
  if (noticeHeld.value || document.hidden) return;
  left -= 1;
  if (left <= 0) dismiss();
}

export function tell(text: string): void {
  show(text, "plain", null);
}

/** What happened elsewhere takes no undo from under the hand: it is said, and stands among what one was told. */
export function tellAside(text: string): void {
  if (notice.value?.undo) say(text);
  else tell(text);
}

export function complain(error: unknown): void {
  const refusal = asApiError(error);
  show(sayError(refusal), "bad", null);
}

/** Says what was done and offers to take it back for 8 seconds, longer while the pointer rests there. */
export function offerUndo(text: string, how: Undo | null, after: () => void = () => {}): void {
  if (!how) return tell(text);
  show(text, "plain", async () => {
    await callUndo(how);
    after();
    tell(t("notice.undone"));
  });
}

export function offerUndoWith(text: string, undo: () => Promise<void>): void {
  show(text, "plain", undo);
}

export async function undoLast(): Promise<void> {
  const undo = notice.value?.undo;
  dismiss();
  if (!undo) return;
  try {
    await undo();
  } catch (error) {
    complain(error);
  }
}

export function dismiss(): void {
  clearInterval(timer);
  noticeHeld.value = false;
  notice.value = null;
}

/** Politely, through the one status node. */
export function say(text: string): void {
  spoken.value = "";
  setTimeout(() => (spoken.value = text), 30);
}

/** At once: a lead offer, a window that closed while typing, a message that failed. */
export function sayNow(text: string): void {
  spokenNow.value = "";
  setTimeout(() => (spokenNow.value = text), 30);
}
