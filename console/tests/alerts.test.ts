import { describe, expect, it } from "vitest";
import { freshOf, isQuiet, kindOf, quietOf, switched, waysOf } from "@/state/alerts";

const notice = (id: string, read = false): never => ({ id, code: "mention", name: "", conversation_id: null, at: 1, read }) as never;

describe("by which ways somebody is told", () => {
  it("the usual ones hold until they choose, each kind by itself", () => {
    expect(waysOf({}, "mention")).toEqual(["screen", "sound", "push"]);
    expect(waysOf({ "notify.mention": "" }, "mention")).toEqual([]);
    expect(waysOf({ "notify.mention": "mail browser nonsense" }, "mention")).toEqual(["browser", "mail"]);
  });
  it("a switch changes one way and nothing else", () => {
    expect(switched({}, "mention", "bot", true)).toBe("screen sound push bot");
    expect(switched({ "notify.task": "screen bot" }, "task", "bot", false)).toBe("screen");
  });
  it("what the gateway may name newly is still told", () => expect(kindOf("something_new")).toBe("team"));
});

describe("quiet hours", () => {
  it("go over midnight, and their end is not quiet", () => {
    const night = quietOf({ "notify.quiet": "22:00-08:00@Europe/Moscow" });
    expect([21 * 60 + 59, 22 * 60, 0, 7 * 60 + 59, 8 * 60].map((minute) => isQuiet(night, minute))).toEqual([false, true, true, true, false]);
    expect(isQuiet(quietOf({ "notify.quiet": "13:00-14:00" }), 13 * 60 + 30)).toBe(true);
    expect(quietOf({ "notify.quiet": "soon" })).toBeNull();
  });
});

describe("what is told of a list", () => {
  it("is what came since the last look and was not read elsewhere; of the first look, nothing", () => {
    const items = [notice("3"), notice("2", true), notice("1")];
    expect(freshOf(items, "")).toEqual([]);
    expect(freshOf(items, "1").map((one) => one.id)).toEqual(["3"]);
  });
});
