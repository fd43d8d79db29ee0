/** Russian plurals have four forms, and both languages say the same things. */
import { beforeAll, describe, expect, it } from "vitest";
import en from "@/i18n/locales/en.json";
import enMore from "@/i18n/locales/en.more.json";
import ru from "@/i18n/locales/ru.json";
import ruMore from "@/i18n/locales/ru.more.json";
import { flatten, has, locale, moreTexts, t, tCode, useLocale } from "@/i18n";
import document_ from "../openapi.json";
import { compile } from "@/i18n/format";

describe("plurals", () => {
  const sentence = compile("{n, plural, one{# сообщение} few{# сообщения} many{# сообщений} other{# сообщения}}", "ru");
  it.each([
    [1, "1 сообщение"], [2, "2 сообщения"], [5, "5 сообщений"], [11, "11 сообщений"], [21, "21 сообщение"], [22, "22 сообщения"], [25, "25 сообщений"], [101, "101 сообщение"], [1.5, "1,5 сообщения"],
  ])("%s", (n, text) => {
    expect(sentence({ n })).toBe(text);
  });

  it("may stand inside each other, and an exact number goes first", () => {
    const nested = compile("{h, plural, =0{{m} min} other{# h{m, plural, =0{} other{ # min}}}}", "en");
    expect([nested({ h: 0, m: 10 }), nested({ h: 6, m: 0 }), nested({ h: 23, m: 50 })]).toEqual(["10 min", "6 h", "23 h 50 min"]);
  });

  it("refuses unbalanced braces", () => {
    expect(() => compile("{n, plural, one{x}", "en")).toThrow();
    expect(() => compile("a } b", "en")).toThrow();
  });
});

describe("words that come late", () => {
  it("are said as soon as they are here, and in the language that was chosen meanwhile", async () => {
    await useLocale("ru");
    expect(t("learn.title")).toBe("");
    expect(t("search.title")).toBe("Поиск");
    await Promise.all([moreTexts(), useLocale("en")]);
    await moreTexts();
    expect(locale.value).toBe("en");
    expect(t("learn.title")).toBe(enMore.learn.title);
    expect(t("no.such")).toContain("no.such");
  });
});

describe("locales", () => {
  beforeAll(async () => {
    await useLocale("ru");
    await moreTexts();
  });

  it("have the same keys, and every sentence compiles", () => {
    const [russian, english] = [flatten(ruMore, "", flatten(ru)), flatten(enMore, "", flatten(en))];
    expect([...english.keys()].sort()).toEqual([...russian.keys()].sort());
    for (const [locale, texts] of [["ru", russian], ["en", english]] as const) {
      for (const [key, text] of texts) {
        const said = compile(text, locale);
        expect([1, 2, 5, 11, 21, 22, 25, 101, 1.5].map((n) => said({ n })).join(), key).not.toContain("undefined");
      }
    }
  });

  it("have a sentence for every code the gateway refuses with", () => {
    const codes = document_.components.schemas.Error.properties.code.enum;
    expect(codes.length).toBeGreaterThan(20);
    expect(codes.filter((code) => !has(`error.${code}`))).toEqual([]);
  });

  it("name an unknown code instead of hiding it", () => {
    expect(tCode("error", "strange_thing")).toContain("strange_thing");
    expect(t("no.such.key")).toBe("[missing translation: no.such.key]");
  });
});
