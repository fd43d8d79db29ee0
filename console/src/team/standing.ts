/** How is somebody standing now, and why would no lead come? In the router's own words. */
import type { Member, Micros } from "@/api/types";
import { has, t, tCode } from "@/i18n";
import { pointInTime } from "@/time/format";

export interface Standing {
  text: string;
  tone: "ok" | "warn" | "info" | "";
}

const TO_MEND = new Set(["overdue_tasks", "deals_without_task", "at_capacity", "unreachable", "not_member"]);
/** What does not matter of somebody to whom leads never come. */
const OF_OWNERS = new Set([...TO_MEND, "cannot_own", "has_offer", "not_on_source", "no_skill"]);

export function reasonText(code: string, one: Member, now: Micros): string {
  if (code === "overdue_tasks") return t("team.held.overdue_tasks", { n: one.overdue_tasks });
  if (code === "deals_without_task") return t("team.held.deals_without_task", { n: one.idle_deals });
  const said = tCode("verdict.route", code);
  if ((code === "on_break" || code === "do_not_disturb") && one.presence.until) return t("team.until", { what: said, time: pointInTime(one.presence.until, now) });
  if ((code === "off_hours" || code === "on_leave") && one.shift && one.shift.opens_at > now) return t("team.back", { what: said, time: pointInTime(one.shift.opens_at, now) });
  return said;
}

export const reasonsOf = (one: Member): string[] => (one.may_own ? one.held : one.held.filter((code) => !OF_OWNERS.has(code)));

export function standing(one: Member, now: Micros): Standing {
  if (!one.active) return { text: t("people.inactive"), tone: "" };
  if (one.invited) return { text: t("people.invited"), tone: "info" };
  const reason = reasonsOf(one)[0];
  if (reason) return { text: reasonText(reason, one, now), tone: TO_MEND.has(reason) ? "warn" : "" };
  const on = t(`presence.${one.presence.state}`);
  if (one.presence.state !== "on_shift") return { text: on, tone: "" };
  return { text: one.shift && one.shift.closes_at > now ? t("team.until", { what: on, time: pointInTime(one.shift.closes_at, now) }) : on, tone: "ok" };
}

export const rolesOf = (one: Member): string => one.roles.map((role) => (has(`role.${role}`) ? t(`role.${role}`) : role)).join(", ");
