/** What do we say, and in which language? */
import { ref, shallowRef } from "vue";
import type { Text } from "@/api/types";
import { compile, type Values } from "./format";

export type Locale = "ru" | "en";
type Tree = { [key: string]: string | Tree };
type Phrase = (values?: Values) => string;

/** What the first page says, and what the others say besides: nobody waits for words of pages they do not see. */
const load: Record<Locale, { first: () => Promise<{ default: Tree }>; more: () => Promise<{ default: Tree }> }> = {
  ru: { first: () => import("./locales/ru.json"), more: () => import("./locales/ru.more.json") },
  en: { first: () => import("./locales/en.json"), more: () => import("./locales/en.more.json") },
};

export const locale = ref<Locale>("ru");
const texts = shallowRef<Map<string, string>>(new Map());
let phrases = new Map<string, Phrase>();
let more: Promise<void> | null = null;
const whole = shallowRef(false);

/** Switches without a reload: every template that said something says it again. */
export async function useLocale(next: Locale): Promise<void> {
  const parts = more ? [load[next].first(), load[next].more()] : [load[next].first()];
  const flat = new Map<string, string>();
  for (const part of await Promise.all(parts)) flatten(part.default, "", flat);
  if (more && parts.length === 1) return useLocale(next); // asked for meanwhile
  phrases = new Map();
  locale.value = next;
  whole.value = parts.length > 1;
  texts.value = flat;
  document.documentElement.lang = next;
}

/** Brings the words of every page; at once when they are here. Throws when they cannot be had: then it may be asked again. */
export function moreTexts(): Promise<void> {
  more ??= bringMore().catch((error: unknown) => {
    more = null;
    throw error;
  });
  return more;
}

async function bringMore(): Promise<void> {
  const asked = locale.value;
  const part = await load[asked].more();
  if (asked !== locale.value) return useLocale(locale.value);
  texts.value = flatten(part.default, "", new Map(texts.value));
  whole.value = true;
}

export function flatten(tree: Tree, prefix = "", into = new Map<string, string>()): Map<string, string> {
  for (const [key, value] of Object.entries(tree)) {
    if (typeof value === "string") into.set(prefix + key, value);
    else flatten(value, `${prefix}${key}.`, into);
  }
  return into;
}

/** The sentence of a key. One that is still on its way says nothing until it is here; a missing one shows itself, so that a test finds it. */
export function t(key: string, values?: Values): string {
  const text = texts.value.get(key);
  if (text === undefined) return missing(key);
  let phrase = phrases.get(key);
  if (!phrase) phrases.set(key, (phrase = compile(text, locale.value)));
  return phrase(values);
}

function missing(key: string): string {
  if (whole.value) return `[missing translation: ${key}]`;
  void moreTexts().catch(() => {});
  return "";
}

export function has(key: string): boolean {
  return texts.value.has(key);
}

/** The sentence of a server's code; an unknown code is named, never hidden. */
export function tCode(group: string, code: string, values?: Values): string {
  const key = `${group}.${code}`;
  return has(key) || !whole.value ? t(key, values) : t("error.unknown", { code });
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
