/** How high may a part of the page be while the on-screen keyboard is open? Keeps the composer above it. */
import { onScopeDispose, ref, type Ref } from "vue";

/** From its upper edge down to the keyboard; null: there is none. */
export function heightAboveKeyboard(part: Ref<HTMLElement | null>): Ref<number | null> {
  const height = ref<number | null>(null);
  const viewport = window.visualViewport;
  if (!viewport) return height;
  const measure = (): void => {
    const covered = window.innerHeight - viewport.height;
    const top = part.value?.getBoundingClientRect().top ?? 0;
    height.value = covered > 120 ? viewport.offsetTop + viewport.height - top : null;
  };
  viewport.addEventListener("resize", measure);
  onScopeDispose(() => viewport.removeEventListener("resize", measure));
  return height;
}
