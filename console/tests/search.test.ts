import { beforeEach, describe, expect, it, vi } from "vitest";
import type { Hit } from "@/api/types";
import { me } from "@/state/session";

const asked: { q: string; tab?: string; cursor?: string; done: (value: unknown) => void; fail: (error: unknown) => void }[] = [];
vi.mock("@/api/calls", async (real) => ({
  ...(await real<object>()),
  search: (q: string, how: { tab?: string; cursor?: string }) =>
    new Promise((done, fail) => asked.push({ q, ...how, done, fail })),
}));
const { addressOf, finds, look, more } = await import("@/search/store");
const { cut } = await import("@/search/marks");
const { forgetRecent, loadRecent, recent, remember } = await import("@/search/recent");
const { ApiError } = await import("@/api/http");

const hit = (more: Partial<Hit>): Hit => ({
  kind: "message", id: "m1", conversation_id: "k1", message_id: "m1", contact_id: null, title: "Мария", snippet: "", found: [], at: 1,
  source: null, author: null, state: "", file: null, ...more,
});
const page = (items: Hit[], next: string | null = null): object => ({ items, next, hidden: 0, read_as: "", unread: [] });
const settle = (): Promise<void> => new Promise((done) => setTimeout(done, 0));

describe("what was looked for stands out", () => {
  it("as whole words, whatever their case, and nothing of the text gets lost", () => {
    expect(cut("Ёлка и ёлки", ["ёлка"])).toEqual([{ text: "Ёлка", hit: true }, { text: " и ёлки", hit: false }]);
    expect(cut("a.b (c) a.b", ["a.b", "(c)"]).map((one) => one.text).join("")).toBe("a.b (c) a.b");
    expect(cut("ничего", [])).toEqual([{ text: "ничего", hit: false }]);
    expect(cut("", ["a"])).toEqual([]);
  });
});

describe("recent searches", () => {
  beforeEach(() => {
    localStorage.clear();
    loadRecent("anna");
  });
  it("keep the whole question, not what was typed on the way to it, and are one person's", () => {
    for (const words of ["ш", "шкаф", "шкаф белый", "стол"]) remember("anna", words);
    expect(recent.value).toEqual(["стол", "шкаф белый"]);
    loadRecent("ivan");
    expect(recent.value).toEqual([]);
    loadRecent("anna");
    expect(recent.value).toEqual(["стол", "шкаф белый"]);
    forgetRecent("anna");
    loadRecent("anna");
    expect(recent.value).toEqual([]);
  });
});

describe("a search", () => {
  beforeEach(() => {
    asked.length = 0;
    me.value = { permissions: ["conversation.read:all", "contact.read:all", "deal.read:all"], prefs: {} } as never;
  });
  it("asks for every kind at once, and one that fails leaves the others and what it had before", async () => {
    look("шкаф");
    expect(asked.map((one) => one.tab)).toEqual(["conversations", "messages", "contacts", "deals", "files"]);
    asked.forEach((one) => (one.tab === "messages" ? one.fail(new ApiError(503, "unavailable", "")) : one.done(page([hit({})]))));
    await settle();
    expect(finds.messages.failure?.code).toBe("unavailable");
    expect(finds.contacts.items).toHaveLength(1);
    expect(finds.contacts.failure).toBeNull();
  });
  it("never shows what an earlier question found", async () => {
    look("шкаф");
    const [old] = asked.splice(0);
    look("стол");
    asked[0]?.done(page([hit({ id: "new" })]));
    old?.done(page([hit({ id: "old" })]));
    await settle();
    expect(finds.conversations.items.map((one) => one.id)).toEqual(["new"]);
  });
  it("goes on without showing a hit twice", async () => {
    look("шкаф");
    asked.find((one) => one.tab === "messages")?.done(page([hit({ id: "a" }), hit({ id: "b" })], "b"));
    await settle();
    more("messages");
    expect(asked.at(-1)).toMatchObject({ tab: "messages", cursor: "b" });
    asked.at(-1)?.done(page([hit({ id: "b" }), hit({ id: "c" })]));
    await settle();
    expect(finds.messages.items.map((one) => one.id)).toEqual(["a", "b", "c"]);
  });
  it("asks nothing of one letter", () => {
    look("ш");
    expect(asked).toEqual([]);
    expect(finds.messages.state).toBe("idle");
  });
  it("opens where the hit stands", () => {
    expect(addressOf(hit({}))).toBe("/inbox/d/k1#m=m1");
    expect(addressOf(hit({ kind: "deal", message_id: null }))).toBe("/inbox/d/k1");
    expect(addressOf(hit({ kind: "contact", conversation_id: null, message_id: null, title: "Мария К" }))).toContain("/contacts");
    expect(addressOf(hit({ kind: "deal", conversation_id: null }))).toBeNull();
  });
});
