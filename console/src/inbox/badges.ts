/** Which three facts does a row show? Window or waiting, then lead or deal, then who is on it. Pure. */
import type { Micros, Row, Viewer } from "@/api/types";
import { t } from "@/i18n";
import { countdown, span } from "@/time/format";
import { look } from "@/time/window";
import type { IconName } from "@/ui/icons";
import { shortName } from "@/ui/safe";

export interface Badge {
  key: string;
  text: string;
  tone: "" | "warn" | "bad" | "info" | "ok" | "outlined";
  icon: IconName | null;
  /** What a screen reader hears, where the badge itself is shortened. */
  full?: string;
}

const AMBER = 0.7;

export function badges(row: Row, now: Micros, myId: string, viewers: readonly Viewer[]): Badge[] {
  const [first, ...rest] = [urgency(row, now), work(row, myId), who(row, myId, viewers)];
  const others = rest.filter((badge): badge is Badge => badge !== null);
  if (!first) return others;
  return [others.length > 1 ? shorter(first, row, now) : first, ...others];
}

/** Beside two others there is no room for a long word: a sign says it. */
function shorter(badge: Badge, row: Row, now: Micros): Badge {
  if (badge.key !== "waiting" || badge.tone !== "bad" || row.waiting_since === null) return badge;
  return { ...badge, text: t("row.waiting", { span: span(now - row.waiting_since, true) }), icon: "alert", full: badge.text };
}

function urgency(row: Row, now: Micros): Badge | null {
  const window = look(row.window, now);
  if (window.kind === "open" && row.unanswered) {
    if (window.urgency === "minutes") return { key: "window", text: t("row.window", { left: countdown(window.left) }), tone: "bad", icon: "clock" };
    if (window.urgency === "hour") {
      const tone = window.left <= 30 * 60_000_000 ? "bad" : "warn";
      return { key: "window", text: t("row.window", { left: span(window.left) }), tone, icon: "clock" };
    }
  }
  if (row.unanswered && window.kind === "shut" && window.state === "closed") {
    return { key: "window", text: t("row.window_closed"), tone: "", icon: "lock" };
  }
  if (row.unanswered && row.waiting_since !== null) return waiting(row, row.waiting_since, now);
  if (row.state === "snoozed") return { key: "snoozed", text: t("row.snoozed"), tone: "", icon: "break" };
  if (window.kind === "open" && window.urgency !== "far" && row.state !== "closed") {
    return { key: "window", text: t("row.window", { left: span(window.left, true) }), tone: "", icon: "clock" };
  }
  return null;
}

function waiting(row: Row, since: Micros, now: Micros): Badge {
  const left = span(now - since, true);
  const due = row.deadline_at;
  if (due !== null && now >= due) return { key: "waiting", text: t("row.overdue", { span: left }), tone: "bad", icon: null };
  const share = due !== null && due > since ? (now - since) / (due - since) : 0;
  return { key: "waiting", text: t("row.waiting", { span: left }), tone: share >= AMBER ? "warn" : "", icon: null };
}

function work(row: Row, myId: string): Badge | null {
  if (row.offered) {
    const text = row.offered.id === myId ? t("row.offered_me") : t("row.offered", { name: shortName(row.offered.name) });
    return { key: "lead", text, tone: row.offered.id === myId ? "warn" : "info", icon: null };
  }
  if (!row.deal) return null;
  if (row.deal.stage_kind === "lead") return { key: "lead", text: t("row.new_lead"), tone: "info", icon: null };
  return { key: "deal", text: t("row.deal", { number: String(row.deal.number) }), tone: "", icon: row.deal.pinned ? "pin" : null };
}

function who(row: Row, myId: string, viewers: readonly Viewer[]): Badge | null {
  const others = viewers.filter((viewer) => viewer.member.id !== myId);
  const typing = others.find((viewer) => viewer.typing);
  if (typing) return { key: "who", text: t("row.typing", { name: shortName(typing.member.name) }), tone: "", icon: "edit" };
  const first = others[0];
  if (first) return { key: "who", text: t("row.viewing", { name: shortName(first.member.name) }), tone: "", icon: "eye" };
  if (row.claim && row.claim.id !== myId) return { key: "who", text: t("row.claimed", { name: shortName(row.claim.name) }), tone: "", icon: "edit" };
  if (row.assignee && row.assignee.id !== myId) return { key: "who", text: shortName(row.assignee.name), tone: "", icon: "person" };
  return null;
}
