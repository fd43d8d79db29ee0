/** How does a rule read as a sentence? */
import type { Condition, Finding, Member, Plan, Queue, Rule } from "@/api/types";
import { t } from "@/i18n";
import { channelTitle } from "@/state/channels";
import { members } from "@/state/members";
import { sources } from "@/state/sources";

export const CATCH_ALL = "catch_all";
export const WHATS: Condition["what"][] = ["source", "channel", "campaign", "text", "field", "language", "region", "history"];
/** Which comparisons make sense of each. */
export const HOWS: Record<Condition["what"], Condition["how"][]> = {
  source: ["is", "is_not"], channel: ["is", "is_not"], campaign: ["is", "is_not", "contains"], text: ["contains"],
  field: ["is", "is_not", "contains", "at_least"], language: ["is", "is_not"], region: ["is", "is_not"], history: ["is", "is_not"],
};
export const LANGUAGES = ["ru", "en", "uk", "be", "kk"];
export const HISTORIES = ["new", "repeat", "known"];

export type Names = (queue: string) => string;

export function queueNames(queues: readonly Queue[]): Names {
  return (id) => queues.find((queue) => queue.id === id)?.name ?? t("routing.gone");
}

export function valueText(what: Condition["what"], value: string): string {
  if (what === "source") return sources.get(value)?.name ?? t("routing.gone");
  if (what === "channel") return channelTitle(value);
  if (what === "language") return t(`language_of.${value}`);
  if (what === "history") return t(`history_of.${value}`);
  return value;
}

export function conditionText(one: Condition): string {
  const what = one.what === "field" ? t("routing.what_field_named", { field: one.field }) : t(`routing.what.${one.what}`);
  const values = one.values.map((value) => valueText(one.what, value)).join(t(one.how === "is_not" ? "routing.nor" : "routing.or"));
  return t(`routing.how_said.${one.how}`, { what, values: values || "…" });
}

const memberName = (id: string): string => {
  const found: Member | undefined = members.get(id);
  return found ? found.name || found.email : t("routing.gone");
};

/** What becomes of a lead: "→ «Розница», сначала Пётр, 1 мин на решение". */
export function outcomeText(rule: Pick<Rule, "queue_id" | "member_id" | "skills" | "priority" | "accept_seconds">, names: Names): string {
  const parts = [t("routing.to_queue", { name: names(rule.queue_id) })];
  if (rule.member_id) parts.push(t("routing.first_to", { name: memberName(rule.member_id) }));
  if (rule.skills.length) parts.push(t("routing.with_skills", { skills: rule.skills.join(", ") }));
  if (rule.accept_seconds) parts.push(t("routing.within", { n: Math.round(rule.accept_seconds / 6) / 10 }));
  if (rule.priority) parts.push(t(rule.priority > 0 ? "routing.before_others" : "routing.after_others"));
  return parts.join(", ");
}

export function ruleText(rule: Rule, names: Names): string {
  const when = rule.when.map(conditionText).join(t("routing.and"));
  return `${when || t("routing.no_condition")} → ${outcomeText(rule, names)}`;
}

/** "Правило 2", or its own name. */
export function ruleName(plan: Plan, id: string): string {
  if (id === CATCH_ALL) return t("routing.rest");
  const place = plan.rules.findIndex((rule) => rule.id === id);
  const name = plan.rules[place]?.name;
  return name ? t("routing.rule_named", { n: place + 1, name }) : t("routing.rule_n", { n: place + 1 });
}

export const BLOCKING = new Set<string>(["no_queue", "queue_empty", "queue_headless"]);

export function findingText(finding: Finding, plan: Plan, names: Names): string {
  const about = finding.problem === "unreachable" ? ruleName(plan, finding.about) : finding.problem === "source_gone" ? "" : names(finding.about);
  return t(`routing.problem.${finding.problem}`, { about });
}
