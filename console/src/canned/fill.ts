/** What stands where a ready answer has {{…}}? What is not known stays as it is, for the person to fill. */

import names from "./names.json";

export interface Facts {
  contact: string;
  member: string;
  company: string;
  deal: string;
}

const NAMES: Record<keyof Facts | "first", readonly string[]> = names;
const HOLE = /\{\{\s*([^{}]{1,60}?)\s*\}\}/gu;

export const fold = (text: string): string => text.trim().toLowerCase().replaceAll("\u0451", "\u0435");

/** A number or an address is nobody's first name. */
const firstName = (name: string): string => {
  const word = name.trim().split(/\s+/u)[0] ?? "";
  return /^\p{L}[\p{L}'’-]+$/u.test(word) ? word : "";
};

export function fill(text: string, facts: Facts): string {
  return text.replace(HOLE, (hole, name: string) => {
    const wanted = fold(name);
    if (NAMES.first.includes(wanted)) return firstName(facts.contact) || hole;
    const known = (Object.keys(facts) as (keyof Facts)[]).find((fact) => NAMES[fact].includes(wanted));
    return (known && facts[known]) || hole;
  });
}

export interface Hole {
  from: number;
  to: number;
  name: string;
}

/** The first unfilled place at or after `from`, else the first of all; null: there is none. */
export function holeIn(text: string, from = 0): Hole | null {
  const found = [...text.matchAll(HOLE)].map((match) => ({ from: match.index, to: match.index + match[0].length, name: match[1] ?? "" }));
  return found.find((hole) => hole.from >= from) ?? found[0] ?? null;
}

/** The names that people may use, for the hint. */
export const variables = (russian: boolean): string[] => Object.values(NAMES).map((each) => `{{${russian ? each[0] : each.at(-1)}}}`);
