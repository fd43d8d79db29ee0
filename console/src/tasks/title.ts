/** What is to be done, in words? */
import { t } from "@/i18n";
import { nameText } from "@/ui/safe";

/** A call back names the client as they are called now: their name may have been learnt since. */
export const taskTitle = (task: { kind: string; title: string }, client?: string): string =>
  task.kind === "call_back" ? t("task.call_back", { name: nameText(client || task.title) || t("task.somebody") }) : task.title || t("task.unnamed");
