/**
 * How do styled stretches of a text become pieces of a page, and what a person types become styled stretches?
 *
 * The server counts code points. What is typed marks styles as people know it from messengers: **bold**, __italic__,
 * ~~struck~~, `code`, [words](https://address); marks that close nothing stay what they are.
 */
import type { Item } from "@/api/types";
import { linkify, safeLink } from "./safe";

export type Span = Item["spans"][number];
export interface StyledPiece {
  text: string;
  styles: string[];
  link: string | null;
}
export interface Styled {
  text: string;
  spans: Span[];
}

/** A text in pieces that each look one way; its web addresses as links. */
export function stylePieces(text: string, spans: Span[]): StyledPiece[] {
  const letters = Array.from(text);
  const edges = new Set([0, letters.length]);
  for (const span of spans) for (const at of [span.start, span.start + span.length]) if (at > 0 && at < letters.length) edges.add(at);
  const places = [...edges].sort((a, b) => a - b);
  return places.slice(0, -1).flatMap((from, index) => {
    const over = spans.filter((span) => span.start <= from && from < span.start + span.length);
    const styles = [...new Set(over.map((span) => span.style).filter((style) => style !== "link"))];
    const link = safeLink(over.find((span) => span.style === "link")?.url ?? null);
    const words = letters.slice(from, places[index + 1]).join("");
    const plain = link !== null || styles.includes("code") || styles.includes("pre");
    return plain ? [{ text: words, styles, link }] : linkify(words).map((one) => ({ ...one, styles }));
  });
}

type Style = "bold" | "italic" | "strike" | "code";
const MARKS: Record<Style, string> = { bold: "**", italic: "__", strike: "~~", code: "`" };
const PATTERN = /`([^`\n]+)`|\[([^\]\n]+)\]\((https?:\/\/[^\s()]+)\)|\*\*(?=\S)(.+?\S|\S)\*\*|__(?=\S)(.+?\S|\S)__|~~(?=\S)(.+?\S|\S)~~/su;

/** What was typed, its marks become styles. */
export function styled(typed: string): Styled {
  let text = "";
  const spans: Span[] = [];
  let rest = typed;
  for (let match = PATTERN.exec(rest); match; match = PATTERN.exec(rest)) {
    text += rest.slice(0, match.index);
    rest = rest.slice(match.index + match[0].length);
    const [, code, words, url, bold, italic, strike] = match;
    const inner = code !== undefined ? { text: code, spans: [] } : styled(words ?? bold ?? italic ?? strike ?? "");
    const start = Array.from(text).length;
    const style: Span["style"] = url ? "link" : bold ? "bold" : italic ? "italic" : strike ? "strike" : "code";
    spans.push({ start, length: Array.from(inner.text).length, style, url: url ?? "" });
    for (const span of inner.spans) spans.push({ ...span, start: span.start + start });
    text += inner.text;
  }
  return { text: text + rest, spans };
}

/** The same the other way round: a styled text as a person would have typed it. */
export function marked({ text, spans }: Styled): string {
  const letters = Array.from(text);
  const before = new Map<number, string>();
  const after = new Map<number, string>();
  for (const span of spans) {
    const end = span.start + span.length;
    const mark = span.style in MARKS ? MARKS[span.style as Style] : "";
    const [open, close] = span.style === "link" ? ["[", `](${span.url})`] : [mark, mark];
    before.set(span.start, (before.get(span.start) ?? "") + open);
    after.set(end, close + (after.get(end) ?? ""));
  }
  return letters.map((letter, at) => (after.get(at) ?? "") + (before.get(at) ?? "") + letter).join("") + (after.get(letters.length) ?? "");
}

/** Where the marks go when a person presses a key over chosen words. */
export function wrap(text: string, from: number, to: number, style: Style): { text: string; from: number; to: number } {
  const mark = MARKS[style];
  const edge = text.slice(from, to);
  from += edge.length - edge.trimStart().length;
  to = Math.max(from, to - (edge.length - edge.trimEnd().length));
  const chosen = text.slice(from, to);
  const around = text.slice(from - mark.length, from) === mark && text.slice(to, to + mark.length) === mark;
  if (around) return { text: text.slice(0, from - mark.length) + chosen + text.slice(to + mark.length), from: from - mark.length, to: to - mark.length };
  return { text: text.slice(0, from) + mark + chosen + mark + text.slice(to), from: from + mark.length, to: to + mark.length };
}
