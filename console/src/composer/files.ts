/** What happens to files that were chosen, pasted or dropped? Refused by name, or on their way. */
import type { Limits } from "@/api/types";
import { locale, t } from "@/i18n";
import { writing } from "@/state/drafts";
import { tell } from "@/state/notices";
import { refusal, upload, uploads } from "@/state/uploads";
import { fileSize } from "@/ui/safe";

export function acceptFiles(conversation: string, files: File[], limits: Limits): void {
  const here = [...uploads.values()].filter((one) => one.conversation === conversation).length;
  let room = Math.max(limits.files_per_message, 10) - here - writing(conversation, "reply").files.length;
  const refused: string[] = [];
  for (const file of files) {
    const why = refusal(file, limits);
    if (why) refused.push(t(`file.refused.${why.code}`, { name: why.name, max: fileSize(why.max, locale.value) }));
    else if (room-- > 0) upload(conversation, file, limits);
    else refused.push(t("file.refused.file_count", { name: file.name }));
  }
  if (refused.length) tell(refused.join(" "));
}
