import { describe, expect, it } from "vitest";
import { choices, patience } from "@/composer/later/choices";
import { HOUR, MINUTE } from "@/time/clock";

const at = (iso: string): number => Date.parse(iso) * 1000;
const shown = (iso: string, zone: string, closes: string | null = null): string[] =>
  choices(at(iso), zone, closes === null ? null : at(closes)).map((one) => `${one.key} ${new Date(one.at / 1000).toISOString().slice(0, 16)}${one.shut ? " shut" : ""}`);

describe("when an answer can go later", () => {
  it("says mornings by the company's clock", () => {
    expect(shown("2026-11-25T10:00:30Z", "Europe/Moscow")).toEqual(["hour 2026-11-25T11:01", "tomorrow 2026-11-26T06:00", "monday 2026-11-30T06:00"]);
    expect(shown("2026-11-25T22:30:00Z", "Europe/Moscow")[1]).toBe("tomorrow 2026-11-27T06:00");
    expect(shown("2026-11-25T10:00:00Z", "Asia/Vladivostok")[1]).toBe("tomorrow 2026-11-25T23:00");
  });
  it("does not offer Monday twice on a Sunday, and a week on on a Monday", () => {
    expect(shown("2026-11-29T10:00:00Z", "Europe/Moscow").map((one) => one.split(" ")[0])).toEqual(["hour", "tomorrow"]);
    expect(shown("2026-11-30T10:00:00Z", "Europe/Moscow")[2]).toBe("monday 2026-12-07T06:00");
  });
  it("keeps nine o'clock over a shifted clock", () => {
    expect(shown("2026-03-28T10:00:00Z", "Europe/Berlin")[1]).toBe("tomorrow 2026-03-29T07:00");
    expect(shown("2026-10-24T10:00:00Z", "Europe/Berlin")[1]).toBe("tomorrow 2026-10-25T08:00");
  });
  it("shows what a closing window makes impossible", () => {
    expect(shown("2026-11-25T10:00:00Z", "Europe/Moscow", "2026-11-25T12:00:00Z").map((one) => one.endsWith("shut"))).toEqual([false, true, true]);
  });
  it("waits for the client until a morning", () => {
    const now = at("2026-11-25T10:00:00Z");
    expect(patience(now, "Europe/Moscow").map((one) => Math.round((one - now) / HOUR))).toEqual([20, 68, 164]);
    expect(patience(now, "Europe/Moscow").every((one) => one % (60 * MINUTE) === 0)).toBe(true);
  });
});
