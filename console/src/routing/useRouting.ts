/** Which rules hold, what is being drafted here, and has a colleague been faster? */
import { computed, onScopeDispose, ref, shallowRef, watch, type ComputedRef, type Ref, type ShallowRef } from "vue";
import { company, routing as api } from "@/api/calls";
import { asApiError, type ApiError } from "@/api/http";
import type { Plan, Queue, Routing, Rule } from "@/api/types";
import { connection, onChange, onSnapshot } from "@/live/socket";
import { loadChannels } from "@/state/channels";
import { loadMembers } from "@/state/members";
import { complain } from "@/state/notices";
import { me, may } from "@/state/session";
import { loadSources } from "@/state/sources";

const PAUSE = 400;

export interface Drafting {
  routing: ShallowRef<Routing | null>;
  plan: ComputedRef<Plan>;
  queues: ShallowRef<Queue[]>;
  failure: ShallowRef<ApiError | null>;
  /** A colleague saved since: theirs, to choose from. */
  conflict: ShallowRef<Routing | null>;
  foreign: ComputedRef<boolean>;
  editable: ComputedRef<boolean>;
  saving: Ref<boolean>;
  /** What is on the screen is not on the server yet. */
  unsaved: ComputedRef<boolean>;
  load: () => Promise<void>;
  take: () => void;
  change: (next: Plan) => void;
  settled: () => Promise<void>;
  accept: (answer: Routing) => void;
  useTheirs: () => void;
  keepMine: () => void;
}

export function useRouting(): Drafting {
  const routing = shallowRef<Routing | null>(null);
  const own = shallowRef<Plan | null>(null);
  const queues = shallowRef<Queue[]>([]);
  const failure = shallowRef<ApiError | null>(null);
  const conflict = shallowRef<Routing | null>(null);
  const taken = ref(false);
  const saving = ref(false);
  let timer: ReturnType<typeof setTimeout> | undefined;
  let running: Promise<void> | null = null;
  let seen = 0;

  const drafted = computed(() => routing.value?.draft ?? null);
  const foreign = computed(() => !taken.value && drafted.value !== null && drafted.value.by?.id !== me.value?.id && own.value === null);
  const editable = computed(() => may("queue.edit") && !foreign.value && conflict.value === null && connection.value === "online");
  const plan = computed<Plan>(() => own.value ?? drafted.value?.plan ?? withRest(routing.value?.plan));
  const withRest = (held: Plan | undefined): Plan => ({ rules: held?.rules ?? [], catch_all: held?.catch_all || (queues.value[0]?.id ?? "") });

  function accept(answer: Routing): void {
    routing.value = answer;
    seen = answer.draft?.seen ?? 0;
    own.value = null;
    conflict.value = null;
    if (!answer.draft) taken.value = false;
  }
  async function load(): Promise<void> {
    failure.value = null;
    try {
      const [answer, list] = await Promise.all([api.read(), company.queues(), loadMembers(), loadSources(), loadChannels()]);
      queues.value = list.items;
      if (own.value === null) accept(answer);
    } catch (error) {
      failure.value = asApiError(error);
    }
  }
  function change(next: Plan): void {
    own.value = next;
    saving.value = true;
    clearTimeout(timer);
    timer = setTimeout(() => void save(), PAUSE);
  }
  async function save(): Promise<void> {
    clearTimeout(timer);
    while (running) await running; // of several who wait one goes on, the others wait for that one
    const sent = own.value;
    if (!sent || conflict.value) return;
    running = write(sent);
    await running;
    running = null;
  }
  async function write(sent: Plan): Promise<void> {
    saving.value = true;
    let kept = false;
    try {
      const answer = await api.save(sent.rules.map(bare), sent.catch_all, seen);
      routing.value = answer;
      seen = answer.draft?.seen ?? seen;
      taken.value = kept = true;
      if (own.value === sent) own.value = null;
    } catch (error) {
      const refusal = asApiError(error);
      if (refusal.code === "draft_conflict") await meet();
      else complain(refusal);
    } finally {
      saving.value = kept && own.value !== null;
    }
  }
  /** What a colleague saved, to choose from. */
  async function meet(): Promise<void> {
    try {
      conflict.value = await api.read();
    } catch (error) {
      complain(error);
    }
  }
  /** Everything that was changed is kept on the server. */
  async function settled(): Promise<void> {
    while (own.value && !conflict.value) {
      const before = own.value;
      await save();
      if (own.value === before) break; // refused: it was said why
    }
  }
  function useTheirs(): void {
    if (conflict.value) accept(conflict.value);
    saving.value = false;
  }
  function keepMine(): void {
    seen = conflict.value?.draft?.seen ?? 0;
    conflict.value = null;
    saving.value = true;
    void save();
  }
  watch(connection, (now) => now === "online" && own.value !== null && !conflict.value && void save());
  const stop = [
    onChange("routing.changed", () => own.value === null && !running && void load()),
    onSnapshot(() => own.value === null && void load()),
  ];
  onScopeDispose(() => {
    stop.forEach((one) => one());
    if (own.value && !conflict.value) void save();
  });
  return { routing, plan, queues, failure, conflict, foreign, editable, saving, unsaved: computed(() => own.value !== null), load, take: () => (taken.value = true), change, settled, accept, useTheirs, keepMine };
}

const bare = ({ hits_today: _, ...rule }: Rule): Omit<Rule, "hits_today"> => rule;

export function moved(plan: Plan, from: number, to: number): Plan {
  if (to < 0 || to >= plan.rules.length || from === to) return plan;
  const rules = [...plan.rules];
  rules.splice(to, 0, ...rules.splice(from, 1));
  return { ...plan, rules };
}
