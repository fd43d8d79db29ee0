import { describe, expect, it } from "vitest";
import { marked, styled, stylePieces, wrap } from "@/ui/styled";

describe("what is typed becomes styles", () => {
  it.each([
    ["**жирно** и __курсив__", "жирно и курсив", [["bold", 0, 5], ["italic", 8, 6]]],
    ["😀 ~~старая~~ `код`", "😀 старая код", [["strike", 2, 6], ["code", 9, 3]]],
    ["[цены](https://example.com/a?b=1) тут", "цены тут", [["link", 0, 4]]],
    ["**очень __важно__**", "очень важно", [["bold", 0, 11], ["italic", 6, 5]]],
    ["`**не стиль**`", "**не стиль**", [["code", 0, 12]]],
  ])("%s", (typed, text, wanted) => {
    const found = styled(typed);
    expect(found.text).toBe(text);
    expect(found.spans.map((one) => [one.style, one.start, one.length])).toEqual(wanted);
    expect(marked(found)).toBe(typed);
  });
  it.each(["file_name__x", "2 ** 3 ** 4", "a * b", "__init", "[слово](javascript:alert(1))", "~~ ~~", "** **"])("leaves %s as it is", (typed) => {
    expect(styled(typed)).toEqual({ text: typed, spans: [] });
  });
});

describe("styles become pieces", () => {
  it("splits where a style begins and ends, by whole letters", () => {
    const spans = [{ start: 2, length: 4, style: "bold" as const, url: "" }, { start: 4, length: 4, style: "italic" as const, url: "" }];
    expect(stylePieces("😀 абвгде", spans).map((one) => [one.text, one.styles.join(" ")])).toEqual([["😀 ", ""], ["аб", "bold"], ["вг", "bold italic"], ["де", "italic"]]);
  });
  it("links only where a page may lead", () => {
    const bad = [{ start: 0, length: 3, style: "link" as const, url: "javascript:alert(1)" }];
    expect(stylePieces("тут", bad)).toEqual([{ text: "тут", styles: [], link: null }]);
    expect(stylePieces("см. https://a.example", [])[1]?.link).toBe("https://a.example/");
  });
});

it("puts marks around chosen words and takes them away again", () => {
  const once = wrap("цена сто", 5, 8, "bold");
  expect(once.text).toBe("цена **сто**");
  expect(wrap(once.text, once.from, once.to, "bold").text).toBe("цена сто");
});
