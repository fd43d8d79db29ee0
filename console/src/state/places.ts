/** How far was something scrolled when one left it for a moment? Only whoever comes back from a search returns to that. */
import { ref } from "vue";

const kept = new Map<string, number>();
export const returning = ref(false);

export function keepPlace(name: string, scroll: number): void {
  kept.set(name, scroll);
}

/** The place to return to; undefined: one did not leave from here, or is not on the way back. */
export const placeOf = (name: string): number | undefined => (returning.value ? kept.get(name) : undefined);

/** One has arrived. */
export function arrived(): void {
  setTimeout(() => (returning.value = false), 500);
}
