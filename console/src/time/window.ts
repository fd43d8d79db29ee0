/** How does an open reply window look at this moment? The server says what is so; here the time left gets a shape. */
import type { Micros, Window } from "@/api/types";
import { HOUR, MINUTE } from "./clock";

export type Urgency = "far" | "hours" | "hour" | "minutes";
export type Look =
  | { kind: "none" }
  | { kind: "open"; urgency: Urgency; left: Micros; closesAt: Micros }
  | { kind: "warn" }
  | { kind: "shut"; state: Exclude<Window["state"], "none" | "open" | "warn"> };

export const THRESHOLDS: readonly Micros[] = [HOUR, 10 * MINUTE, 2 * MINUTE, 0];

/** Colours change at 6 h, 1 h and 10 min; the window is closed at exactly its end. */
export function look(window: Window, now: Micros): Look {
  if (window.state === "none") return { kind: "none" };
  if (window.state === "warn") return { kind: "warn" };
  if (window.state !== "open") return { kind: "shut", state: window.state };
  if (window.closes_at === null) return { kind: "none" };
  const left = window.closes_at - now;
  if (left > 0) return { kind: "open", urgency: urgency(left), left, closesAt: window.closes_at };
  return window.enforcement === "block" ? { kind: "shut", state: "closed" } : closedSoftly(window);
}

function closedSoftly(window: Window): Look {
  return window.enforcement === "warn" ? { kind: "warn" } : { kind: "none" };
}

function urgency(left: Micros): Urgency {
  if (left > 6 * HOUR) return "far";
  if (left > HOUR) return "hours";
  return left > 10 * MINUTE ? "hour" : "minutes";
}

/** The threshold crossed between two moments, to be announced once; null: none. */
export function crossed(closesAt: Micros, before: Micros, now: Micros): Micros | null {
  const hit = THRESHOLDS.filter((mark) => closesAt - before > mark && closesAt - now <= mark);
  return hit.length ? Math.min(...hit) : null;
}

/** Whether a message may be sent without an override. */
export function mayWrite(window: Window, now: Micros): boolean {
  return look(window, now).kind !== "shut";
}
