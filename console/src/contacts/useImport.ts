/** How far is one import? Followed as it goes on, asked anew after a gap. */
import { onScopeDispose, shallowRef, watch, type Ref } from "vue";
import { imports as api } from "@/api/calls";
import { asApiError, type ApiError } from "@/api/http";
import type { Import } from "@/api/types";
import { onChange, onSnapshot } from "@/live/socket";

export const BUSY: readonly Import["state"][] = ["reading", "checking", "running", "undoing"];
const AGAIN = 2000;

export function useImport(id: Ref<string>) {
  const book = shallowRef<Import | null>(null);
  const failure = shallowRef<ApiError | null>(null);
  let timer: ReturnType<typeof setTimeout> | undefined;

  async function load(): Promise<void> {
    clearTimeout(timer);
    const wanted = id.value;
    if (!wanted) return;
    try {
      const found = await api.one(wanted);
      if (wanted !== id.value) return;
      book.value = found;
      failure.value = null;
      if (BUSY.includes(found.state)) timer = setTimeout(load, AGAIN);
    } catch (error) {
      if (wanted === id.value) failure.value = asApiError(error);
    }
  }
  watch(id, () => {
    book.value = null;
    failure.value = null;
    void load();
  }, { immediate: true });
  const stops = [onChange("import.changed", (_, changed) => changed === id.value && void load()), onSnapshot(() => void load())];
  onScopeDispose(() => {
    clearTimeout(timer);
    stops.forEach((stop) => stop());
  });
  return { book, failure, load };
}
