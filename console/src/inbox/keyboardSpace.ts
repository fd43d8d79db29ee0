/** How high is the page while the on-screen keyboard is open? Keeps the composer above it. */
import { onScopeDispose, ref, type Ref } from "vue";

export function fullHeight(): Ref<number | null> {
  const height = ref<number | null>(null);
  const viewport = window.visualViewport;
  if (!viewport) return height;
  const measure = (): void => {
    const covered = window.innerHeight - viewport.height;
    height.value = covered > 120 ? viewport.height : null;
  };
  viewport.addEventListener("resize", measure);
  onScopeDispose(() => viewport.removeEventListener("resize", measure));
  return height;
}
