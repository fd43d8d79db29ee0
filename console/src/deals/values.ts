/** How do the things that a deal holds read, and what did somebody type into one? Pure. */
import type { Value } from "@/api/calls";
import { has, locale, t } from "@/i18n";
import { money } from "@/ui/safe";

export type Kind = "money" | "currency" | "phone" | "email" | "long" | "text";

const KINDS: Record<string, Kind> = { amount: "money", currency: "currency", phone: "phone", email: "email", requirements: "long" };
export const kindOf = (name: string): Kind => KINDS[name] ?? "text";
export const labelOf = (name: string): string => (has(`field.${name}`) ? t(`field.${name}`) : name);

export const CURRENCIES = ["RUB", "USD", "EUR", "KZT", "BYN", "CNY"];
const MOST = 2 ** 53;

/** "84 000,50" in hundredths; null: no sum of money. */
export function parseMoney(typed: string): number | null {
  const match = /^(\d{1,13})(?:[.,](\d{1,2}))?$/u.exec(typed.replace(/[\s\u00a0\u202f]/gu, ""));
  if (!match) return null;
  const found = Number(match[1]) * 100 + Number((match[2] ?? "").padEnd(2, "0"));
  return found < MOST ? found : null;
}

/** Hundredths as somebody would type them. */
export const typedMoney = (hundredths: number): string => {
  const text = (hundredths / 100).toFixed(2).replace(/\.00$/u, "");
  return locale.value === "ru" ? text.replace(".", ",") : text;
};

/** "84000.00" as the API says it, in hundredths. */
export const hundredths = (amount: string | null): number | null => (amount === null ? null : Math.round(Number(amount) * 100));

/** What was typed as the value to send; undefined: not of its kind. */
export function valueOf(name: string, typed: string): Value | undefined {
  const said = typed.trim();
  if (!said) return null;
  if (kindOf(name) !== "money") return said;
  return parseMoney(said) ?? undefined;
}

export function shownValue(name: string, value: unknown, currency: string): string {
  if (value === null || value === undefined || value === "") return "";
  if (kindOf(name) === "money" && Number.isFinite(Number(value))) return money(String(Number(value) / 100), currency, locale.value);
  return Array.isArray(value) ? value.join(", ") : String(value);
}
