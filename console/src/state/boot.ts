/** What is read once somebody is signed in, and forgotten when they leave? */
import { forgetTexts } from "@/canned/store";
import { stop } from "./bulk";
import { forgetViews } from "./views";
import { loadChannels } from "./channels";
import { forgetDrafts } from "./drafts";
import { forgetMembers, loadMembers } from "./members";
import { forgetOffers, loadOffers } from "./offers";
import { forgetRings, loadRings } from "./rings";
import { forgetOutbox, resume } from "./outbox";
import { forgetAll, loadCounters } from "./queue";
import { leave } from "./session";
import { forgetSources, loadSources } from "./sources";
import { forgetThreads } from "./thread";
import { withWords } from "@/ui/late";

/** Each by itself: what fails is missing where it is shown, and says so there. */
export async function arriveHome(): Promise<void> {
  await Promise.allSettled([loadChannels(), loadCounters(), loadOffers(), loadRings(), loadMembers(), loadSources()]);
  resume();
  void withWords(() => import("./alerts"))().then((alerts) => alerts.start());
}

export function forgetEverything(): void {
  leave();
  forgetAll();
  forgetTexts();
  forgetViews();
  stop();
  forgetThreads();
  forgetDrafts();
  forgetOffers();
  forgetRings();
  forgetOutbox();
  forgetSources();
  forgetMembers();
}
