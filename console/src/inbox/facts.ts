/** Which of a candidate's facts are worth a word, and which word? */
import type { Candidate, Micros } from "@/api/types";
import { t } from "@/i18n";
import { pointInTime } from "@/time/format";

type Say = (value: number, now: Micros, facts: Candidate["facts"]) => string;

const WORDS: Record<string, Say> = {
  active_at: (value, now) => t("fact.active_at", { time: pointInTime(value, now) }),
  created_at: (value, now) => t("fact.created_at", { time: pointInTime(value, now) }),
  closed_at: (value, now) => t("fact.closed_at", { time: pointInTime(value, now) }),
  load: (value, _, facts) => t("fact.load", { n: value, of: Number(facts.capacity ?? 0) }),
  overdue_tasks: (value) => t("fact.overdue_tasks", { n: value }),
  idle_deals: (value) => t("fact.idle_deals", { n: value }),
  open_offers: (value) => t("fact.open_offers", { n: value }),
  opens_at: (value, now, facts) => (typeof facts.closes_at === "number" && value > now ? t("fact.opens_at", { time: pointInTime(value, now) }) : ""),
};

export function factsOf(candidate: Candidate, now: Micros): string[] {
  return Object.entries(WORDS).flatMap(([name, say]) => {
    const value = candidate.facts[name];
    const text = typeof value === "number" ? say(value, now, candidate.facts) : "";
    return text ? [text] : [];
  });
}
