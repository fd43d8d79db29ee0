/** Keys are physical, a wrong layout is understood, and hostile links stay text. */
import { describe, expect, it } from "vitest";
import { newId } from "@/api/id";
import { textLength } from "@/composer/length";
import { legend, otherLayout } from "@/keys/layout";
import { problemsOf, toSend } from "@/sources/settings";
import type { Setting } from "@/api/types";
import { linkify, ownPath, phoneText, safeLink } from "@/ui/safe";

describe("layouts", () => {
  it("reads what was typed in the other layout", () => {
    expect(otherLayout("pfdt")).toBe("заве");
    expect(otherLayout("ьфкшф")).toBe("maria");
  });
  it("shows both legends of a key", () => {
    expect(legend("KeyJ")).toBe("J / О");
    expect(legend("Slash")).toBe("/");
  });
});

describe("ids", () => {
  it("are UUIDv7 and grow with time", () => {
    const [a, b] = [newId(1_700_000_000_000), newId(1_700_000_000_001)];
    expect(a).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/u);
    expect(a < b).toBe(true);
  });
});

describe("what comes from outside", () => {
  it.each(["javascript:alert(1)", "data:text/html,x", "vbscript:x", "//evil", "not a link"])("%s is no link", (value) => {
    expect(safeLink(value)).toBeNull();
  });
  it("finds web addresses in a text and leaves the rest alone", () => {
    const pieces = linkify("see https://firma.ru/a?b=1, or javascript:x");
    expect(pieces.map((piece) => piece.text).join("")).toBe("see https://firma.ru/a?b=1, or javascript:x");
    expect(pieces.filter((piece) => piece.link).map((piece) => piece.link)).toEqual(["https://firma.ru/a?b=1"]);
  });
  it("fetches files from our own server only", () => {
    expect(ownPath("https://evil.example/x.png")).toBeNull();
    expect(ownPath("/api/v1/attachments/1")).toBe("/api/v1/attachments/1");
  });
  it("groups Russian numbers and no others", () => {
    expect(phoneText("+79160001122")).toBe("+7 (916) 000-11-22");
    expect(phoneText("+442071234567")).toBe("+442071234567");
  });
  it("measures a text as the network does", () => {
    expect([textLength("а😀", "codepoints"), textLength("а😀", "utf16"), textLength("а😀", "bytes")]).toEqual([2, 3, 6]);
  });
});

describe("settings of a source", () => {
  const one = (key: string, more: Partial<Setting> = {}): Setting => ({
    key, label: { ru: key, en: key }, kind: "text", help: null, required: true, default: "", pattern: "", choices: [], step: 1, advanced: false, shown_if: null, suggests: false, ...more,
  });
  it("are asked for only when they are shown, and a kept secret may stay empty", () => {
    const form = [one("kind", { default: "a" }), one("extra", { shown_if: ["kind", "b"] }), one("token", { kind: "secret", pattern: "\\d+" })];
    expect(Object.keys(problemsOf(form, {}, []))).toEqual(["token"]);
    expect(problemsOf(form, {}, ["token"])).toEqual({});
    expect(Object.keys(problemsOf(form, { token: "x1" }, []))).toEqual(["token"]);
    expect(toSend(form, { token: "" }, ["token"])).toEqual({ kind: "a" });
    expect(toSend(form, { kind: "b", extra: "e", token: "1" }, ["token"])).toEqual({ kind: "b", extra: "e", token: "1" });
  });
});
