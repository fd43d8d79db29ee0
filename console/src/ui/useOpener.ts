/** What do a menu and a panel share? A button that opens them, and a body that may have to be fetched first. */
import { shallowRef, useId, watch, type Ref, type ShallowRef } from "vue";
import { fetchOverlays } from "./overlays";

export function useOpener(open: Ref<boolean>): { id: string; element: ShallowRef<HTMLElement | null> } {
  const element = shallowRef<HTMLElement | null>(null);
  watch(open, (wanted) => wanted && fetchOverlays(), { immediate: true });
  return { id: useId(), element };
}
