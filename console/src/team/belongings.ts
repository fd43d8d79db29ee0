/** What has somebody on their hands, said in a line? */
import type { Handovers } from "@/api/types";
import { t } from "@/i18n";

const KINDS = ["conversation", "deal", "contact", "task", "head_of"] as const;

export function belongingsText(has: Handovers["belongings"]): string {
  return KINDS.filter((kind) => has[kind]).map((kind) => t(`team.belongs.${kind}`, { n: has[kind] })).join(", ");
}
