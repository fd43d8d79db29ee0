import { describe, expect, it } from "vitest";
import { meant, mentionedIn } from "@/composer/mention";

const people = [
  { id: "1", name: "Анна Соколова" },
  { id: "2", name: "Анна" },
  { id: "3", name: "Пётр Волков" },
];

describe("who is meant behind the «@»", () => {
  it("whoever's name, or a part of it, begins so", () => {
    expect(meant(people, "").map((one) => one.id)).toEqual(["2", "1", "3"]);
    expect(meant(people, "вол").map((one) => one.id)).toEqual(["3"]);
    expect(meant(people, "петр").map((one) => one.id)).toEqual(["3"]);
  });
  it("in the other layout too", () => expect(meant(people, "fyy").map((one) => one.id)).toEqual(["2", "1"]));
  it("of nobody, nobody", () => expect(meant(people, "ярослав")).toEqual([]));
});

describe("whom a note mentions", () => {
  it("of names that begin alike the whole one", () => {
    expect(mentionedIn("@Анна Соколова, посмотри", people)).toEqual(["1"]);
    expect(mentionedIn("@Анна посмотри, @Пётр Волков тоже; @Анна", people)).toEqual(["2", "3"]);
  });
  it("no address of mail, and no longer word", () => {
    expect(mentionedIn("пишите на anna@firma.ru", people)).toEqual([]);
    expect(mentionedIn("@Аннушка", people)).toEqual([]);
  });
});
