/** Which sections does this person see? Only those that have a page and work. */
import { computed } from "vue";
import { counters } from "@/state/queue";
import { openOffers } from "@/state/offers";
import { demo, may, me } from "@/state/session";
import { listed } from "@/state/sources";
import { unread } from "@/state/told";
import type { IconName } from "@/ui/icons";

export interface Section {
  to: string;
  label: string;
  icon: IconName;
  count: number;
  alarm: boolean;
  /** The letter after G. */
  key: string | null;
  /** Key of what the count counts, where it is not the unanswered. */
  said?: string;
  /** Key of its name where there is little room. */
  short?: string;
}

const broken = computed(() => listed.value.some((source) => source.state === "broken") || (counters.value?.sources_broken ?? 0) > 0);

const leads = (): Section => ({ to: "/mine", label: "mine.title", icon: "leads", count: openOffers.value.length, alarm: false, key: "KeyL", said: "mine.count", short: "mine.short" });
/** Whose day begins with their own leads: sees only what is theirs. */
export const ownFirst = (): boolean => may("lead.accept") && (me.value?.permissions.includes("conversation.read:own") ?? false);

export const sections = computed<Section[]>(() => {
  const found: Section[] = [];
  if (ownFirst()) found.push(leads());
  if (may("conversation.read"))
    found.push({ to: "/inbox", label: "inbox.title", icon: "inbox", count: counters.value?.unanswered ?? 0, alarm: false, key: "KeyI" });
  if (may("lead.accept") && !ownFirst()) found.push(leads());
  if (may("deal.read")) found.push({ to: "/deals", label: "deals.title", icon: "board", count: 0, alarm: false, key: "KeyD" });
  if (may("source.read"))
    found.push({ to: "/sources", label: "sources.title", icon: "sources", count: 0, alarm: broken.value, key: "KeyS" });
  if (may("contact.read")) found.push({ to: "/contacts", label: "contacts.title", icon: "people", count: 0, alarm: false, key: "KeyB" });
  if (may("contact.read")) found.push({ to: "/search", label: "search.title", icon: "search", count: 0, alarm: false, key: null });
  if (may("queue.edit")) found.push({ to: "/reports/calls", label: "report.calls", icon: "phone", count: 0, alarm: false, key: "KeyC" });
  if (may("source.read")) found.push({ to: "/routing", label: "routing.title", icon: "routes", count: 0, alarm: false, key: "KeyM" });
  if (may("member.read")) found.push({ to: "/team", label: "team.title", icon: "team", count: 0, alarm: false, key: "KeyT" });
  if (may("company.edit")) found.push({ to: "/company", label: "company.title", icon: "company", count: 0, alarm: false, key: "KeyO" });
  if (may("company.edit"))
    found.push({ to: "/start", label: "checklist.title", icon: "steps", count: 0, alarm: false, key: null });
  if (demo.value && may("demo.run")) found.push({ to: "/demo/client", label: "demo.title", icon: "phones", count: 0, alarm: false, key: null });
  found.push({ to: "/notices", label: "notices.title", icon: "bell", count: unread.value, alarm: false, key: "KeyN", said: "notices.unread" });
  return found;
});
