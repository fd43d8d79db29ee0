/** Which parts of a text are what was looked for? The server says the words as they stand; here they are cut out. */
export interface Cut {
  text: string;
  hit: boolean;
}

const escaped = (word: string): string => word.replaceAll(/[.*+?^${}()|[\]\\]/gu, "\\$&");

/** Finds these words as whole words, whatever their case; null: there are none. */
export function pattern(words: readonly string[]): RegExp | null {
  const known = [...new Set(words.filter(Boolean).map(escaped))].toSorted((a, b) => b.length - a.length);
  return known.length ? new RegExp(`(?<![\\p{L}\\p{N}])(?:${known.join("|")})(?![\\p{L}\\p{N}])`, "giu") : null;
}

export function cut(text: string, words: readonly string[]): Cut[] {
  const find = pattern(words);
  if (!find) return text ? [{ text, hit: false }] : [];
  const cuts: Cut[] = [];
  let from = 0;
  for (const match of text.matchAll(find)) {
    if (match.index > from) cuts.push({ text: text.slice(from, match.index), hit: false });
    cuts.push({ text: match[0], hit: true });
    from = match.index + match[0].length;
  }
  if (from < text.length) cuts.push({ text: text.slice(from), hit: false });
  return cuts;
}

/** Marks the words inside an element without touching it, where the browser can; a style says how (`::highlight(found)`). */
export function markInside(element: Element | null, words: readonly string[]): void {
  if (typeof CSS === "undefined" || !("highlights" in CSS)) return;
  const find = pattern(words);
  if (!element || !find) {
    CSS.highlights.delete("found");
    return;
  }
  const ranges: Range[] = [];
  const walk = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    for (const match of (walk.currentNode.textContent ?? "").matchAll(find)) {
      const range = new Range();
      range.setStart(walk.currentNode, match.index);
      range.setEnd(walk.currentNode, match.index + match[0].length);
      ranges.push(range);
    }
  }
  CSS.highlights.set("found", new Highlight(...ranges));
}
