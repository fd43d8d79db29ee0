/** Which ready answers are at hand, and what do they say to this client? */
import { computed, ref, shallowRef } from "vue";
import { canned as api, company } from "@/api/calls";
import { asApiError, type ApiError } from "@/api/http";
import type { CannedText, Row } from "@/api/types";
import { otherLayout } from "@/keys/layout";
import { me } from "@/state/session";
import { fill, fold } from "./fill";

export const texts = shallowRef<CannedText[]>([]);
export const failure = shallowRef<ApiError | null>(null);
export const loaded = ref(false);
const firm = ref("");

/** Reads them anew; what is known stays on screen until the answer is here. */
export async function load(): Promise<void> {
  try {
    const [answers, settings] = await Promise.all([api.all(), company.read()]);
    texts.value = answers.items;
    firm.value = settings.name;
    failure.value = null;
    loaded.value = true;
  } catch (error) {
    failure.value = asApiError(error);
  }
}

export const count = computed(() => texts.value.length);

/** Those whose code, title or text holds the words, in either keyboard layout; codes that begin so come first. */
export function find(words: string): CannedText[] {
  const wanted = [fold(words), fold(otherLayout(words))];
  const rank = (one: CannedText): number => {
    if (!wanted[0]) return 0;
    const code = fold(one.code);
    if (wanted.some((word) => code.startsWith(word))) return 0;
    if (wanted.some((word) => fold(one.title).includes(word))) return 1;
    return wanted.some((word) => fold(one.text).includes(word)) ? 2 : -1;
  };
  const ranked = texts.value.map((one) => ({ one, rank: rank(one) })).filter((found) => found.rank >= 0);
  return ranked.sort((a, b) => a.rank - b.rank).map((found) => found.one);
}

/** The text for the client of this row. */
export function written(one: CannedText, row: Row): string {
  return fill(one.text, {
    contact: row.contact.name,
    member: me.value?.name ?? "",
    company: firm.value,
    deal: row.deal ? String(row.deal.number) : "",
  });
}

/** Counts the use; nobody waits for it. */
export function used(one: CannedText): void {
  texts.value = texts.value.map((other) => (other.id === one.id ? { ...other, uses: other.uses + 1 } : other));
  void api.used(one.id).catch(() => {});
}

export function forgetTexts(): void {
  texts.value = [];
  loaded.value = false;
}
