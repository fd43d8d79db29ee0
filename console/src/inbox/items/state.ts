/** How does a message stand? Only what the network really reports is said. */
import type { Item } from "@/api/types";
import { t } from "@/i18n";
import { pending } from "@/state/outbox";
import { clockTime } from "@/time/format";

const TROUBLE = new Set(["failed", "unknown", "undelivered"]);

export const isTrouble = (item: Item): boolean => TROUBLE.has(item.state);

export function stateText(item: Item): string {
  const local = pending.get(item.id)?.local;
  if (local === "offline") return t("state.offline");
  if (!item.state || isTrouble(item)) return "";
  if (item.state === "postponed" && item.retry_at) return t("state.postponed_until", { time: clockTime(item.retry_at) });
  return t(`state.${item.state}`);
}
