/** Which calls ring for this person now, or were missed a moment ago? */
import { computed, shallowReactive, watch } from "vue";
import { phone as api } from "@/api/calls";
import type { Ring } from "@/api/types";
import { t } from "@/i18n";
import { connection, onChange, onSnapshot } from "@/live/socket";
import { phoneText } from "@/ui/safe";
import { sayNow } from "./notices";
import { may } from "./session";

const rings = shallowReactive(new Map<string, Ring>());
/** Of which entry of the live log we last heard of a call. */
const heard = new Map<string, number>();
const putAway = shallowReactive(new Set<string>());

/** What rings comes before what is spoken and what was missed. */
const ORDER: Record<Ring["state"], number> = { ringing: 0, answered: 1, missed: 2 };
export const shownRings = computed(() =>
  [...rings.values()].filter((one) => !putAway.has(one.id)).sort((a, b) => ORDER[a.state] - ORDER[b.state] || b.started_at - a.started_at),
);

function take(ring: Ring): void {
  const known = rings.get(ring.id);
  if (ring.state === "ringing" && !known) sayNow(t("ring.announce", { name: ring.contact.name || phoneText(ring.phone) }));
  rings.set(ring.id, ring);
}

export async function loadRings(): Promise<void> {
  if (!may("conversation.read")) return;
  const answer = await api.ringing();
  /** What came over the line while the answer was on its way is newer than the answer. */
  const newer = (id: string): boolean => (heard.get(id) ?? -1) > answer.seq;
  for (const id of [...rings.keys()]) if (!newer(id)) rings.delete(id);
  answer.items.filter((one) => !newer(one.id)).forEach(take);
}

export function putRingAway(id: string): void {
  putAway.add(id);
}

export function forgetRings(): void {
  rings.clear();
  heard.clear();
  putAway.clear();
}

onChange<Ring>("call.upsert", (ring, id, seq) => {
  heard.set(id, seq);
  take(ring);
});
onChange<null>("call.remove", (_, id, seq) => {
  heard.set(id, seq);
  rings.delete(id);
});
/** What began to ring between the first reading and the first word over the line. */
watch(connection, (now) => now === "online" && void loadRings().catch(() => {}));
onSnapshot(() => void loadRings().catch(() => {}));
