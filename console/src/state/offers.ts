/** Which leads are offered to this person now? */
import { computed, shallowReactive, shallowRef, watch } from "vue";
import { offers as api } from "@/api/calls";
import type { Decision, Offer } from "@/api/types";
import { t } from "@/i18n";
import { onChange, onSnapshot } from "@/live/socket";
import { serverNow } from "@/time/clock";
import { sayNow } from "./notices";
import { me } from "./session";

export const offers = shallowReactive(new Map<string, Offer>());
/** Why no lead comes now, in the router's own reasons. */
export const heldBack = shallowRef<Decision | null>(null);
/** Outcomes stay on screen until put away. */
const putAway = shallowReactive(new Set<string>());
/** Offers seen open here: only of those an outcome is worth showing. */
const seenOpen = new Set<string>();

export const shown = computed(() =>
  [...offers.values()]
    .filter((offer) => !putAway.has(offer.id) && (offer.state === "open" || seenOpen.has(offer.id)))
    .sort((a, b) => Number(b.state === "open") - Number(a.state === "open") || a.expires_at - b.expires_at),
);
export const openOffers = computed(() => shown.value.filter((offer) => offer.state === "open"));

export function takeOffer(offer: Offer): void {
  const known = offers.get(offer.id);
  if (offer.state === "open" && !seenOpen.has(offer.id) && offer.expires_at > serverNow()) {
    seenOpen.add(offer.id);
    if (!known) sayNow(t("offer.announce", { name: offer.contact.name }));
  }
  offers.set(offer.id, offer);
}

export async function loadOffers(): Promise<void> {
  const answer = await api.all();
  heldBack.value = answer.held_back;
  for (const id of [...offers.keys()]) {
    if (!answer.items.some((offer) => offer.id === id) && offers.get(id)?.state === "open") offers.delete(id);
  }
  answer.items.forEach(takeOffer);
}

export function putOfferAway(id: string): void {
  putAway.add(id);
}

export function forgetOffers(): void {
  offers.clear();
  seenOpen.clear();
  putAway.clear();
  heldBack.value = null;
}

onChange<Offer>("offer.upsert", takeOffer);
onChange<null>("offer.remove", (_, id) => offers.delete(id));
/** What holds leads back changes with presence, tasks and load: asked again when one of them may have moved. */
function again(): void {
  void loadOffers().catch(() => {});
}
watch(() => me.value?.presence.state, (now, before) => {
  if (now && before) again();
});
onChange("task.upsert", () => {
  if (heldBack.value) again();
});
onSnapshot(() => void loadOffers().catch(() => {}));
