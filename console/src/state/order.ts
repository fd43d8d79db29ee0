/** Where does a row stand, and does it belong to this view? Pure, so that it can be tested. */
import type { Micros, Row } from "@/api/types";
import { MINUTE } from "@/time/clock";
import { look } from "@/time/window";

export type View = "unanswered" | "mine" | "all" | "snoozed" | "closed" | "nobody" | "spam" | "blocked" | "personal";
export type Order = "urgent" | "newest" | "longest";

const FAR = Number.MAX_SAFE_INTEGER;

/** The queue's four groups (rules.md, section 6). */
function group(row: Row, now: Micros): number {
  if (!row.unanswered) return 3;
  const window = look(row.window, now);
  if (window.kind === "shut") return 2;
  return window.kind === "open" && window.left <= 30 * MINUTE ? 0 : 1;
}

const lastAt = (row: Row): Micros => row.last?.at ?? 0;

function urgentFirst(a: Row, b: Row, now: Micros): number {
  const [ga, gb] = [group(a, now), group(b, now)];
  if (ga !== gb) return ga - gb;
  if (ga >= 2) return lastAt(b) - lastAt(a);
  return (a.deadline_at ?? FAR) - (b.deadline_at ?? FAR);
}

export function compare(order: Order, now: Micros): (a: Row, b: Row) => number {
  const rule = {
    urgent: (a: Row, b: Row) => urgentFirst(a, b, now),
    newest: (a: Row, b: Row) => lastAt(b) - lastAt(a),
    longest: (a: Row, b: Row) => (a.waiting_since ?? FAR) - (b.waiting_since ?? FAR) || lastAt(b) - lastAt(a),
  }[order];
  return (a, b) => rule(a, b) || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0);
}

export function belongs(view: View, row: Row, memberId: string): boolean {
  if (view === "personal") return row.nature === "personal" && row.state !== "closed";
  if (row.nature === "personal" && view !== "mine") return false;
  if (view === "spam") return row.nature === "spam";
  if (row.nature === "spam") return false;
  if (view === "blocked") return row.nature === "blocked";
  if (row.nature === "blocked" && view !== "mine" && view !== "closed" && view !== "snoozed") return false;
  switch (view) {
    case "unanswered":
      return row.unanswered;
    case "mine":
      return row.assignee?.id === memberId && row.state !== "closed";
    case "nobody":
      return row.assignee === null && row.state !== "closed";
    case "snoozed":
      return row.state === "snoozed";
    case "closed":
      return row.state === "closed";
    case "all":
      return row.state !== "closed" && row.state !== "snoozed";
  }
}

/** The same ids in the order's order. */
export function arrange(ids: readonly string[], rows: ReadonlyMap<string, Row>, order: Order, now: Micros): string[] {
  const rule = compare(order, now);
  return ids
    .map((id) => rows.get(id))
    .filter((row): row is Row => row !== undefined)
    .sort(rule)
    .map((row) => row.id);
}
