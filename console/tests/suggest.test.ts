import { describe, expect, it } from "vitest";
import { untouched } from "@/sources/settings";

const TOLD = { preset: "own", imap_host: "imap.found.ru", imap_port: "993" };

describe("a proposal", () => {
  it("fills in what nobody touched", () => {
    expect(untouched(TOLD, { address: "a@found.ru", imap_host: "" }, {})).toEqual(TOLD);
  });
  it("never replaces what a person typed, however late it comes", () => {
    expect(untouched(TOLD, { imap_host: "mail.mine.ru" }, {})).toEqual({ preset: "own", imap_port: "993" });
  });
  it("gives way to the proposal for another address", () => {
    expect(untouched(TOLD, { preset: "mailru", imap_host: "old.ru" }, { preset: "mailru", imap_host: "old.ru" })).toEqual(TOLD);
  });
  it("stays away from a proposal that a person changed", () => {
    expect(untouched(TOLD, { imap_host: "mine.ru" }, { imap_host: "old.ru" })).toEqual({ preset: "own", imap_port: "993" });
  });
});
