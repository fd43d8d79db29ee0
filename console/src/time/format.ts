/** How do times and lengths of time read? */
import type { Micros } from "@/api/types";
import { locale, t } from "@/i18n";
import { DAY, HOUR, MINUTE, SECOND } from "./clock";

/** The zone times are shown in: the reader's own. Tests set another. */
let zone: string | undefined;
export function showIn(timeZone: string | undefined): void {
  zone = timeZone;
  made.clear();
}

const made = new Map<string, Intl.DateTimeFormat>();
function format(options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = locale.value + JSON.stringify(options);
  let found = made.get(key);
  if (!found) made.set(key, (found = new Intl.DateTimeFormat(locale.value, { ...options, timeZone: zone })));
  return found;
}

const toDate = (at: Micros): Date => new Date(at / 1000);

/** "14:02" */
export function clockTime(at: Micros): string {
  return format({ hour: "2-digit", minute: "2-digit", hour12: false }).format(toDate(at));
}

/** The calendar day as a number that can be compared: 20250312. */
export function dayNumber(at: Micros): number {
  const parts = format({ year: "numeric", month: "numeric", day: "numeric" }).formatToParts(toDate(at));
  const get = (type: string): number => Number(parts.find((part) => part.type === type)?.value ?? 0);
  return get("year") * 10000 + get("month") * 100 + get("day");
}

type Day = "today" | "yesterday" | "tomorrow" | "other";
export function dayOf(at: Micros, now: Micros): Day {
  const day = dayNumber(at);
  if (day === dayNumber(now)) return "today";
  // Noon, so that a night with a shifted clock cannot jump over a day.
  const noon = now - (now % DAY) + DAY / 2;
  if (day === dayNumber(noon - DAY) || day === dayNumber(now - DAY)) return at < now ? "yesterday" : "other";
  if (day === dayNumber(now + DAY)) return "tomorrow";
  return "other";
}

/** For a list: "14:02", "вчера", "12 мар.", "12 мар. 2024". */
export function listTime(at: Micros, now: Micros): string {
  switch (dayOf(at, now)) {
    case "today":
      return clockTime(at);
    case "yesterday":
      return t("time.yesterday");
    default:
      return shortDate(at, now);
  }
}

/** In a sentence: "14:02", "вчера, 11:58", "завтра, 10:00", "12 мар., 11:58". */
export function pointInTime(at: Micros, now: Micros): string {
  const day = dayOf(at, now);
  const time = clockTime(at);
  if (day === "today") return time;
  if (day === "yesterday") return t("time.yesterday_at", { time });
  if (day === "tomorrow") return t("time.tomorrow_at", { time });
  return t("time.date_at", { date: shortDate(at, now), time });
}

export function shortDate(at: Micros, now: Micros): string {
  const sameYear = Math.floor(dayNumber(at) / 10000) === Math.floor(dayNumber(now) / 10000);
  return format({ day: "numeric", month: "short", ...(sameYear ? {} : { year: "numeric" }) })
    .format(toDate(at))
    .replace(/\s\u0433\.$/u, "");
}

/** Between the days of a log: "сегодня", "вчера", "12 марта". */
export function dayTitle(at: Micros, now: Micros): string {
  const day = dayOf(at, now);
  if (day === "today") return t("time.today");
  if (day === "yesterday") return t("time.yesterday");
  const sameYear = Math.floor(dayNumber(at) / 10000) === Math.floor(dayNumber(now) / 10000);
  return format({ day: "numeric", month: "long", ...(sameYear ? {} : { year: "numeric" }) }).format(toDate(at));
}

/** For a tooltip: everything, with the zone. */
export function fullTime(at: Micros): string {
  return format({ dateStyle: "long", timeStyle: "long" }).format(toDate(at));
}

/** "18 мин", "5 ч 12 мин", "3 дн". Never below one minute. */
export function span(micros: Micros, short = false): string {
  const minutes = Math.max(1, Math.floor(micros / MINUTE));
  if (minutes < 60) return t("time.minutes", { n: minutes });
  const hours = Math.floor(minutes / 60);
  if (hours >= 48) return t("time.days", { n: Math.floor(hours / 24) });
  const rest = minutes % 60;
  if (short || rest === 0) return t("time.hours", { n: hours });
  return t("time.hours_minutes", { h: hours, m: rest });
}

/** "4:07" */
export function countdown(micros: Micros): string {
  const seconds = Math.max(0, Math.ceil(micros / SECOND));
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}

/** Length of a call or a recording: "2:14". */
export function length(seconds: number): string {
  return `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")}`;
}

/** The next moment when it is `hour` o'clock, `days` days from now, in the reader's zone. */
export function atHour(now: Micros, days: number, hour: number): Micros {
  const date = toDate(now);
  date.setDate(date.getDate() + days);
  date.setHours(hour, 0, 0, 0);
  return date.getTime() * 1000;
}

export { HOUR };
