/** Which rows are chosen together, and what becomes of each? Every one goes by the same call as alone, so each may be refused by itself. */
import { computed, ref, shallowReactive } from "vue";
import { undo as callUndo } from "@/api/calls";
import { asApiError } from "@/api/http";
import type { Changed, Row, Undo } from "@/api/types";
import { t } from "@/i18n";
import { sayError } from "@/i18n/refusals";
import { offerUndoWith, tell } from "./notices";
import { applyRow, ids, rows } from "./queue";

export const selecting = ref(false);
export const chosen = shallowReactive(new Set<string>());
/** How many are done while a run goes on; null: none goes on. */
export const progress = ref<{ n: number; of: number } | null>(null);
export const chosenRows = computed(() => [...chosen].flatMap((id) => rows.get(id) ?? []));

const AT_ONCE = 4;
let last: string | null = null;

export function toggle(id: string): void {
  selecting.value = true;
  if (!chosen.delete(id)) chosen.add(id);
  last = id;
  if (!chosen.size) stop();
}

/** All between the one chosen last and this, as the list stands. */
export function reach(id: string): void {
  const from = last ? ids.value.indexOf(last) : -1;
  const to = ids.value.indexOf(id);
  if (from < 0 || to < 0) return toggle(id);
  selecting.value = true;
  for (const one of ids.value.slice(Math.min(from, to), Math.max(from, to) + 1)) chosen.add(one);
  last = id;
}

export function stop(): void {
  chosen.clear();
  selecting.value = false;
  last = null;
}

/** Does it to each of the chosen; says how many changed and offers to take all of those back. */
export async function run(act: (row: Row) => Promise<Changed>): Promise<void> {
  const waiting = chosenRows.value;
  const of = waiting.length;
  const backs: Undo[] = [];
  let done = 0;
  let why = "";
  progress.value = { n: 0, of };
  async function work(): Promise<void> {
    for (let row = waiting.pop(); row; row = waiting.pop()) {
      try {
        const changed = await act(row);
        applyRow(changed.row);
        if (changed.undo) backs.push(changed.undo);
        done++;
      } catch (error) {
        why = sayError(asApiError(error));
      }
      progress.value = { n: of - waiting.length, of };
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  progress.value = null;
  stop();
  const text = done === of ? t("bulk.result", { n: done }) : t("bulk.part", { n: done, of, why });
  if (backs.length) offerUndoWith(text, () => takeBack(backs));
  else tell(text);
}

async function takeBack(backs: Undo[]): Promise<void> {
  const results = await Promise.allSettled(backs.map((back) => callUndo(back)));
  const failed = results.find((one) => one.status === "rejected");
  if (failed) throw failed.reason;
  tell(t("notice.undone"));
}
