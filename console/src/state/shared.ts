/** Which place and whose card go along with the next answer? And where is the place that somebody pasted? */
import { shallowReactive } from "vue";
import type { CardGiven, LocationGiven } from "@/api/types";

export interface Shared {
  location: LocationGiven | null;
  card: CardGiven | null;
}

const NOTHING: Shared = { location: null, card: null };
export const shared = shallowReactive(new Map<string, Shared>());

export function sharedIn(conversation: string): Shared {
  return shared.get(conversation) ?? NOTHING;
}

export function share(conversation: string, change: Partial<Shared>): void {
  const now = { ...sharedIn(conversation), ...change };
  if (now.location || now.card) shared.set(conversation, now);
  else shared.delete(conversation);
}

const NUMBER = String.raw`(-?\d{1,3}(?:\.\d+)?)`;
/** Coordinates as people and maps write them; Yandex puts the longitude first. */
const LATITUDE_FIRST = [
  new RegExp(`[?&]mlat=${NUMBER}&mlon=${NUMBER}`),
  new RegExp(`!3d${NUMBER}!4d${NUMBER}`),
  new RegExp(`[?&#]map=\\d+(?:\\.\\d+)?/${NUMBER}/${NUMBER}`),
  new RegExp(`@${NUMBER},${NUMBER}`),
  new RegExp(`[?&](?:q|query|destination)=${NUMBER}(?:,|%2C)\\s*${NUMBER}`, "i"),
  new RegExp(`^\\s*(?:geo:)?${NUMBER}\\s*[,;\\s]\\s*${NUMBER}\\s*$`),
];
const LONGITUDE_FIRST = [
  new RegExp(`[?&](?:whatshere(?:\\[|%5B)point(?:\\]|%5D)|pt|poi(?:\\[|%5B)point(?:\\]|%5D))=${NUMBER}(?:,|%2C)${NUMBER}`, "i"),
  new RegExp(`[?&]ll=${NUMBER}(?:,|%2C)${NUMBER}`, "i"),
  new RegExp(`[?&]m=${NUMBER}(?:,|%2C|/)${NUMBER}`, "i"),
];

/** A pair of coordinates or a link to a map; null when there is no place in it. */
export function placeIn(words: string): { latitude: number; longitude: number } | null {
  for (const [patterns, turned] of [[LONGITUDE_FIRST, true], [LATITUDE_FIRST, false]] as const) {
    for (const pattern of patterns) {
      const found = pattern.exec(words);
      if (!found) continue;
      const [first, second] = [Number(found[1]), Number(found[2])];
      const place = turned ? { latitude: second, longitude: first } : { latitude: first, longitude: second };
      if (Math.abs(place.latitude) <= 90 && Math.abs(place.longitude) <= 180) return place;
    }
  }
  return null;
}
