/** The board shows what the server says, keeps a card where it stands, and never loses a tick. */
import { beforeEach, describe, expect, it, vi } from "vitest";
import { nextTick } from "vue";
import type { Deal, DealCard, Me, Pipeline, Stage } from "@/api/types";
import { hundredths, parseMoney, shownValue, typedMoney, valueOf } from "@/deals/values";
import { moreTexts, useLocale } from "@/i18n";
import { cards, endsOf, forgetBoard, lanes, openBoard, takeDeal } from "@/state/board";
import { me } from "@/state/session";
import { tick, ticks, untick } from "@/state/ticks";

const stage = (id: string, kind: Stage["kind"]): Stage => ({
  id, name: id, kind, code: "", help: "", task_title: "", task_minutes: 0, required: [], comment: false, attempts: false, automations: [],
});
const PIPELINE: Pipeline = { id: "p", name: "Sales", stages: [stage("new", "lead"), stage("work", "open"), stage("won", "won"), stage("lost", "lost")] };
const deal = (id: string, stage_id: string, more: Partial<Deal> = {}): Deal => ({
  id, number: 1, title: id, stage: stage_id, stage_id, stage_kind: "open", amount: null, currency: "RUB", owner: null, queue: null, waiting_reason: null,
  repeat: false, quiet: false, created_at: 0, last_activity_at: 0, closed_at: null, ...more,
});
const card = (of: Deal): DealCard => ({ deal: of, contact: null, phone: "", talk: null, task: null, tasks: 0, overdue: 0, asked: null, refused: null, viewers: [] });

/** The server in small: what stands on which stage. */
let stands: Deal[] = [];
let asked: string[] = [];
let down = false;

function answer(address: string): unknown {
  const url = new URL(address, "http://x");
  if (url.pathname.endsWith("/pipelines")) return { items: [PIPELINE] };
  if (url.pathname.endsWith("/board")) return { columns: [...new Set(stands.map((one) => one.stage_id))].map((id) => ({ stage_id: id, currency: "RUB", deals: stands.filter((one) => one.stage_id === id).length, amount: "5.00" })) };
  if (url.pathname.endsWith("/cards")) {
    const ids = url.searchParams.get("ids")?.split(",");
    const found = stands.filter((one) => (ids ? ids.includes(one.id) : one.stage_id === url.searchParams.get("stage")));
    return { items: found.map(card), next: null };
  }
  return { undo: { method: "POST", path: "/api/v1/acts/a/undo", body: {} } };
}

beforeEach(() => {
  asked = [];
  down = false;
  vi.stubGlobal("fetch", (address: string) => {
    if (down) return Promise.reject(new TypeError("no network"));
    asked.push(address);
    return Promise.resolve(new Response(JSON.stringify(answer(address)), { status: 200 }));
  });
  ticks.clear();
  forgetBoard();
});
const order = (id: string): readonly string[] => lanes.get(id)?.cards ?? [];

describe("board", () => {
  beforeEach(async () => {
    stands = [deal("a", "new"), deal("b", "new"), deal("c", "work")];
    await openBoard("", { owner: "", words: "" });
  });

  it("has a lane for each working stage, counted by the server, and ends aside", () => {
    expect([...lanes.keys()]).toEqual(["new", "work"]);
    expect([lanes.get("new")?.deals, order("new"), order("work")]).toEqual([2, ["a", "b"], ["c"]]);
    expect(endsOf(PIPELINE).map((one) => one.id)).toEqual(["won", "lost"]);
  });

  it("takes a card that went on to the top of its new lane, and keeps one that stays where it stands", async () => {
    stands = [deal("a", "new"), deal("b", "work"), deal("c", "work")];
    takeDeal(deal("b", "work"));
    expect([order("new"), order("work")]).toEqual([["a"], ["b", "c"]]);
    takeDeal(deal("c", "work", { title: "renamed" }));
    expect([order("work"), cards.get("c")?.deal.title]).toEqual([["b", "c"], "renamed"]);
    await vi.waitFor(() => expect(lanes.get("work")?.deals).toBe(2), 5000);
  });

  it("drops a card that ended or left, and finds one that came, by one question for all", async () => {
    takeDeal(deal("a", "won", { closed_at: 1 }));
    expect(order("new")).toEqual(["b"]);
    stands = [deal("c", "work"), deal("d", "new")];
    asked = [];
    for (const id of ["a", "b", "d"]) takeDeal(deal(id, "new"));
    await vi.waitFor(() => expect(order("new")).toEqual(["d"]), 5000);
    expect(asked.filter((one) => one.includes("ids="))).toHaveLength(1);
  });
});

describe("the next person at this machine", () => {
  it("sees nothing of the last one's deals", async () => {
    stands = [deal("a", "new")];
    await openBoard("", { owner: "", words: "" });
    me.value = { id: "other", permissions: [] } as unknown as Me;
    await nextTick();
    expect([cards.size, lanes.size]).toEqual([0, 0]);
    me.value = null;
  });
});

describe("ticks", () => {
  it("are kept while there is no network, and taken back without it", async () => {
    await useLocale("en");
    await moreTexts();
    down = true;
    await tick({ id: "t", title: "call" });
    expect([ticks.get("t"), localStorage.getItem("ticks:")]).toEqual(["waits", '["t"]']);
    await untick({ id: "t", title: "call" });
    expect([ticks.has("t"), localStorage.getItem("ticks:")]).toEqual([false, null]);
    down = false;
    await tick({ id: "t", title: "call" });
    expect(ticks.get("t")).toBe("done");
  });
});

describe("values", () => {
  it("are money however somebody types it, and nothing else", () => {
    expect(["84 000", "84\u00a0000,5", "12.34", "0"].map(parseMoney)).toEqual([8_400_000, 8_400_050, 1234, 0]);
    expect(["", "-5", "12,345", "1e5", "99999999999999", "много"].map(parseMoney)).toEqual([null, null, null, null, null, null]);
    expect([valueOf("amount", " "), valueOf("amount", "x"), valueOf("delivery", " post ")]).toEqual([null, undefined, "post"]);
  });

  it("read as they were typed", async () => {
    await useLocale("ru");
    expect([typedMoney(8_400_050), typedMoney(8_400_000), hundredths("84000.50")]).toEqual(["84000,50", "84000", 8_400_050]);
    expect(shownValue("amount", 9_000_000, "RUB")).toMatch(/^90\s000\s₽$/u);
  });
});
