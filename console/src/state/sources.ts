/** Which accounts are connected, and are they well? */
import { computed, ref, shallowReactive } from "vue";
import { sources as api } from "@/api/calls";
import type { Source, TestSession } from "@/api/types";
import { onChange, onSnapshot } from "@/live/socket";

export const sources = shallowReactive(new Map<string, Source>());
export const tests = shallowReactive(new Map<string, TestSession>());
/** Whether they have been read: before that nobody can say that there are none. */
export const sourcesRead = ref(false);

export const listed = computed(() =>
  [...sources.values()].sort((a, b) => rank(a) - rank(b) || a.name.localeCompare(b.name)),
);

/** What needs a person comes first. */
function rank(source: Source): number {
  if (source.state === "broken") return 0;
  if (source.account.set_aside > 0) return 1;
  return { active: 2, paused: 3, draft: 4, disconnected: 5 }[source.state];
}

export async function loadSources(): Promise<void> {
  const answer = await api.all();
  const found = new Set(answer.items.map((source) => source.id));
  for (const id of [...sources.keys()]) if (!found.has(id)) sources.delete(id);
  answer.items.forEach((source) => sources.set(source.id, source));
  sourcesRead.value = true;
}

export function takeSource(source: Source): Source {
  sources.set(source.id, source);
  return source;
}

export function forgetSources(): void {
  sources.clear();
  tests.clear();
  sourcesRead.value = false;
}

onChange<Source>("source.upsert", takeSource);
onChange<null>("source.remove", (_, id) => sources.delete(id));
onChange<TestSession>("source.test", (patch, id) => tests.set(id, patch));
onSnapshot(() => void loadSources().catch(() => {}));
