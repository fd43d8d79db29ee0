/** What stands in a row under the name? A draft before anything else; then who said what. */
import type { Row } from "@/api/types";
import { has, t } from "@/i18n";

export interface PreviewText {
  lead: string;
  text: string;
}

export function previewOf(row: Row): PreviewText {
  if (row.draft) return { lead: t("row.draft"), text: row.draft };
  const last = row.last;
  if (!last) return { lead: "", text: "" };
  const missed = last.kind === "call" && last.state === "missed" ? t("call.missed", { wait: "" }).trim() : "";
  const text = missed || last.text || (has(`kind.${last.kind}`) ? t(`kind.${last.kind}`) : "");
  if (last.state === "failed" || last.state === "undelivered") return { lead: t("row.failed"), text };
  if (last.state === "unknown") return { lead: t("row.unknown"), text };
  if (last.author === "me") return { lead: t("row.me"), text };
  if (last.author === "person") return { lead: `${last.author_name}:`, text };
  if (last.author === "robot") return { lead: t("row.robot"), text };
  return { lead: "", text };
}
