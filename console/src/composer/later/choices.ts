/** When can an answer go later? The usual moments, by the company's clock. */
import type { Micros } from "@/api/types";
import { momentOf, plusDays, weekday } from "@/team/hours";
import { HOUR, MINUTE } from "@/time/clock";

export interface Choice {
  key: "hour" | "tomorrow" | "monday";
  at: Micros;
  /** The window will be closed by then, and only the client opens it. */
  shut: boolean;
}

const MORNING = 9 * 60;
/** The first day of the week in `weekday`. */
const MONDAY = 0;

/** The date in a zone: 2026-11-30. */
const dateIn = (zone: string, now: Micros): string => new Intl.DateTimeFormat("sv-SE", { timeZone: zone }).format(new Date(now / 1000));

/** The morning of a date in a zone. */
const morning = (date: string, zone: string): Micros => momentOf(date, MORNING, zone) * MINUTE;

export function choices(now: Micros, zone: string, closesAt: Micros | null): Choice[] {
  const today = dateIn(zone, now);
  const tomorrow = plusDays(today, 1);
  const monday = plusDays(today, 7 - weekday(today));
  const found: Omit<Choice, "shut">[] = [
    { key: "hour", at: Math.ceil((now + HOUR) / MINUTE) * MINUTE },
    { key: "tomorrow", at: morning(tomorrow, zone) },
  ];
  if (weekday(tomorrow) !== MONDAY) found.push({ key: "monday", at: morning(monday, zone) });
  return found.map((one) => ({ ...one, shut: isShut(one.at, closesAt) }));
}

export const isShut = (at: Micros, closesAt: Micros | null): boolean => closesAt !== null && at >= closesAt;

/** When it is given up to wait for the client: the end of patience, in mornings. */
export function patience(now: Micros, zone: string): Micros[] {
  const today = dateIn(zone, now);
  return [1, 3, 7].map((days) => morning(plusDays(today, days), zone));
}
