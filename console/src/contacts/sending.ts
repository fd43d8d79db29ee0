/** How does an address book get to the server, and how is it read there? The file is kept, so that it can be read otherwise. */
import { computed, ref, shallowRef } from "vue";
import { imports as api } from "@/api/calls";
import { answer, asApiError } from "@/api/http";
import type { Import } from "@/api/types";
import { t } from "@/i18n";
import { sayError } from "@/i18n/refusals";

export const ENCODINGS = ["utf-8", "cp1251", "cp866", "koi8-r", "utf-16"] as const;
export const DELIMITERS = ["comma", "semicolon", "tab", "pipe"] as const;
/** "": found out by the server. */
export interface Reading {
  encoding: string;
  delimiter: string;
}

export const chosen = shallowRef<File | null>(null);
/** How much of it is there, from 0 to 1; null: nothing is under way. */
export const share = ref<number | null>(null);
export const sending = computed(() => share.value !== null);
export const problem = ref("");

/** What the server read; null: it could not, and `problem` says why. */
export function send(file: File, how: Reading): Promise<Import | null> {
  chosen.value = file;
  problem.value = "";
  share.value = 0;
  return new Promise((resolve) => {
    const request = new XMLHttpRequest();
    request.open("POST", api.uploadUrl(file.name, how));
    request.setRequestHeader("X-Inbox", "1");
    request.setRequestHeader("Content-Type", "application/octet-stream");
    request.upload.onprogress = (event) => {
      if (event.lengthComputable) share.value = event.loaded / event.total;
    };
    request.onloadend = () => {
      share.value = null;
      resolve(read(request));
    };
    request.send(file);
  });
}

function read(request: XMLHttpRequest): Import | null {
  try {
    if (!request.status) throw new TypeError("offline");
    return answer<Import>(request.status, request.responseText);
  } catch (error) {
    const refusal = asApiError(error);
    problem.value = refusal.code === "unreadable" ? t("imports.unreadable") : refusal.code === "too_large" ? t("imports.too_large") : sayError(refusal);
    return null;
  }
}
