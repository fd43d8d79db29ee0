/** What does the gateway say to this browser, and what is shown of it? (gateway/pushdesk.py, Shown) */

export interface Said {
  tag: string;
  title: string;
  body: string;
  /** A page of ours. */
  url: string;
  /** An offer that can be taken right there. */
  offer: string;
  take: string;
  /** It replaces what was shown, and rings no more. */
  quiet: boolean;
}

/** Only a page of ours: a push service cannot read what it carries, but it is from outside all the same. */
export const ours = (path: unknown): string => (typeof path === "string" && /^\/(?!\/)[\w/.#?=&%~-]*$/u.test(path) ? path : "/");

const word = (value: unknown): string => (typeof value === "string" ? value : "");

/** null: nothing that can be read. */
export function readSaid(text: string): Said | null {
  try {
    const given = JSON.parse(text) as Record<string, unknown>;
    if (!given || !word(given.title)) return null;
    const offer = /^[\w-]{1,80}$/u.test(word(given.offer)) ? word(given.offer) : "";
    return { tag: word(given.tag), title: word(given.title), body: word(given.body), url: ours(given.url), offer, take: word(given.take), quiet: given.quiet === true };
  } catch {
    return null;
  }
}

export interface Button {
  action: string;
  title: string;
}
export const buttonsOf = (said: Said): Button[] => (said.offer && said.take ? [{ action: "take", title: said.take }] : []);
