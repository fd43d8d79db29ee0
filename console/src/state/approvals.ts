/** Which deals wait for this head's word? */
import { shallowRef, watch } from "vue";
import { approvals as api } from "@/api/calls";
import type { Approval, Deal } from "@/api/types";
import { t } from "@/i18n";
import { onChange, onSnapshot } from "@/live/socket";
import { complain, offerUndo, tell } from "./notices";
import { may, me } from "./session";

export const approvals = shallowRef<Approval[]>([]);
export const mayDecide = (): boolean => may("member.edit") && may("lead.assign");

watch(() => me.value?.id, () => (approvals.value = []));

export async function loadApprovals(): Promise<void> {
  if (!mayDecide()) return;
  approvals.value = (await api.waiting()).items;
}

export async function decide(one: Pick<Approval, "id" | "number">, agree: boolean, comment = ""): Promise<void> {
  const number = String(one.number);
  try {
    const answer = await api.decide(one.id, agree, comment);
    approvals.value = approvals.value.filter((other) => other.id !== one.id);
    if (!agree) tell(t("approval.refused", { number }));
    else if (answer.moved) offerUndo(t("approval.agreed", { number }), answer.undo, () => void loadApprovals());
    else tell(t("approval.late", { number }));
  } catch (error) {
    complain(error);
    void loadApprovals().catch(() => {});
  }
}

/** While the list is on screen. */
export function followApprovals(): () => void {
  const again = (): void => void loadApprovals().catch(() => {});
  const stops = [
    onChange("notification", (_, id) => {
      if (id.startsWith("approval")) again();
    }),
    onChange<Deal>("deal.upsert", (deal) => {
      if (approvals.value.some((one) => one.deal_id === deal.id)) again();
    }),
    onSnapshot(again),
  ];
  return () => stops.forEach((stop) => stop());
}
