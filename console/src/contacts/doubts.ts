/** Which cards may be one person, and what of them differs? Pure, so that the page and the cards say the same. */
import type { Contact, Fields, Proposal, Ref } from "@/api/types";

export interface Pair {
  key: string;
  a: Ref;
  b: Ref;
  at: number;
  /** What speaks for it: the addresses, the surest first. */
  evidence: { kind: string; value: string; verified: boolean; told: boolean; letter: Proposal["letter"] }[];
}

/** One line a pair, however many addresses speak for it; the order of the list stays. */
export function pairs(items: readonly Proposal[]): Pair[] {
  const found = new Map<string, Pair>();
  for (const one of items) {
    const key = `${one.a.id} ${one.b.id}`;
    const pair = found.get(key) ?? { key, a: one.a, b: one.b, at: one.at, evidence: [] };
    pair.evidence.push({ kind: one.kind, value: one.value, verified: one.verified, told: one.origins.includes("told"), letter: one.letter });
    found.set(key, pair);
  }
  for (const pair of found.values()) pair.evidence.sort((x, y) => Number(y.verified) - Number(x.verified) || Number(x.told) - Number(y.told) || Number(x.letter !== null) - Number(y.letter !== null));
  return [...found.values()];
}

export type Side = "kept" | "gone";
export interface Choice {
  field: string;
  kept: string;
  gone: string;
}
type Values = Fields["fields"];

const said = (value: Values[string] | undefined): string => (Array.isArray(value) ? value.join(", ") : value === null || value === undefined ? "" : String(value));

/** What both cards say differently: there somebody has to choose. What only one of them says stays anyhow. */
export function choices(kept: Contact, gone: Contact, ofKept: Values, ofGone: Values): Choice[] {
  const all: Choice[] = [
    { field: "name", kept: kept.name, gone: gone.name },
    { field: "responsible_id", kept: kept.responsible?.name ?? "", gone: gone.responsible?.name ?? "" },
    ...[...new Set([...Object.keys(ofKept), ...Object.keys(ofGone)])].map((name) => ({ field: name, kept: said(ofKept[name]), gone: said(ofGone[name]) })),
  ];
  return all.filter((one) => one.kept && one.gone && one.kept !== one.gone);
}

const isAddress = (name: string): boolean => /^[+@\d]|\S@\S/u.test(name);

/** What stays unless somebody says otherwise: the older card's word, but a name rather than a number. */
export const usual = (one: Choice): Side => (one.field === "name" && isAddress(one.kept) && !isAddress(one.gone) ? "gone" : "kept");

/** The responsible owns none of the open deals: who does, the most recent deal's owner first. [] is no mismatch. */
export function otherOwners(contact: Pick<Contact, "responsible" | "deals">): Ref[] {
  const { responsible } = contact;
  const owned = contact.deals.filter((deal) => (deal.stage_kind === "lead" || deal.stage_kind === "open") && deal.owner);
  if (!responsible || !owned.length || owned.some((deal) => deal.owner?.id === responsible.id)) return [];
  const owners = owned.toSorted((x, y) => y.last_activity_at - x.last_activity_at).flatMap((deal) => deal.owner ?? []);
  return [...new Map(owners.map((one) => [one.id, one])).values()];
}
