/** When does the field offer ready answers, and what becomes of the words typed to find one? */
import { computed, nextTick, ref, shallowRef, watch, type Ref } from "vue";
import type { CannedText, Row } from "@/api/types";
import { holeIn } from "./fill";
import { find, loaded, used, written } from "./store";

/** What the list of the open picker takes over from the field. */
export interface PickerKeys {
  key: (event: KeyboardEvent) => boolean;
  active: string | undefined;
  any: boolean;
}

export interface Picker {
  open: Ref<boolean>;
  words: Ref<string>;
  picker: Ref<PickerKeys | null>;
  /** The name of a place still to fill, after an attempt to send. */
  unfilled: Ref<string>;
  pick: (one: CannedText) => void;
  show: () => void;
  close: () => void;
  typed: () => void;
  key: (event: KeyboardEvent) => boolean;
  stopsSending: () => boolean;
}

/** Opened by a slash, or by the slash's key in any layout, where a line begins; or by a button, with all of them. */
export function usePicker(field: Ref<HTMLTextAreaElement | null>, row: () => Row, text: () => string, write: (text: string) => void): Picker {
  const from = ref<number | null>(null);
  const caret = ref(0);
  const asked = ref(false);
  const unfilled = ref("");
  const picker = shallowRef<PickerKeys | null>(null);
  const open = computed(() => asked.value || from.value !== null);
  const words = computed(() => (from.value === null ? "" : text().slice(from.value + 1, caret.value)));

  watch(text, (now) => {
    if (unfilled.value && !holeIn(now)) unfilled.value = "";
  });

  function begins(event: KeyboardEvent): boolean {
    const element = field.value;
    if (!element || event.ctrlKey || event.altKey || event.metaKey || (event.key !== "/" && event.code !== "Slash")) return false;
    const before = element.value.slice(0, element.selectionStart);
    return before === "" || before.endsWith("\n");
  }

  function typed(): void {
    caret.value = field.value?.selectionStart ?? 0;
    asked.value = false;
    if (from.value === null) return;
    const sought = text().slice(from.value, caret.value);
    const lost = sought === "" || /\s/u.test(sought) || (loaded.value && sought.length > 1 && !find(sought.slice(1)).length);
    if (lost) from.value = null;
  }

  function key(event: KeyboardEvent): boolean {
    if (event.isComposing) return false;
    if (open.value) {
      if (picker.value?.key(event)) return true;
    } else if (begins(event)) from.value = field.value?.selectionStart ?? 0;
    else if (event.key === "Tab" && !event.shiftKey) return jump(event);
    return false;
  }

  function jump(event: KeyboardEvent): boolean {
    if (!select(field.value?.selectionEnd ?? 0)) return false;
    event.preventDefault();
    return true;
  }

  /** Selects the next place to fill; false: there is none. */
  function select(after: number): boolean {
    const hole = holeIn(text(), after);
    if (hole) field.value?.setSelectionRange(hole.from, hole.to);
    return hole !== null;
  }

  async function pick(one: CannedText): Promise<void> {
    const start = from.value ?? field.value?.selectionStart ?? text().length;
    const end = from.value === null ? (field.value?.selectionEnd ?? start) : caret.value;
    const put = written(one, row());
    write(text().slice(0, start) + put + text().slice(end));
    used(one);
    close();
    await nextTick();
    field.value?.focus();
    const hole = holeIn(put);
    if (hole) field.value?.setSelectionRange(start + hole.from, start + hole.to);
    else field.value?.setSelectionRange(start + put.length, start + put.length);
  }

  function close(): void {
    from.value = null;
    asked.value = false;
  }

  function stopsSending(): boolean {
    const hole = holeIn(text());
    unfilled.value = hole?.name ?? "";
    if (hole) {
      field.value?.focus();
      field.value?.setSelectionRange(hole.from, hole.to);
    }
    return hole !== null;
  }

  return { open, words, picker, unfilled, pick: (one) => void pick(one), show: () => (asked.value = true), close, typed, key, stopsSending };
}
