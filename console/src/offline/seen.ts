/** When did this browser last hear the server? Kept over reloads, so that a page without a network can say it. */
import { watch } from "vue";
import { lastOnlineAt } from "@/live/socket";

const KEY = "heard_at";
const OFTEN_MS = 15_000;

export function rememberHearing(): void {
  let kept = 0;
  watch(lastOnlineAt, (at) => {
    if (at === null || at - kept < OFTEN_MS) return;
    kept = at;
    localStorage.setItem(KEY, String(at));
  });
}

/** Milliseconds since 1970; null: never, as far as this browser knows. */
export function heardAt(): number | null {
  const at = Number(localStorage.getItem(KEY));
  return Number.isFinite(at) && at > 0 ? at : null;
}
