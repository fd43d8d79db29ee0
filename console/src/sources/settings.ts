/** Which settings are asked for now, and what is wrong with what was typed? */
import type { Copy, Setting, Source, Step, Text } from "@/api/types";
import { t } from "@/i18n";
import { absolute } from "@/ui/safe";

type Values = Record<string, string>;

export function asked(settings: Setting[], values: Values): Setting[] {
  return settings.filter((one) => {
    if (!one.shown_if) return true;
    const [key, wanted] = one.shown_if;
    const other = settings.find((candidate) => candidate.key === key);
    return wanted.split("|").includes(values[key] ?? other?.default ?? "");
  });
}

/** The step's text: that of the chosen system where it has its own. */
export function textOf(step: Step, settings: Setting[], values: Values): Text {
  if (!step.texts) return step.text;
  const [key, texts] = step.texts;
  const chosen = values[key] ?? settings.find((one) => one.key === key)?.default ?? "";
  return texts[chosen] ?? step.text;
}

/** What the server would refuse, said at the field before it is sent. */
export function problemsOf(settings: Setting[], values: Values, kept: string[]): Values {
  const found: Values = {};
  for (const one of asked(settings, values)) {
    const value = (values[one.key] ?? one.default).trim();
    if (!value) {
      if (one.required && !kept.includes(one.key)) found[one.key] = t("wizard.required");
    } else if (one.pattern && !matches(one.pattern, value)) found[one.key] = t("wizard.pattern");
    else if (one.kind === "number" && !Number.isFinite(Number(value))) found[one.key] = t("wizard.number");
  }
  return found;
}

function matches(pattern: string, value: string): boolean {
  try {
    return new RegExp(`^(?:${pattern})$`, "u").test(value);
  } catch {
    return true;
  }
}

/** What is sent: what is asked for; a secret left empty stays as it is. */
export function toSend(settings: Setting[], values: Values, secrets: string[]): Values {
  const out: Values = {};
  for (const one of asked(settings, values)) {
    const value = (values[one.key] ?? one.default).trim();
    if (value || !secrets.includes(one.key)) out[one.key] = value;
  }
  return out;
}

/** What of a proposal may be filled in: fields nobody touched, and those that still hold what was `proposed` before. */
export function untouched(told: Values, values: Values, proposed: Values): Values {
  return Object.fromEntries(Object.entries(told).filter(([key]) => !values[key] || values[key] === proposed[key]));
}

const PLACE = /\{([a-z_]+)\}/gu;

/** The copies whose values are known by now: of the source itself, of its settings, of what was just typed. */
export function filled(copies: Copy[], source: Source | null, publicUrl: string, typed: Values = {}): Copy[] {
  const known: Values = { ...source?.settings, ...typed, hook_url: absolute(source?.hook_url ?? ""), public_url: publicUrl.replace(/\/$/u, ""), slug: source?.slug ?? "" };
  return copies.flatMap((copy) => {
    const names = [...copy.value.matchAll(PLACE)].map((match) => match[1] as string);
    if (names.some((name) => !known[name])) return [];
    return [{ ...copy, value: copy.value.replace(PLACE, (_, name: string) => known[name] ?? "") }];
  });
}

export const needsSource = (copies: Copy[]): boolean => copies.some((copy) => /\{(hook_url|slug|secret)\}/u.test(copy.value));
