/** Rows and items for tests: all fields, the interesting ones given. */
import type { Item, Row, Window } from "@/api/types";

export const OPEN_WINDOW: Window = {
  state: "open", reason: "", closes_at: null, closed_at: null, last_client_at: null, enforcement: "block", fixed: false, may_override: false, reach: "",
};
export const NO_WINDOW: Window = { ...OPEN_WINDOW, state: "none", enforcement: "off" };

export function row(id: string, more: Partial<Row> = {}): Row {
  return {
    id, contact: { id: `c-${id}`, name: id }, source: { id: "s", name: "s", channel: "x", state: "active" }, state: "open", nature: "client", last: null, unanswered: true, waiting_since: 0, deadline_at: null,
    reason: "target", unread: 0, window: NO_WINDOW, assignee: null, claim: null, deal: null, offered: null, draft: "", snoozed_until: null, also: [], seq: 1, ...more,
  };
}

export function item(id: string, at: number, more: Partial<Item> = {}): Item {
  return {
    id, conversation_id: "k", contact_id: "c", source: { id: "s", name: "s", channel: "x", state: "active" }, kind: "text", direction: "in", author: "client", author_name: "Client", author_id: null, mine: false, at, place: 0, received_at: at, late: false,
    text: id, has_html: false, subject: "", attachments: [], fields: [], call: null, location: null, card: null, reply_to: null, forwarded_from: "", unsupported: "", state: "", reason: "", retry_at: null, not_before: null, may: [],
    edited: false, deleted: false, reactions: [], own_reaction: "", spans: [], quote: "", forwards: [], mail: null, nature: "client", later: null, deal: null, has_raw: false, system: null, ...more,
  };
}
