/** When does the field of a note offer colleagues, and what becomes of the letters typed to find one? */
import { computed, nextTick, ref, shallowRef, type Ref } from "vue";
import type { Mode } from "@/api/calls";
import type { PickerKeys } from "@/canned/usePicker";
import type { Member } from "@/api/types";
import { meant } from "./mention";

export interface Mention {
  open: Ref<boolean>;
  found: Ref<Member[]>;
  picker: Ref<PickerKeys | null>;
  /** «@» was typed in an answer: perhaps it was to be a note. */
  astray: Ref<boolean>;
  pick: (one: Member) => void;
  /** Writes the «@» that some layouts have no key for. */
  begin: () => Promise<void>;
  close: () => void;
  typed: () => void;
  key: (event: KeyboardEvent) => boolean;
}

const LONGEST = 3;

export function useMention(field: Ref<HTMLTextAreaElement | null>, mode: Ref<Mode>, people: () => Member[], text: () => string, write: (text: string) => void): Mention {
  const from = ref<number | null>(null);
  const caret = ref(0);
  const astray = ref(false);
  const picker = shallowRef<PickerKeys | null>(null);
  const words = computed(() => (from.value === null ? "" : text().slice(from.value + 1, caret.value)));
  const found = computed(() => (from.value === null ? [] : meant(people(), words.value)));
  const open = computed(() => from.value !== null && mode.value === "note");

  /** Where a word begins: an address of mail has its «@» in the middle. */
  const atWord = (before: string): boolean => before === "" || /[\s(]$/u.test(before);

  function key(event: KeyboardEvent): boolean {
    if (event.isComposing) return false;
    if (open.value && picker.value?.key(event)) return true;
    if (event.key === "@" && atWord((field.value?.value ?? "").slice(0, field.value?.selectionStart ?? 0))) {
      if (mode.value === "note") from.value = field.value?.selectionStart ?? 0;
      else astray.value = true;
    }
    return false;
  }
  function typed(): void {
    caret.value = field.value?.selectionStart ?? 0;
    if (!text().includes("@")) astray.value = false;
    if (from.value === null) return;
    const sought = text().slice(from.value, caret.value);
    if (!sought.startsWith("@") || sought.split(" ").length > LONGEST || sought.includes("\n") || !found.value.length) close();
  }
  async function put(start: number, end: number, what: string): Promise<void> {
    write(text().slice(0, start) + what + text().slice(end));
    await nextTick();
    field.value?.focus();
    field.value?.setSelectionRange(start + what.length, start + what.length);
    caret.value = start + what.length;
  }
  async function begin(): Promise<void> {
    const start = field.value?.selectionStart ?? text().length;
    if (text().slice(0, start).endsWith("@") && atWord(text().slice(0, start - 1))) {
      [from.value, caret.value] = [start - 1, start];
      return;
    }
    const lead = atWord(text().slice(0, start)) ? "" : " ";
    await put(start, field.value?.selectionEnd ?? start, `${lead}@`);
    from.value = start + lead.length;
  }
  async function pick(one: Member): Promise<void> {
    const start = from.value ?? caret.value;
    const end = Math.max(start, caret.value);
    close();
    await put(start, end, `@${one.name} `);
  }
  function close(): void {
    from.value = null;
  }
  return { open, found, picker, astray, pick: (one) => void pick(one), begin, close, typed, key };
}
