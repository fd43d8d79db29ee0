/** How does one get from a hit to where it stands, and back? */
import type { Hit } from "@/api/types";
import { router } from "@/router";
import { returning } from "@/state/places";
import { addressOf, opened } from "./store";

export function openHit(hit: Hit): void {
  const to = addressOf(hit);
  if (!to) return;
  opened.message = hit.message_id ?? "";
  opened.words = hit.found;
  void router.push(to);
}

/** Whether a search led here. */
export const fromSearch = (): boolean => String(window.history.state?.back ?? "").startsWith("/search");

/** Back to the very place from which one went to search; whoever began here comes to their first page. */
export function leaveSearch(): void {
  if (!window.history.state?.back) {
    void router.push("/");
    return;
  }
  returning.value = true;
  router.back();
}
