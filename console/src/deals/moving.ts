/** How does a deal go to another stage? What is missing is asked before; nothing ever jumps back. */
import { shallowRef } from "vue";
import { deals as api, type Value } from "@/api/calls";
import type { Deal, DealMoved, Stage } from "@/api/types";
import { t } from "@/i18n";
import { connection } from "@/live/socket";
import { complain, offerUndo, say } from "@/state/notices";
import { takeDeal } from "@/state/board";

/** A move that wants something first: where to, and what the server said is in the way. */
export interface Asking {
  deal: Deal;
  stage: Stage;
  answer: DealMoved;
}
export const asking = shallowRef<Asking | null>(null);

/** The deal that was moved last, so that the board can follow it with the focus. */
export const lastMoved = shallowRef<{ id: string } | null>(null);

export interface Given {
  values?: Record<string, Value>;
  comment?: string;
}

/** Moves the deal, or says what is in the way. */
export async function move(deal: Deal, stage: Stage, given: Given = {}): Promise<DealMoved> {
  const answer = await api.move(deal.id, stage.id, given);
  if (answer.moved) {
    takeDeal(answer.deal);
    lastMoved.value = { id: deal.id };
    offerUndo(t("deals.moved", { number: String(deal.number), stage: stage.name }), answer.undo);
  }
  return answer;
}

/** A drop or a choice from the menu: goes at once where nothing is missing, else the form opens. */
export async function begin(deal: Deal, stage: Stage): Promise<void> {
  if (connection.value === "offline" || deal.stage_id === stage.id) return;
  asking.value = null;
  try {
    const answer = await move(deal, stage);
    if (answer.moved) return;
    asking.value = { deal, stage, answer };
    say(t("deals.form_opened", { stage: stage.name }));
  } catch (error) {
    complain(error);
  }
}

export function giveUp(): void {
  asking.value = null;
}
