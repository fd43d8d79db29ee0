/** How much of what I was told have I not read? */
import { ref, shallowRef, watch } from "vue";
import { notices as api } from "@/api/calls";
import type { NoticeList, NoticeShape } from "@/api/types";
import { connection, onChange, onSnapshot } from "@/live/socket";

export const unread = ref(0);
/** Grows with each thing told or read, so that an open list asks anew. */
export const toldTimes = ref(0);

/** The newest notices as they were last read. */
export const latest = shallowRef<NoticeShape[]>([]);

/** Where what was told is dealt with; null: nowhere, or it is gone. */
export function placeOf(one: Pick<NoticeShape, "conversation_id" | "deal_id">): string | null {
  if (one.conversation_id) return `/inbox/d/${one.conversation_id}`;
  return one.deal_id ? `/deals/${one.deal_id}` : null;
}

export async function loadTold(cursor = ""): Promise<NoticeList> {
  const found = await api.list(cursor);
  unread.value = found.unread;
  if (!cursor) latest.value = found.items;
  return found;
}
const again = (): void => {
  toldTimes.value++;
  void loadTold().catch(() => {});
};
watch(connection, (now) => now === "online" && again());
onSnapshot(again);
onChange("notification", again);
onChange("notices.read", again);
