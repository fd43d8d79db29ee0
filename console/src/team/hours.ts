/** When does somebody work on a day, as it is typed and shown, and at which hours would there be nobody? */
import type { Schedules } from "@/api/types";

/** Minutes after midnight [from, to); beyond 1440 is the next day. */
export type Span = [number, number];
export type Person = Schedules["items"][number];
export type Company = Schedules["company"];

const DAY = 1440;
const TIME = /^(\d{1,2})(?:[:.](\d{2}))?$/u;
const PIECE = /^(\S+?)\s*-\s*(\S+)$/u;

function minutes(text: string): number | null {
  const found = TIME.exec(text);
  if (!found) return null;
  const total = Number(found[1]) * 60 + Number(found[2] ?? 0);
  return Number(found[2] ?? 0) < 60 && total <= DAY ? total : null;
}

/** "9-18", "9:30-13, 14-18", "22-6"; a dash alone is a day off; undefined: not understood. */
export function parseHours(typed: string): Span[] | undefined {
  const text = typed.trim().replace(/[\u2010-\u2015\u2212]/gu, "-");
  if (text === "-" || text === "0") return [];
  const spans: Span[] = [];
  for (const piece of text.replace(/\s*-\s*/gu, "-").split(/[\s,;+]+/u).filter(Boolean)) {
    const found = PIECE.exec(piece);
    const from = found && minutes(found[1] ?? "");
    const to = found && minutes(found[2] ?? "");
    if (from === null || to === null || from === to || from === DAY) return undefined;
    spans.push([from, to > from ? to : to + DAY]);
  }
  if (!spans.length) return undefined;
  return spans.sort((a, b) => a[0] - b[0]);
}

const clock = (at: number): string => {
  const rest = at % DAY;
  const hours = at === DAY ? 24 : Math.floor(rest / 60);
  return rest % 60 ? `${hours}:${String(rest % 60).padStart(2, "0")}` : String(hours);
};

/** "9–13, 14–18"; a day off is a dash. */
export function showHours(spans: readonly (readonly number[])[]): string {
  return spans.length ? spans.map(([from = 0, to = 0]) => `${clock(from)}–${clock(to)}`).join(", ") : "—";
}

export type Why = "leave" | "dated" | "rest" | "own" | "company";

/** What holds for a person on a date: leave beats a shift, a shift a day off, a day off the week. */
export function hoursOn(person: Person, company: Company, date: string): { spans: Span[]; why: Why } {
  const week = (from: number[][][]): Span[] => (from[weekday(date)] ?? []) as Span[];
  if (person.leave.some(([first = "", last = ""]) => first <= date && date <= last)) return { spans: [], why: "leave" };
  const dated = person.dated[date];
  if (dated) return { spans: dated as Span[], why: "dated" };
  if (!person.own) return { spans: companyOn(company, date), why: company.rests.includes(date) ? "rest" : "company" };
  if (company.rests.includes(date)) return { spans: [], why: "rest" };
  return { spans: week(person.week), why: "own" };
}

/** The company's own hours on a date; the whole day where it has none at all. */
export function companyOn(company: Company, date: string): Span[] {
  const works = company.works[date];
  if (works) return works as Span[];
  if (company.rests.includes(date)) return [];
  if (!company.week.some((day) => day.length)) return [[0, DAY]];
  return (company.week[weekday(date)] ?? []) as Span[];
}

/** Monday is 0. */
export const weekday = (date: string): number => (new Date(`${date}T12:00:00Z`).getUTCDay() + 6) % 7;

export function plusDays(date: string, days: number): string {
  const moved = new Date(`${date}T12:00:00Z`);
  moved.setUTCDate(moved.getUTCDate() + days);
  return moved.toISOString().slice(0, 10);
}

export const mondayOf = (date: string): string => plusDays(date, -weekday(date));
export const weekOf = (monday: string): string[] => [0, 1, 2, 3, 4, 5, 6].map((day) => plusDays(monday, day));

const formats = new Map<string, Intl.DateTimeFormat>();

/** Minutes by which clocks in a zone are ahead of UTC at a moment (minutes since 1970). */
export function offsetAt(zone: string, moment: number): number {
  let format = formats.get(zone);
  if (!format) {
    format = new Intl.DateTimeFormat("en", { timeZone: zone, hourCycle: "h23", year: "numeric", month: "numeric", day: "numeric", hour: "numeric", minute: "numeric" });
    formats.set(zone, format);
  }
  const part: Record<string, number> = {};
  for (const { type, value } of format.formatToParts(moment * 60_000)) part[type] = Number(value);
  const wall = Date.UTC(part.year ?? 0, (part.month ?? 1) - 1, part.day, part.hour, part.minute) / 60_000;
  return wall - Math.floor(moment);
}

/** Minutes since 1970 when clocks in a zone show that minute of a date. */
export function momentOf(date: string, minute: number, zone: string): number {
  const wall = Date.parse(`${date}T00:00:00Z`) / 60_000 + minute;
  const guess = wall - offsetAt(zone, wall);
  return wall - offsetAt(zone, guess);
}

export function joined(spans: readonly Span[]): Span[] {
  const found: Span[] = [];
  for (const [from, to] of spans.toSorted((a, b) => a[0] - b[0])) {
    const last = found.at(-1);
    if (last && last[1] >= from) last[1] = Math.max(last[1], to);
    else found.push([from, to]);
  }
  return found;
}

export const common = (one: readonly Span[], other: readonly Span[]): Span[] =>
  one.flatMap(([from, to]) => other.map(([begins, ends]): Span => [Math.max(from, begins), Math.min(to, ends)])).filter(([from, to]) => from < to);

export function without(whole: readonly Span[], taken: readonly Span[]): Span[] {
  return whole.flatMap(([from, to]) => {
    const left: Span[] = [];
    let reached = from;
    for (const [begins, ends] of joined(taken)) {
      if (ends <= reached || begins >= to) continue;
      if (begins > reached) left.push([reached, begins]);
      reached = Math.max(reached, ends);
    }
    if (reached < to) left.push([reached, to]);
    return left;
  });
}

export interface Coverage {
  /** The company's hours of the day, by its own clock. */
  needed: Span[];
  covered: Span[];
  /** Working hours at which nobody works. */
  gaps: Span[];
}

/** Whether somebody works at every working hour of a date. */
export function coverage(people: readonly Person[], company: Company, date: string): Coverage {
  const begin = momentOf(date, 0, company.timezone);
  const here = (day: string, zone: string, [from, to]: Span): Span => [momentOf(day, from, zone) - begin, momentOf(day, to, zone) - begin];
  const needed = companyOn(company, date).map((span) => here(date, company.timezone, span));
  const there = people.flatMap((person) =>
    [-2, -1, 0, 1, 2].flatMap((days) => {
      const day = plusDays(date, days);
      return hoursOn(person, company, day).spans.map((span) => here(day, (person.own && person.timezone) || company.timezone, span));
    }),
  );
  const manned = joined(there);
  const always = !company.week.some((day) => day.length);
  const covered = common(needed.length ? needed : [[0, DAY]], manned);
  return { needed, covered, gaps: always ? (covered.length || !needed.length ? [] : needed) : without(needed, manned) };
}
