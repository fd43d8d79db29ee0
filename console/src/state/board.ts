/** What stands on the board of one pipeline, as everybody sees it now? */
import { shallowReactive, shallowRef, watch } from "vue";
import { deals as api, type BoardAsk } from "@/api/calls";
import { asApiError, type ApiError } from "@/api/http";
import type { Deal, DealCard, Pipeline, Row, Stage, Task } from "@/api/types";
import { onChange, onSnapshot } from "@/live/socket";
import { me } from "./session";

export interface Lane {
  stage: Stage;
  deals: number;
  /** Currency and amount: usually one pair. */
  sums: readonly { currency: string; amount: string }[];
  cards: readonly string[];
  next: string | null;
  loaded: boolean;
  loading: boolean;
  failure: ApiError | null;
}

export const pipelines = shallowRef<Pipeline[] | null>(null);
export const pipeline = shallowRef<Pipeline | null>(null);
export const failure = shallowRef<ApiError | null>(null);
export const cards = shallowReactive(new Map<string, DealCard>());
/** stage -> its lane; the pipeline's lead and open stages in their order. */
export const lanes = shallowReactive(new Map<string, Lane>());

let ask: BoardAsk = { owner: "", words: "" };
let turn = 0;

const stands = (stage: Stage): boolean => stage.kind === "lead" || stage.kind === "open";
export const endsOf = (one: Pipeline | null): Stage[] => one?.stages.filter((stage) => stage.kind === "won" || stage.kind === "lost") ?? [];

function change(stage: string, what: Partial<Lane>): void {
  const lane = lanes.get(stage);
  if (lane) lanes.set(stage, { ...lane, ...what });
}

export async function loadPipelines(): Promise<Pipeline[]> {
  if (!pipelines.value) pipelines.value = (await api.pipelines()).items;
  return pipelines.value;
}

/** Shows a pipeline (the first, if there is none of this id); what was shown stays until the new is there. */
export async function openBoard(id: string, wanted: BoardAsk): Promise<void> {
  const mine = ++turn;
  failure.value = null;
  try {
    const all = await loadPipelines();
    if (mine !== turn) return;
    const found = all.find((one) => one.id === id) ?? all[0] ?? null;
    const same = found?.id === pipeline.value?.id;
    pipeline.value = found;
    ask = wanted;
    if (!same) forgetCards();
    for (const stage of found?.stages.filter(stands) ?? []) {
      if (!lanes.has(stage.id)) lanes.set(stage.id, { stage, deals: 0, sums: [], cards: [], next: null, loaded: false, loading: false, failure: null });
    }
    await Promise.all([loadColumns(), ...[...lanes.keys()].map((stage) => loadLane(stage))]);
  } catch (error) {
    if (mine === turn) failure.value = asApiError(error);
  }
}

export function closeBoard(): void {
  turn++;
  clearTimeout(timer);
  timer = undefined;
  dirty.clear();
}

export function forgetBoard(): void {
  closeBoard();
  forgetCards();
  pipelines.value = pipeline.value = failure.value = null;
}

/** The next person at this machine sees nothing of the last one's. */
watch(() => me.value?.id, forgetBoard);

function forgetCards(): void {
  lanes.clear();
  cards.clear();
}

async function loadColumns(): Promise<void> {
  const mine = turn;
  const found = await api.columns(pipeline.value?.id ?? "", ask);
  if (mine !== turn) return;
  for (const stage of lanes.keys()) {
    const own = found.columns.filter((one) => one.stage_id === stage);
    change(stage, { deals: own.reduce((sum, one) => sum + one.deals, 0), sums: own.filter((one) => Number(one.amount) > 0) });
  }
}

/** The first page of a stage's cards, or one more. */
export async function loadLane(stage: string, more = false): Promise<void> {
  const mine = turn;
  const lane = lanes.get(stage);
  if (!lane || (more && lane.loading)) return;
  change(stage, { loading: true, failure: null });
  try {
    const found = await api.cards(pipeline.value?.id ?? "", stage, ask, more ? (lane.next ?? "") : "");
    if (mine !== turn) return;
    for (const card of found.items) cards.set(card.deal.id, card);
    const before = more ? (lanes.get(stage)?.cards ?? []) : [];
    const fresh = found.items.map((card) => card.deal.id).filter((id) => !before.includes(id));
    change(stage, { cards: [...before, ...fresh], next: found.next, loaded: true, loading: false });
  } catch (error) {
    if (mine === turn) change(stage, { failure: asApiError(error), loading: false });
  }
}

function remove(id: string): void {
  cards.delete(id);
  for (const [stage, lane] of lanes) if (lane.cards.includes(id)) change(stage, { cards: lane.cards.filter((one) => one !== id) });
}

/** A card keeps its place in its lane; one that came from elsewhere stands first. */
function place(card: DealCard): void {
  const { id, stage_id } = card.deal;
  for (const [stage, lane] of lanes) {
    if (stage !== stage_id && lane.cards.includes(id)) change(stage, { cards: lane.cards.filter((one) => one !== id) });
  }
  const lane = lanes.get(stage_id);
  if (!lane || card.deal.closed_at !== null) return remove(id);
  cards.set(id, card);
  if (!lane.cards.includes(id)) change(stage_id, { cards: [id, ...lane.cards] });
}

/** What the server said of a deal: shown at once, the rest of its card follows. */
export function takeDeal(deal: Deal): void {
  const known = cards.get(deal.id);
  if (known) place({ ...known, deal });
  reread(deal.id);
}

const dirty = new Set<string>();
const MOST = 100;
const PAUSE = 400;
let timer: ReturnType<typeof setTimeout> | undefined;

/** Reads a card anew, together with all others that changed in the same moment, and counts. */
export function reread(id: string): void {
  if (!pipeline.value || !lanes.size) return;
  dirty.add(id);
  timer ??= setTimeout(() => void follow(), PAUSE);
}

async function follow(): Promise<void> {
  timer = undefined;
  const mine = turn;
  const ids = [...dirty].slice(0, MOST);
  for (const id of ids) dirty.delete(id);
  if (dirty.size) timer = setTimeout(() => void follow(), PAUSE);
  try {
    const [found] = await Promise.all([api.cardsNow(pipeline.value?.id ?? "", ids, ask), loadColumns()]);
    if (mine !== turn) return;
    const there = new Map(found.items.map((card) => [card.deal.id, card]));
    for (const id of ids) {
      const card = there.get(id);
      if (card) place(card);
      else remove(id);
    }
  } catch {
    // The line is gone or the server busy: coming back reads everything anew.
  }
}

/** While the board is on screen. */
export function followBoard(): () => void {
  const stops = [
    onChange<Deal>("deal.upsert", takeDeal),
    onChange<null>("deal.remove", (_, id) => {
      if (cards.has(id)) reread(id);
    }),
    onChange<Task>("task.upsert", (task) => {
      if (task.deal_id && cards.has(task.deal_id)) reread(task.deal_id);
    }),
    onChange<Row>("conversation.upsert", takeRow),
    onSnapshot(() => void openBoard(pipeline.value?.id ?? "", ask)),
  ];
  return () => stops.forEach((stop) => stop());
}

/** Whether the client waits, and where: the queue's row says it. */
function takeRow(row: Row): void {
  const card = row.deal ? cards.get(row.deal.id) : undefined;
  if (!card || (card.talk && card.talk.conversation_id !== row.id && !row.unanswered)) return;
  const { source, unanswered, waiting_since, deadline_at } = row;
  cards.set(card.deal.id, { ...card, talk: { conversation_id: row.id, source, unanswered, waiting_since, deadline_at } });
}
