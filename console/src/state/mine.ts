/** What is on this person's desk: clients to get in touch with, tasks, deals without a task? */
import { shallowRef, watch } from "vue";
import { tasks as api } from "@/api/calls";
import { asApiError, type ApiError } from "@/api/http";
import type { Deal, MyWork, Row, Task } from "@/api/types";
import { onChange, onSnapshot } from "@/live/socket";
import { me } from "./session";

export const work = shallowRef<MyWork | null>(null);
export const failure = shallowRef<ApiError | null>(null);
const PAUSE = 300;
let asked = 0;
let timer: ReturnType<typeof setTimeout> | undefined;

export async function loadMine(): Promise<void> {
  const mine = ++asked;
  try {
    const found = await api.mine();
    if (mine !== asked) return;
    work.value = found;
    failure.value = null;
  } catch (error) {
    if (mine === asked) failure.value = asApiError(error);
  }
}

export function forgetMine(): void {
  asked++;
  work.value = failure.value = null;
}

/** The next person at this machine sees nothing of the last one's. */
watch(() => me.value?.id, forgetMine);

/** Soon: news come in groups. */
export function mineSoon(): void {
  timer ??= setTimeout(() => {
    timer = undefined;
    void loadMine();
  }, PAUSE);
}

const shows = (deal: string): boolean =>
  work.value !== null && (work.value.not_contacted.some((card) => card.deal.id === deal) || work.value.without_task.some((one) => one.id === deal));
const lists = (task: string): boolean => {
  const now = work.value;
  return now !== null && [...now.overdue, ...now.today, ...now.tomorrow, ...now.later].some((one) => one.id === task);
};

/** While the page is on screen. */
export function followMine(): () => void {
  const stops = [
    onChange<Task>("task.upsert", (task) => {
      if (task.owner?.id === me.value?.id || lists(task.id)) mineSoon();
    }),
    onChange<Deal>("deal.upsert", (deal) => {
      if (deal.owner?.id === me.value?.id || shows(deal.id)) mineSoon();
    }),
    onChange<null>("deal.remove", (_, id) => {
      if (shows(id)) mineSoon();
    }),
    onChange<Row>("conversation.upsert", (row) => {
      if (row.deal && shows(row.deal.id)) mineSoon();
    }),
    onSnapshot(() => void loadMine()),
  ];
  return () => {
    clearTimeout(timer);
    timer = undefined;
    stops.forEach((stop) => stop());
  };
}
