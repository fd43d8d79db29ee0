/** Times read as people say them. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { useLocale } from "@/i18n";
import { DAY, HOUR, MINUTE, SECOND } from "@/time/clock";
import { countdown, dayTitle, listTime, pointInTime, showIn, span } from "@/time/format";

const at = (iso: string): number => Date.parse(iso) * 1000;
const NOW = at("2025-03-12T11:20:00Z");

beforeAll(async () => {
  await useLocale("ru");
  showIn("Europe/Moscow");
});
afterAll(() => showIn(undefined));

describe("points in time", () => {
  it.each([
    ["2025-03-12T11:02:00Z", "14:02", "14:02"],
    ["2025-03-11T08:58:00Z", "вчера", "вчера, 11:58"],
    ["2025-03-01T08:58:00Z", "1 мар.", "1 мар., 11:58"],
    ["2025-08-26T08:58:00Z", "26 авг.", "26 авг., 11:58"],
    ["2024-03-12T08:58:00Z", "12 мар. 2024", "12 мар. 2024, 11:58"],
  ])("%s", (iso, list, sentence) => {
    expect(listTime(at(iso), NOW).replaceAll("\u00a0", " ")).toBe(list);
    expect(pointInTime(at(iso), NOW).replaceAll("\u00a0", " ")).toBe(sentence);
  });

  it("knows tomorrow, and today after midnight", () => {
    expect(pointInTime(at("2025-03-13T07:00:00Z"), NOW)).toBe("завтра, 10:00");
    expect(dayTitle(at("2025-03-11T21:30:00Z"), NOW)).toBe("сегодня");
  });

  it("calls the evening before a clock change yesterday", () => {
    showIn("Europe/Berlin");
    expect(listTime(at("2025-03-29T22:30:00Z"), at("2025-03-30T20:00:00Z"))).toBe("вчера");
    expect(listTime(at("2025-10-25T21:30:00Z"), at("2025-10-26T22:30:00Z"))).toBe("вчера");
    showIn("Europe/Moscow");
  });
});

describe("lengths of time", () => {
  it.each([
    [30 * SECOND, "1 мин"], [18 * MINUTE, "18 мин"], [5 * HOUR + 12 * MINUTE, "5 ч 12 мин"], [2 * HOUR, "2 ч"], [3 * DAY, "3 дн"],
  ])("%s", (micros, text) => {
    expect(span(micros)).toBe(text);
  });

  it("counts down to zero and not below", () => {
    expect([countdown(74 * SECOND), countdown(9 * SECOND), countdown(-5)]).toEqual(["1:14", "0:09", "0:00"]);
  });
});
