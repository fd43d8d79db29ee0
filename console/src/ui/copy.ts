/** How does a text get to the clipboard, also where the page has no right to the new interface? */
import { t } from "@/i18n";
import { tell } from "@/state/notices";

export async function copyText(text: string): Promise<void> {
  if (!(await write(text))) {
    tell(t("common.copy_failed"));
    return;
  }
  tell(t("common.copied"));
}

async function write(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return writeBySelection(text);
  }
}

/** On plain http away from this machine there is no navigator.clipboard. */
function writeBySelection(text: string): boolean {
  const area = document.createElement("textarea");
  area.value = text;
  document.body.append(area);
  area.select();
  const done = document.execCommand("copy");
  area.remove();
  return done;
}
