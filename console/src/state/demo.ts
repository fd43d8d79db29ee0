/** What does the play of clients look like now? */
import { shallowRef } from "vue";
import { demo as api } from "@/api/calls";
import type { Demo } from "@/api/types";

export const play = shallowRef<Demo | null>(null);

export async function loadDemo(): Promise<void> {
  play.value = await api.read();
}
