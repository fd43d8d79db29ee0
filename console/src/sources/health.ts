/** How is a source, in one line? */
import type { Micros, Source } from "@/api/types";
import { t } from "@/i18n";
import { reasonText } from "@/state/channels";
import { pointInTime, span } from "@/time/format";
import type { IconName } from "@/ui/icons";

export interface Health {
  icon: IconName;
  tone: "" | "ok" | "warn" | "bad";
  text: string;
}

export function health(source: Source, now: Micros): Health {
  switch (source.state) {
    case "broken":
      return { icon: "wrong", tone: "bad", text: trouble(source) };
    case "draft":
      return { icon: "pending", tone: "", text: t("health.draft") };
    case "paused":
      return { icon: "pause", tone: "", text: t("health.paused") };
    case "disconnected":
      return { icon: "pause", tone: "", text: t("health.disconnected") };
    case "active":
      return active(source, now);
  }
}

function active(source: Source, now: Micros): Health {
  const bad = source.health.find((check) => !check.ok);
  if (bad) return { icon: "alert", tone: "warn", text: reasonText(source.channel, bad.code) };
  if (source.paused_until !== null && source.paused_until > now) {
    return { icon: "clock", tone: "warn", text: t("health.slowed", { time: pointInTime(source.paused_until, now) }) };
  }
  if (!source.verified) return { icon: "pending", tone: "", text: t("health.unproven") };
  const text = source.last_event_at ? t("health.last", { span: span(now - source.last_event_at, true) }) : t("health.works");
  return { icon: "done", tone: "ok", text };
}

function trouble(source: Source): string {
  const bad = source.health.find((check) => !check.ok);
  const code = source.last_error || bad?.code || "";
  return code ? reasonText(source.channel, code) : t("health.broken");
}
