/** What do we say, and in which language? */
import { ref, shallowRef } from "vue";
import type { Text } from "@/api/types";
import { compile, type Values } from "./format";

export type Locale = "ru" | "en";
type Tree = { [key: string]: string | Tree };
type Phrase = (values?: Values) => string;

const load: Record<Locale, () => Promise<{ default: Tree }>> = {
  ru: () => import("./locales/ru.json") as Promise<{ default: Tree }>,
  en: () => import("./locales/en.json") as Promise<{ default: Tree }>,
};

export const locale = ref<Locale>("ru");
const texts = shallowRef<Map<string, string>>(new Map());
let phrases = new Map<string, Phrase>();

/** Switches without a reload: every template that said something says it again. */
export async function useLocale(next: Locale): Promise<void> {
  const flat = flatten((await load[next]()).default);
  phrases = new Map();
  locale.value = next;
  texts.value = flat;
  document.documentElement.lang = next;
}

export function flatten(tree: Tree, prefix = "", into = new Map<string, string>()): Map<string, string> {
  for (const [key, value] of Object.entries(tree)) {
    if (typeof value === "string") into.set(prefix + key, value);
    else flatten(value, `${prefix}${key}.`, into);
  }
  return into;
}

/** The sentence of a key. A missing key shows itself, so that a test finds it. */
export function t(key: string, values?: Values): string {
  const text = texts.value.get(key);
  if (text === undefined) return `[missing translation: ${key}]`;
  let phrase = phrases.get(key);
  if (!phrase) phrases.set(key, (phrase = compile(text, locale.value)));
  return phrase(values);
}

export function has(key: string): boolean {
  return texts.value.has(key);
}

/** The sentence of a server's code; an unknown code is named, never hidden. */
export function tCode(group: string, code: string, values?: Values): string {
  const key = `${group}.${code}`;
  return has(key) ? t(key, values) : t("error.unknown", { code });
}

/** A pair that came from the server. */
export function pick(text: Text | null | undefined): string {
  return text ? text[locale.value] || text.ru : "";
}

export function guessLocale(): Locale {
  const kept = localStorage.getItem("locale");
  if (kept === "ru" || kept === "en") return kept;
  return navigator.language.toLowerCase().startsWith("en") ? "en" : "ru";
}
