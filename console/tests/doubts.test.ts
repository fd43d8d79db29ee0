import { describe, expect, it } from "vitest";
import type { Contact, Proposal } from "@/api/types";
import { choices, otherOwners, pairs, usual } from "@/contacts/doubts";

const proposal = (more: Partial<Proposal>): Proposal => ({
  id: "1", a: { id: "a", name: "А" }, b: { id: "b", name: "Б" }, kind: "phone", value: "+79160001122", verified: false, origins: ["network", "stated"], letter: null, at: 1, ...more,
});
const ref = (id: string): { id: string; name: string } => ({ id, name: id });
const deal = (owner: string | null, kind: string, at = 1): object => ({ owner: owner && ref(owner), stage_kind: kind, last_activity_at: at });
const contact = (more: object): Contact => ({ id: "c", name: "", responsible: null, identities: [], deals: [], tasks: [], attribution: null, other_names: [], ...more }) as Contact;

describe("cards that may be one person", () => {
  it("are one line however many addresses speak for it, the surest first", () => {
    const found = pairs([
      proposal({ value: "told", origins: ["network", "told"] }),
      proposal({ id: "2", kind: "email", value: "sure", verified: true }),
      proposal({ id: "3", b: ref("z") }),
      proposal({ id: "4", value: "signed", origins: ["network", "signature"], letter: { message_id: "m", conversation_id: "k" } }),
    ]);
    expect(found.map((one) => one.key)).toEqual(["a b", "a z"]);
    expect(found[0]?.evidence.map((one) => one.value)).toEqual(["sure", "signed", "told"]);
    expect(found[0]?.evidence.map((one) => [one.told, one.letter?.message_id])).toEqual([[false, undefined], [false, "m"], [true, undefined]]);
  });
  it("ask for a choice only where both say something else", () => {
    const kept = contact({ name: "Мария", responsible: ref("petr") });
    const gone = contact({ name: "М. Котова", responsible: ref("petr") });
    const found = choices(kept, gone, { city: "Москва", tags: ["опт"], only: "1" }, { city: "Подольск", tags: ["опт"], other: "2" });
    expect(found).toEqual([{ field: "name", kept: "Мария", gone: "М. Котова" }, { field: "city", kept: "Москва", gone: "Подольск" }]);
  });
  it("keep a name rather than a number, else what the older card says", () => {
    expect(usual({ field: "name", kept: "+79160001122", gone: "Мария" })).toBe("gone");
    expect(usual({ field: "name", kept: "Мария", gone: "М. Котова" })).toBe("kept");
    expect(usual({ field: "city", kept: "1", gone: "Москва" })).toBe("kept");
  });
});

describe("a responsible who owns none of the open deals", () => {
  it("is told with who does, the most recent deal's owner first", () => {
    const open = [deal("anna", "open", 1), deal("ivan", "lead", 2), deal("petr", "won", 3), deal(null, "lead", 4)];
    expect(otherOwners(contact({ responsible: ref("petr"), deals: open })).map((one) => one.id)).toEqual(["ivan", "anna"]);
  });
  it("is none where one deal is theirs, none is owned, or nobody is responsible", () => {
    expect(otherOwners(contact({ responsible: ref("petr"), deals: [deal("petr", "open"), deal("anna", "open")] }))).toEqual([]);
    expect(otherOwners(contact({ responsible: ref("petr"), deals: [deal(null, "lead")] }))).toEqual([]);
    expect(otherOwners(contact({ deals: [deal("anna", "open")] }))).toEqual([]);
  });
});
