/** What did this person look for lately? Kept on this device, the newest first. */
import { ref } from "vue";

const MOST = 8;
const SHORTEST = 2;
const key = (member: string): string => `searches-${member}`;
export const recent = ref<string[]>([]);

export function loadRecent(member: string): void {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(key(member)) ?? "[]");
    recent.value = Array.isArray(kept) ? kept.filter((one): one is string => typeof one === "string").slice(0, MOST) : [];
  } catch {
    recent.value = [];
  }
}

/** A search that led somewhere. What it began with, typed on the way, is replaced. */
export function remember(member: string, words: string): void {
  const wanted = words.trim();
  if (wanted.length < SHORTEST) return;
  const rest = recent.value.filter((one) => !wanted.toLowerCase().startsWith(one.toLowerCase()));
  recent.value = [wanted, ...rest].slice(0, MOST);
  localStorage.setItem(key(member), JSON.stringify(recent.value));
}

export function forgetRecent(member: string): void {
  recent.value = [];
  localStorage.removeItem(key(member));
}
