/** How do calendar dates of no clock read, and which is today somewhere? */
import { locale } from "@/i18n";
import { serverNow } from "@/time/clock";
import { plusDays } from "./hours";

const made = new Map<string, Intl.DateTimeFormat>();
function format(options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = locale.value + JSON.stringify(options);
  let found = made.get(key);
  if (!found) made.set(key, (found = new Intl.DateTimeFormat(locale.value, { ...options, timeZone: "UTC" })));
  return found;
}
const noon = (date: string): Date => new Date(`${date}T12:00:00Z`);

/** "8 мар.", with the year where it is not this one. */
export function dateText(date: string): string {
  const year = date.slice(0, 4) === new Date(serverNow() / 1000).toISOString().slice(0, 4) ? {} : { year: "numeric" as const };
  return format({ day: "numeric", month: "short", ...year }).format(noon(date));
}

/** "пн 9" over a column. */
export const dayHead = (date: string): { name: string; number: string } => ({ name: format({ weekday: "short" }).format(noon(date)), number: format({ day: "numeric" }).format(noon(date)) });

/** "9–15 марта". */
export const weekText = (monday: string, sunday: string): string => format({ day: "numeric", month: "long" }).formatRange(noon(monday), noon(sunday));

/** Dates in a line; days that follow one another are one range. */
export function rangesText(days: readonly string[]): string {
  const ranges: [string, string][] = [];
  for (const day of days) {
    const last = ranges.at(-1);
    if (last && plusDays(last[1], 1) === day) last[1] = day;
    else ranges.push([day, day]);
  }
  return ranges.map(([first, end]) => (first === end ? dateText(first) : format({ day: "numeric", month: "short" }).formatRange(noon(first), noon(end)))).join(", ");
}

/** Today's date in a zone. */
export const todayIn = (zone: string): string => new Intl.DateTimeFormat("sv-SE", { timeZone: zone }).format(new Date(serverNow() / 1000));
