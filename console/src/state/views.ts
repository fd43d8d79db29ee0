/** Which lists does this person come back to? */
import { ref, shallowRef } from "vue";
import { views as api } from "@/api/calls";
import { asApiError, type ApiError } from "@/api/http";
import type { SavedView } from "@/api/types";
import type { Filter } from "./queue";

export const savedViews = shallowRef<SavedView[]>([]);
export const failure = shallowRef<ApiError | null>(null);
const asked = ref(false);

export async function loadViews(): Promise<void> {
  asked.value = true;
  try {
    savedViews.value = (await api.all()).items;
    failure.value = null;
  } catch (error) {
    failure.value = asApiError(error);
  }
}

/** Reads them when they are first wanted. */
export function wantViews(): void {
  if (!asked.value) void loadViews();
}

export const shows = (view: SavedView, now: Filter): boolean =>
  (view.filter.view || "unanswered") === now.view && (view.filter.order || "urgent") === now.order && view.filter.source === now.source && view.filter.q === now.q;

export function forgetViews(): void {
  savedViews.value = [];
  asked.value = false;
}
