/**
 * What can be done here from the keyboard?
 *
 * Components say what they can do while they are on screen; the key handler, the palette and the help print the same
 * list. Keys are physical (`event.code`), so the layout does not matter; single keys act only outside text fields and
 * can be switched off.
 */
import { onScopeDispose, shallowReactive } from "vue";
import { t } from "@/i18n";
import { keysOn } from "@/state/session";
import { legend } from "./layout";

export interface Key {
  code: string;
  ctrl?: boolean;
  shift?: boolean;
  alt?: boolean;
  /** Pressed after this one, as in G then I. */
  after?: string;
}

export type Group = "global" | "go" | "list" | "dialog" | "composer" | "offer" | "sources" | "deals" | "mine";

export interface Command {
  id: string;
  group: Group;
  /** Key of the sentence; the same words as on the button. */
  label: string;
  keys: Key[];
  run: () => void;
  /** Whether it can be done now; absent: always. */
  when?: () => boolean;
  /** Also inside text fields (only with a modifier). */
  typing?: boolean;
  /** Shown in the palette. */
  palette?: boolean;
}

const stack = shallowReactive<Command[]>([]);

export function useCommands(commands: Command[]): void {
  stack.push(...commands);
  onScopeDispose(() => {
    for (const command of commands) {
      const at = stack.indexOf(command);
      if (at >= 0) stack.splice(at, 1);
    }
  });
}

export function available(): Command[] {
  return stack.filter((command) => command.when?.() ?? true);
}

export function all(): readonly Command[] {
  return stack;
}

const MAC = typeof navigator !== "undefined" && /Mac|iPhone|iPad/u.test(navigator.platform);

export function keyText(key: Key): string {
  const parts = [
    key.after ? legend(key.after) : "",
    [key.ctrl ? (MAC ? "⌘" : "Ctrl") : "", key.alt ? "Alt" : "", key.shift ? "Shift" : "", legend(key.code)]
      .filter(Boolean)
      .join("+"),
  ];
  return parts.filter(Boolean).join(` ${t("keys.then")} `);
}

let chord: { code: string; until: number } | null = null;
const CHORD_MS = 1200;

export function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  return target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/u.test(target.tagName);
}

function inOverlay(target: EventTarget | null): boolean {
  return target instanceof Element && target.closest("[role=dialog],[role=menu],[role=alertdialog]") !== null;
}

function matches(key: Key, event: KeyboardEvent): boolean {
  if (key.code !== event.code) return false;
  if (Boolean(key.ctrl) !== (event.ctrlKey || event.metaKey)) return false;
  if (Boolean(key.alt) !== event.altKey || Boolean(key.shift) !== event.shiftKey) return false;
  return (key.after ?? null) === (chord && chord.until > Date.now() ? chord.code : null);
}

const isPlain = (key: Key): boolean => !key.ctrl && !key.alt && key.code !== "F6" && key.code !== "Escape";

function handle(event: KeyboardEvent): void {
  if (event.isComposing || event.defaultPrevented || event.repeat) return;
  const typing = isTyping(event.target);
  const overlay = inOverlay(event.target);
  for (const command of [...stack].reverse()) {
    for (const key of command.keys) {
      if (!matches(key, event)) continue;
      if (isPlain(key) && (typing || overlay || !keysOn.value)) continue;
      if (typing && !command.typing && key.code !== "F6") continue;
      if (!(command.when?.() ?? true)) continue;
      event.preventDefault();
      chord = null;
      command.run();
      return;
    }
  }
  rememberChord(event, typing || overlay);
}

function rememberChord(event: KeyboardEvent, busy: boolean): void {
  const starts = stack.some((command) => command.keys.some((key) => key.after === event.code));
  const plain = !event.ctrlKey && !event.altKey && !event.metaKey && !event.shiftKey;
  if (starts && plain && !busy && keysOn.value) chord = { code: event.code, until: Date.now() + CHORD_MS };
  else if (!/^(Shift|Control|Alt|Meta)/u.test(event.key)) chord = null;
}

export function listenForKeys(): void {
  window.addEventListener("keydown", handle);
}
