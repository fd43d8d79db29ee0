/** Which colleague has a deal, or the conversation about it, open right now? */
import type { DealCard } from "@/api/types";
import { t } from "@/i18n";
import { me } from "@/state/session";
import { viewers } from "@/state/thread";
import { shortName } from "@/ui/safe";

/** «Пётр смотрит», «Пётр пишет»; "" for nobody. */
export function seenBy(card: Pick<DealCard, "deal" | "talk" | "viewers">): string {
  const here = [...(viewers.get(card.deal.id) ?? card.viewers), ...(card.talk ? (viewers.get(card.talk.conversation_id) ?? []) : [])];
  const others = here.filter((one) => one.member.id !== me.value?.id);
  const typing = others.find((one) => one.typing);
  if (typing) return t("row.typing", { name: shortName(typing.member.name) });
  return others[0] ? t("row.viewing", { name: shortName(others[0].member.name) }) : "";
}
