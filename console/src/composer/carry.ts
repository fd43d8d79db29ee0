/** How does a text go over to another conversation of the same client? */
import { t } from "@/i18n";
import { router } from "@/router";
import { clear, forget, write, writing } from "@/state/drafts";
import { tell } from "@/state/notices";

/** Opens the other conversation with what was typed here; what was typed there stays below. */
export function carryTo(from: string, to: string, text?: string): void {
  const here = writing(from, "reply");
  const there = writing(to, "reply");
  const carried = text ?? here.text;
  const parts = [carried, there.text].filter((part) => part.trim() !== "");
  if (carried || here.files.length) {
    write(to, "reply", { text: [...new Set(parts)].join("\n"), files: [...there.files, ...here.files] });
    clear(from, "reply");
    void forget(from, "reply");
    tell(t("fallback.carried"));
  }
  if (router.currentRoute.value.params.id === to) return;
  void router.push({ path: `/inbox/d/${to}`, query: router.currentRoute.value.query });
}
