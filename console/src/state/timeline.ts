/** How do messages become one timeline? Pure merging by the number of the news, and grouping for the eye. */
import type { Item, Micros } from "@/api/types";
import { dayNumber } from "@/time/format";

/** The stamp says how new a copy is: the live event's number, or the head at the time a page was asked for. */
export interface Stamped {
  item: Item;
  stamp: number;
}
export type Items = Map<string, Stamped>;

/** Takes a copy unless a newer one is known. True: something changed. */
export function merge(items: Items, item: Item, stamp: number): boolean {
  const known = items.get(item.id);
  if (known && known.stamp > stamp) return false;
  items.set(item.id, { item, stamp });
  return true;
}

export function inOrder(items: Items): Item[] {
  return [...items.values()].map((one) => one.item).sort((a, b) => a.at - b.at || a.place - b.place || (a.id < b.id ? -1 : 1));
}

export type Entry =
  | { kind: "day"; key: string; at: Micros }
  | { kind: "new"; key: string }
  | { kind: "item"; key: string; item: Item; joined: boolean };

const GROUP: Micros = 60_000_000;

function continues(before: Item | null, item: Item): boolean {
  return (
    before !== null &&
    before.direction === item.direction &&
    before.author_name === item.author_name &&
    before.source.id === item.source.id &&
    before.kind !== "note" &&
    item.kind !== "note" &&
    item.author !== "system" &&
    item.at - before.at < GROUP
  );
}

/** Items with day lines, the line of new messages, and which bubble continues its author's last one. */
export function layOut(items: Item[], firstNew: string | null): Entry[] {
  const entries: Entry[] = [];
  let before: Item | null = null;
  for (const item of items) {
    if (!before || dayNumber(before.at) !== dayNumber(item.at)) {
      entries.push({ kind: "day", key: `day-${item.id}`, at: item.at });
      before = null;
    }
    const fresh = item.id === firstNew;
    if (fresh) entries.push({ kind: "new", key: "new" });
    entries.push({ kind: "item", key: item.id, item, joined: !fresh && continues(before, item) });
    before = item;
  }
  return entries;
}

/** The first message of the client after what this member has read. */
export function firstUnread(items: Item[], readUpTo: string | null): string | null {
  const at = readUpTo ? items.findIndex((item) => item.id === readUpTo) : -1;
  if (at < 0) return null;
  return items.slice(at + 1).find((item) => item.direction === "in")?.id ?? null;
}
