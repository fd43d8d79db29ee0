/** Older news never overwrites newer, in whatever order it arrives. */
import { describe, expect, it } from "vitest";
import { rows, takeRow } from "@/state/queue";
import { firstUnread, inOrder, layOut, merge, type Items } from "@/state/timeline";
import { showIn } from "@/time/format";
import { item, row } from "./things";

describe("rows", () => {
  it("keep the newest copy by its number", () => {
    rows.clear();
    expect(takeRow(row("a", { seq: 5, draft: "new" }))).toBe(true);
    expect(takeRow(row("a", { seq: 4, draft: "old" }))).toBe(false);
    expect(rows.get("a")?.draft).toBe("new");
    expect(takeRow(row("a", { seq: 6, draft: "newest" }))).toBe(true);
    expect(rows.get("a")?.draft).toBe("newest");
  });
});

describe("timeline", () => {
  it("keeps the newer copy of an item, and replaces our own bubble by the server's", () => {
    const items: Items = new Map();
    merge(items, item("a", 1, { state: "held" }), 0);
    merge(items, item("a", 1, { state: "sent" }), 7);
    expect(merge(items, item("a", 1, { state: "queued" }), 6)).toBe(false);
    expect(items.get("a")?.item.state).toBe("sent");
  });

  it("stands in the provider's order, ties by id", () => {
    const items: Items = new Map();
    for (const one of [item("c", 5), item("b", 2), item("a", 5)]) merge(items, one, 1);
    expect(inOrder(items).map((one) => one.id)).toEqual(["b", "a", "c"]);
  });

  it("draws a line between days and before the first unread message", () => {
    showIn("Europe/Moscow");
    const day = 86_400_000_000;
    const list = [item("a", day), item("b", day + 1), item("c", 2 * day), item("d", 2 * day + 1)];
    expect(firstUnread(list, "b")).toBe("c");
    const kinds = layOut(list, "c").map((entry) => (entry.kind === "item" ? entry.item.id : entry.kind));
    expect(kinds).toEqual(["day", "a", "b", "day", "new", "c", "d"]);
    showIn(undefined);
  });

  it("joins one author's messages within a minute", () => {
    const entries = layOut([item("a", 0), item("b", 30_000_000), item("c", 200_000_000)], null);
    expect(entries.flatMap((entry) => (entry.kind === "item" ? [entry.joined] : []))).toEqual([false, true, false]);
  });
});
