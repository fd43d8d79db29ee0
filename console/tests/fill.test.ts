import { describe, expect, it } from "vitest";
import { fill, holeIn, variables } from "@/canned/fill";

const facts = { contact: "Мария Котова", member: "Ира Королёва", company: "Мебель", deal: "1042" };

describe("what stands where a ready answer has {{…}}", () => {
  it("is filled in either language, whatever the case and ё", () => {
    expect(fill("{{Имя}}, это {{ менеджер }} из {{company}}, №{{deal}}", facts)).toBe("Мария, это Ира Королёва из Мебель, №1042");
    expect(fill("{{клиент}}", facts)).toBe("Мария Котова");
  });
  it("stays when nobody knows it", () => {
    expect(fill("{{имя}} {{дата}} {{сделка}}", { ...facts, contact: "+7 916 000-11-22", deal: "" })).toBe("{{имя}} {{дата}} {{сделка}}");
  });
  it("puts nothing in that was in a name", () => {
    expect(fill("{{клиент}}", { ...facts, contact: "{{deal}}" })).toBe("{{deal}}");
  });
});

describe("the next place to fill", () => {
  it("is after the caret, else the first", () => {
    const text = "{{a}} и {{б}}";
    expect(holeIn(text)?.name).toBe("a");
    expect(holeIn(text, 3)?.name).toBe("б");
    expect(holeIn(text, 12)?.name).toBe("a");
    expect(holeIn("нет {и не} {{}}")).toBeNull();
  });
  it("is named in the language of the person", () => {
    expect(variables(true)).toContain("{{имя}}");
    expect(variables(false)).toContain("{{name}}");
  });
});
