/** Which addresses from outside may become links? Anything else stays text. */
const SCHEMES = new Set(["https:", "http:", "mailto:", "tel:"]);

export function safeLink(value: string | null): string | null {
  if (!value) return null;
  try {
    const found = new URL(value);
    return SCHEMES.has(found.protocol) ? found.href : null;
  } catch {
    return null;
  }
}

export type Piece = { text: string; link: string | null };

/** A text in pieces, its web addresses as links. */
export function linkify(text: string): Piece[] {
  const pieces: Piece[] = [];
  let from = 0;
  for (const match of text.matchAll(/https?:\/\/[^\s<>"«»]+[^\s<>"«».,;:!?)]/gu)) {
    if (match.index > from) pieces.push({ text: text.slice(from, match.index), link: null });
    pieces.push({ text: match[0], link: safeLink(match[0]) });
    from = match.index + match[0].length;
  }
  if (from < text.length) pieces.push({ text: text.slice(from), link: null });
  return pieces;
}

/** An address of ours in full, whether it came with its host or without. */
export function absolute(value: string): string {
  return value.startsWith("/") ? `${location.origin}${value}` : value;
}

/** A path of our own server; an address elsewhere is not fetched. */
export function ownPath(value: string | null): string | null {
  return value?.startsWith("/api/") ? value : null;
}

/** "+7 (916) 000-11-22" of "+79160001122"; other countries as they are. */
export function phoneText(value: string): string {
  const match = /^\+7(\d{3})(\d{3})(\d{2})(\d{2})$/u.exec(value);
  return match ? `+7 (${match[1]}) ${match[2]}-${match[3]}-${match[4]}` : value;
}

/** "Анна С." where there is little room. */
export function shortName(name: string): string {
  const [first = "", ...rest] = name.trim().split(/\s+/u);
  const last = rest.at(-1);
  if (!last || name.length <= 10) return name;
  return /^\p{L}/u.test(last) ? `${first} ${last[0]}.` : first;
}

/** A name as it is, or the number that stands for one while nobody knows it. */
export const nameText = (name: string): string => (/^\+\d{7,15}$/u.test(name) ? phoneText(name) : name);

export function fileSize(bytes: number | null, locale: string): string {
  if (bytes === null) return "";
  const unit = bytes >= 1_000_000 ? "megabyte" : bytes >= 1000 ? "kilobyte" : "byte";
  const value = bytes >= 1_000_000 ? bytes / 1_000_000 : bytes >= 1000 ? bytes / 1000 : bytes;
  return new Intl.NumberFormat(locale, { style: "unit", unit, maximumFractionDigits: value < 10 ? 1 : 0 }).format(value);
}

export function money(amount: string, currency: string, locale: string): string {
  const value = Number(amount);
  if (!Number.isFinite(value)) return amount;
  const digits = Number.isInteger(value) ? 0 : 2;
  const options = { style: "currency" as const, currency: currency || "RUB", minimumFractionDigits: digits, maximumFractionDigits: digits };
  return new Intl.NumberFormat(locale, options).format(value);
}
