/** How does the address say which list is shown? Filter, order and search stand in the URL, so a view can be shared. */
import type { LocationQuery } from "vue-router";
import type { SavedView } from "@/api/types";
import { router } from "@/router";
import type { Order, View } from "@/state/order";
import type { Filter } from "@/state/queue";
import { me, prefer } from "@/state/session";

const VIEWS: readonly View[] = ["unanswered", "mine", "all", "snoozed", "closed", "nobody", "spam", "blocked", "personal"];
const ORDERS: readonly Order[] = ["urgent", "newest", "longest"];

const one = (value: LocationQuery[string] | undefined): string => (typeof value === "string" ? value : "");

export function fromQuery(query: LocationQuery): Filter {
  const view = one(query.view) as View;
  const order = (one(query.order) || String(me.value?.prefs.order ?? "")) as Order;
  return {
    view: VIEWS.includes(view) ? view : "unanswered",
    order: ORDERS.includes(order) ? order : "urgent",
    source: one(query.source),
    q: one(query.q),
  };
}

/** A kept list as a filter; what it does not name is the default. */
export const fromSaved = (kept: SavedView["filter"]): Filter => fromQuery({ ...kept });

export function changeFilter(change: Partial<Filter>): void {
  const now = router.currentRoute.value;
  const next = { ...fromQuery(now.query), ...change };
  if (change.order) void prefer({ order: change.order }).catch(() => {});
  const query: Record<string, string> = {};
  if (next.view !== "unanswered") query.view = next.view;
  if (next.order !== "urgent") query.order = next.order;
  if (next.source) query.source = next.source;
  if (next.q) query.q = next.q;
  void router.replace({ path: now.path, query });
}
