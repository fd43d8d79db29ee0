/**
 * How is the letter addressed that a person is writing?
 *
 * The server says whom an answer goes to, its subject, signature and what it repeats; the person may change all of it.
 */
import { shallowReactive, shallowRef } from "vue";
import { letters as api } from "@/api/calls";
import type { Addressee, LetterBlank, LetterGiven, Uploaded } from "@/api/types";
import { complain } from "./notices";

export type Way = LetterBlank["way"];
export interface Letter {
  blank: LetterBlank;
  to: string;
  cc: string;
  bcc: string;
  subject: string;
  quoted: boolean;
  signed: boolean;
  files: string[];
  inline: string[];
  /** The recipients and subject are open for change. */
  open: boolean;
}

export const letters = shallowReactive(new Map<string, Letter>());
/** A menu asked for an answer to all or a forward: the composer of this conversation takes the focus. */
export const asked = shallowRef<{ conversation: string; way: Way } | null>(null);

export async function beginLetter(conversation: string, way: Way, message?: string): Promise<void> {
  try {
    letters.set(conversation, letterOf(await api.blank(conversation, way, message)));
    if (message) asked.value = { conversation, way };
  } catch (error) {
    complain(error);
  }
}

export function letterOf(blank: LetterBlank): Letter {
  const line = (kind: Addressee["kind"]): string => blank.to.filter((one) => one.kind === kind).map(written).join(", ");
  return {
    blank,
    to: line("to"),
    cc: line("cc"),
    bcc: line("bcc"),
    subject: blank.subject,
    quoted: blank.quote !== null,
    signed: true,
    files: blank.files.filter((file) => file.ready).map((file) => file.id),
    inline: [],
    open: blank.way === "forward" || blank.way === "new" || blank.to.some((one) => one.kind === "cc"),
  };
}

export function changeLetter(conversation: string, change: Partial<Letter>): void {
  const now = letters.get(conversation);
  if (now) letters.set(conversation, { ...now, ...change });
}

/** What the server takes. */
export function given(letter: Letter, files: Uploaded[]): LetterGiven {
  return {
    to: people(letter.to),
    cc: people(letter.cc),
    bcc: people(letter.bcc),
    subject: letter.subject,
    quote: letter.quoted || letter.blank.way === "forward" ? letter.blank.quote : null,
    forward: letter.blank.way === "forward",
    files: letter.blank.way === "forward" ? letter.files : [],
    signed: letter.signed,
    inline: letter.inline.filter((id) => files.some((file) => file.id === id)),
  };
}

function written(one: Addressee): string {
  return one.name ? `${one.name.replaceAll(",", " ")} <${one.address}>` : one.address;
}

/** «Имя <a@b>, c@d; e@f» as people type it. */
export function people(line: string): { address: string; name: string }[] {
  return line
    .split(/[,;\n]+/)
    .map((one) => one.trim())
    .filter(Boolean)
    .map((one) => {
      const found = /^(.*?)<([^<>]+)>$/.exec(one);
      return found ? { address: (found[2] ?? "").trim(), name: (found[1] ?? "").trim().replace(/^"|"$/g, "") } : { address: one, name: "" };
    });
}

export function forgetLetters(): void {
  letters.clear();
}
