/** Who works here? */
import { shallowReactive } from "vue";
import { company as api } from "@/api/calls";
import type { Member } from "@/api/types";
import { onChange } from "@/live/socket";

export const members = shallowReactive(new Map<string, Member>());

export async function loadMembers(): Promise<void> {
  const answer = await api.members();
  answer.items.forEach((member) => members.set(member.id, member));
}

export function forgetMembers(): void {
  members.clear();
}

onChange<Member>("member.upsert", (member) => members.set(member.id, member));
