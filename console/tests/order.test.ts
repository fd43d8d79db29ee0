/** The queue's order is the rules' order, the same for the same rows, and rows stay where they belong. */
import { describe, expect, it } from "vitest";
import type { Row } from "@/api/types";
import { arrange, belongs } from "@/state/order";
import { HOUR, MINUTE } from "@/time/clock";
import { OPEN_WINDOW, row } from "./things";

const NOW = 100 * HOUR;
const known = (...all: Row[]): Map<string, Row> => new Map(all.map((one) => [one.id, one]));
const last = (at: number): Row["last"] => ({ at, text: "", kind: "text", author: "client", author_name: "", state: "" });

describe("order", () => {
  it("puts closing windows first, then deadlines, then those to call, then the rest", () => {
    const rows = known(
      row("rest", { unanswered: false, last: last(NOW) }),
      row("call", { window: { ...OPEN_WINDOW, state: "closed" }, last: last(NOW) }),
      row("late", { deadline_at: NOW - 5 * MINUTE }),
      row("later", { deadline_at: NOW + 5 * MINUTE }),
      row("closing", { deadline_at: NOW + 20 * MINUTE, window: { ...OPEN_WINDOW, closes_at: NOW + 20 * MINUTE } }),
    );
    expect(arrange([...rows.keys()], rows, "urgent", NOW)).toEqual(["closing", "late", "later", "call", "rest"]);
  });

  it("is the same whatever the order of arrival, ties by id", () => {
    const rows = known(...["a", "b", "c", "d"].map((id) => row(id, { deadline_at: NOW })));
    const want = ["a", "b", "c", "d"];
    for (const order of ["urgent", "newest", "longest"] as const) {
      expect(arrange(["d", "b", "a", "c"], rows, order, NOW)).toEqual(want);
      expect(arrange(["c", "a", "d", "b"], rows, order, NOW)).toEqual(want);
    }
  });

  it("drops ids without a row", () => {
    expect(arrange(["a", "gone"], known(row("a")), "urgent", NOW)).toEqual(["a"]);
  });
});

describe("views", () => {
  const mine = { id: "me", name: "me" };
  it.each([
    ["unanswered", row("r"), true],
    ["unanswered", row("r", { unanswered: false }), false],
    ["mine", row("r", { assignee: mine }), true],
    ["mine", row("r", { assignee: mine, state: "closed" }), false],
    ["nobody", row("r"), true],
    ["snoozed", row("r", { state: "snoozed" }), true],
    ["all", row("r", { state: "closed" }), false],
    ["all", row("r", { nature: "spam" }), false],
    ["spam", row("r", { nature: "spam" }), true],
  ] as const)("%s: %o → %s", (view, one, wanted) => {
    expect(belongs(view, one, "me")).toBe(wanted);
  });
});
