import { describe, expect, it } from "vitest";
import { placeIn } from "@/state/shared";

const MOSCOW = { latitude: 55.7558, longitude: 37.6173 };

describe("a pasted place", () => {
  it.each([
    "55.7558, 37.6173",
    "55.7558 37.6173",
    "geo:55.7558,37.6173",
    "https://yandex.ru/maps/213/moscow/?ll=37.6173%2C55.7558&z=16",
    "https://yandex.ru/maps/?pt=37.6173,55.7558&z=16&l=map",
    "https://yandex.ru/maps/213/moscow/?ll=30.1%2C50.2&whatshere%5Bpoint%5D=37.6173%2C55.7558",
    "https://2gis.ru/moscow?m=37.6173%2C55.7558%2F16",
    "https://www.google.com/maps/place/X/@50.1,30.2,17z/data=!3d55.7558!4d37.6173",
    "https://www.google.com/maps/@55.7558,37.6173,15z",
    "https://maps.google.com/?q=55.7558,37.6173",
    "https://www.openstreetmap.org/#map=16/55.7558/37.6173",
    "https://www.openstreetmap.org/?mlat=55.7558&mlon=37.6173#map=16/50.1/30.2",
  ])("is found in %s", (words) => expect(placeIn(words)).toEqual(MOSCOW));

  it.each(["", "Тверская, 1", "https://yandex.ru/maps/-/CDabc", "95.1, 37.6", "55.7"])("is not seen in %s", (words) =>
    expect(placeIn(words)).toBeNull(),
  );
});
