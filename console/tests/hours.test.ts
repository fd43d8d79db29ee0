import { describe, expect, it } from "vitest";
import { coverage, hoursOn, mondayOf, momentOf, offsetAt, parseHours, plusDays, showHours, weekOf, without, type Company, type Person } from "@/team/hours";

const workdays = [...Array.from({ length: 5 }, () => [[540, 1080]]), [], []];
const company = (more: Partial<Company> = {}): Company => ({ timezone: "Europe/Moscow", week: workdays, rests: [], works: {}, ...more });
const person = (more: Partial<Person> = {}): Person => ({ member_id: "a", timezone: "", week: [[], [], [], [], [], [], []], dated: {}, leave: [], own: false, version: "", ...more });

describe("hours as they are typed", () => {
  it.each([
    ["9-18", [[540, 1080]]],
    ["9–18", [[540, 1080]]],
    [" 9 - 18 ", [[540, 1080]]],
    ["9:30-18.15", [[570, 1095]]],
    ["9-13 14-18", [[540, 780], [840, 1080]]],
    ["14-18, 9-13", [[540, 780], [840, 1080]]],
    ["22-6", [[1320, 1800]]],
    ["0-24", [[0, 1440]]],
    ["-", []],
    ["—", []],
  ])("%s", (typed, spans) => expect(parseHours(typed)).toEqual(spans));

  it.each(["", "9", "9-", "25-26", "9:75-10", "9-9", "24-6", "abc", "9-18-20"])("%j is not understood", (typed) => expect(parseHours(typed)).toBeUndefined());

  it("shows what it reads", () => {
    for (const text of ["9–18", "9:30–13, 14–18", "22–6", "0–24"]) expect(showHours(parseHours(text) ?? [])).toBe(text);
    expect(showHours([])).toBe("—");
  });
});

describe("what holds on a day", () => {
  const monday = "2026-03-09";
  it("is the company's week for whoever has none", () => expect(hoursOn(person(), company(), monday)).toEqual({ spans: [[540, 1080]], why: "company" }));
  it("is leave before a shift, a shift before a day off, a day off before the week", () => {
    const own = person({ own: true, week: [[[600, 900]], [], [], [], [], [], []] });
    expect(hoursOn(own, company(), monday)).toEqual({ spans: [[600, 900]], why: "own" });
    expect(hoursOn(own, company({ rests: [monday] }), monday)).toEqual({ spans: [], why: "rest" });
    const shift = { ...own, dated: { [monday]: [[720, 900]] } };
    expect(hoursOn(shift, company({ rests: [monday] }), monday)).toEqual({ spans: [[720, 900]], why: "dated" });
    expect(hoursOn({ ...shift, leave: [["2026-03-01", monday]] }, company(), monday).why).toBe("leave");
  });
  it("counts weeks from Monday over a change of clocks", () => {
    expect(mondayOf("2026-03-29")).toBe("2026-03-23");
    expect(weekOf("2026-03-23").at(-1)).toBe("2026-03-29");
    expect(plusDays("2028-02-28", 1)).toBe("2028-02-29");
  });
});

describe("coverage", () => {
  const friday = "2026-03-13";
  const hours = (spans: number[][], more: Partial<Person> = {}): Person => person({ own: true, week: Array.from({ length: 7 }, () => spans), ...more });

  it("tells the working hours at which nobody works", () => {
    const day = coverage([hours([[540, 720]]), hours([[780, 1020]])], company(), friday);
    expect(day.covered).toEqual([[540, 720], [780, 1020]]);
    expect(day.gaps).toEqual([[720, 780], [1020, 1080]]);
  });
  it("sees by the company's clock who works by their own", () => {
    const far = hours([[540, 1080]], { timezone: "Asia/Vladivostok" });
    expect(coverage([far], company(), friday).gaps).toEqual([[660, 1080]]);
  });
  it("carries a night shift into the next day, and expects nobody on a day off", () => {
    const night = person({ own: true, week: [[], [], [], [], [[1320, 1800]], [], []] });
    const round = company({ week: Array.from({ length: 7 }, () => [[0, 1440]]) });
    expect(coverage([night], round, "2026-03-14").covered).toEqual([[0, 360]]);
    expect(coverage([], company(), "2026-03-14").gaps).toEqual([]);
  });
  it("has nobody at all where nobody works", () => expect(coverage([], company(), friday).gaps).toEqual([[540, 1080]]));
  it("takes pieces out of a whole", () => expect(without([[0, 10]], [[2, 4], [3, 5], [9, 20]])).toEqual([[0, 2], [5, 9]]));
});

describe("clocks", () => {
  it("go forward and back", () => {
    const summer = momentOf("2026-03-29", 600, "Europe/Berlin");
    expect(summer - momentOf("2026-03-28", 600, "Europe/Berlin")).toBe(23 * 60);
    expect(offsetAt("Europe/Berlin", summer)).toBe(120);
    expect(momentOf("2026-10-25", 600, "Europe/Berlin") - momentOf("2026-10-24", 600, "Europe/Berlin")).toBe(25 * 60);
  });
});
