/** Where does what opens over the page come from? Menus, panels and dialogs are fetched after the page, or when one is wanted first. */
import { shallowRef } from "vue";

type Overlays = typeof import("./overlayParts");

export const overlays = shallowRef<Overlays | null>(null);
let coming: Promise<void> | null = null;

/** Again after a failure: the next press asks anew. */
export function fetchOverlays(): void {
  if (overlays.value) return;
  coming ??= import("./overlayParts")
    .then((parts) => void (overlays.value = parts))
    .finally(() => (coming = null));
  coming.catch(() => {});
}
