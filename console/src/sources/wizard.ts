/** How does a source get connected, step by step? Back keeps what was typed; leaving keeps a draft source. */
import { computed, ref, shallowRef } from "vue";
import { company, sources as api } from "@/api/calls";
import { asApiError, type ApiError } from "@/api/http";
import type { CheckShape, Source } from "@/api/types";
import { pick, t } from "@/i18n";
import { channels, loadChannels } from "@/state/channels";
import { takeSource, sources } from "@/state/sources";
import type { Policy } from "./PolicyFields.vue";
import { needsSource, problemsOf, toSend, untouched } from "./settings";

const POLICY_STEP = 3;
const TEST_STEP = 4;

export function useWizard(channel: string) {
  const step = ref(1);
  const sourceId = ref("");
  const values = ref<Record<string, string>>({});
  const problems = ref<Record<string, string>>({});
  const checks = shallowRef<CheckShape[]>([]);
  const failure = shallowRef<ApiError | null>(null);
  const busy = ref(false);
  /** How the settings that were not typed were found; "" is not at all. */
  const suggested = ref("");
  let proposed: Record<string, string> = {};
  let questions = 0;
  const name = ref("");
  const publicUrl = ref("");
  const policy = ref<Policy>({ queue_id: "", first_answer: "manager", hours: 24, enforcement: "block" });

  const about = computed(() => channels.get(channel) ?? null);
  const source = computed<Source | null>(() => sources.get(sourceId.value) ?? null);
  const last = computed(() => about.value?.steps.length ?? 5);
  const windowed = computed(() => source.value !== null && (source.value.hours !== null || source.value.enforcement !== "off"));
  const refused = computed(() => checks.value.some((check) => !check.ok));
  const settings = computed(() => about.value?.settings ?? []);
  const askedLast = computed(() => Math.max(1, ...settings.value.filter((one) => one.required && !one.advanced).map((one) => one.step)));

  async function begin(id: string, at: number): Promise<void> {
    await attempt(async () => {
      await loadChannels();
      publicUrl.value = await company.read().then((answer) => answer.public_url || location.origin, () => location.origin);
      name.value = pick(about.value?.title);
      if (id) adopt(takeSource(await api.one(id)));
      step.value = sourceId.value ? Math.min(Math.max(1, at), last.value) : 1;
      await arrive();
    });
  }

  function adopt(found: Source): void {
    sourceId.value = found.id;
    name.value = found.name;
    values.value = { ...found.settings };
    policy.value = { queue_id: found.queue?.id ?? "", first_answer: found.first_answer, hours: found.hours, enforcement: found.enforcement };
  }

  async function attempt(work: () => Promise<void>): Promise<boolean> {
    busy.value = true;
    failure.value = null;
    try {
      await work();
      return true;
    } catch (error) {
      const refusal = asApiError(error);
      const field = refusal.params.field;
      if (typeof field === "string" && settings.value.some((one) => one.key === field)) problems.value = { [field]: t("wizard.pattern") };
      else failure.value = refusal;
      return false;
    } finally {
      busy.value = false;
    }
  }

  /** What a step needs before it can be shown: an address to copy, a connection to test. */
  async function arrive(): Promise<void> {
    checks.value = [];
    const copies = about.value?.steps[step.value - 1]?.copies ?? [];
    if (!sourceId.value && needsSource(copies)) await make();
    if (step.value === TEST_STEP && source.value && source.value.state !== "active") await connect();
  }

  async function make(): Promise<void> {
    const made = await api.make({ channel, name: name.value.trim() || pick(about.value?.title), settings: typed() });
    const keep = values.value;
    adopt(takeSource(made));
    values.value = { ...made.settings, ...keep };
  }

  const typed = (): Record<string, string> =>
    toSend(settings.value.filter((one) => one.step <= step.value), values.value, about.value?.secrets ?? []);

  async function save(): Promise<void> {
    if (!sourceId.value) return make();
    const body = step.value === POLICY_STEP ? policyBody() : { settings: typed() };
    takeSource(await api.change(sourceId.value, body));
  }

  function policyBody(): Parameters<typeof api.change>[1] {
    const { queue_id, first_answer, hours, enforcement } = policy.value;
    const base = { name: name.value.trim(), settings: typed(), first_answer, ...(queue_id ? { queue_id } : {}) };
    return windowed.value && !source.value?.window_fixed ? { ...base, hours, enforcement } : base;
  }

  async function connect(): Promise<void> {
    const connected = takeSource(await api.connect(sourceId.value));
    checks.value = connected.health;
  }

  /** One step on; true: it was the last. */
  async function next(): Promise<boolean> {
    const here = settings.value.filter((one) => one.step === step.value);
    problems.value = problemsOf(here, values.value, source.value?.secrets ?? []);
    if (Object.keys(problems.value).length) return false;
    if (step.value >= last.value) return true;
    await attempt(async () => {
      // A draft needs all that is required: before that is asked for there is nothing to keep.
      if (step.value < TEST_STEP && (sourceId.value || step.value >= askedLast.value)) await save();
      if (step.value === askedLast.value && !(await proven())) return;
      await move(1);
    });
    return false;
  }

  /** Other settings that what was typed tells; failing to find any is no failure, and no answer, early or late, replaces what a person typed. */
  async function suggest(): Promise<void> {
    suggested.value = "";
    const question = ++questions;
    const open = settings.value.filter((one) => one.kind !== "secret");
    try {
      const told = await api.suggest(channel, toSend(open, values.value, []));
      if (question !== questions) return;
      const fresh = untouched(told.settings, values.value, proposed);
      proposed = { ...proposed, ...fresh };
      values.value = { ...values.value, ...fresh };
      if (Object.keys(fresh).length || told.code === "found_nothing") suggested.value = told.code;
    } catch {
      // nothing was found, and nothing is said
    }
  }

  async function proven(): Promise<boolean> {
    checks.value = (await api.check(sourceId.value)).checks;
    return checks.value.every((check) => check.ok);
  }

  async function move(by: number): Promise<void> {
    step.value = Math.min(last.value, step.value + by);
    await arrive();
  }

  async function skip(): Promise<void> {
    await attempt(() => move(1));
  }

  function back(to: number): void {
    step.value = to;
    checks.value = [];
    failure.value = null;
    problems.value = {};
  }

  return { about, source, step, last, values, problems, checks, failure, busy, policy, name, publicUrl, windowed, refused, suggested, suggest, begin, next, back, skip };
}
