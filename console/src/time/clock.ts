/**
 * What time is it on the server?
 *
 * One ticker for the whole page: each minute, or each second while somebody counts seconds. The countdowns compare with
 * the server's clock, so a wrong clock of this machine changes nothing.
 */
import { computed, onScopeDispose, ref, watchEffect, type ComputedRef } from "vue";
import type { Micros } from "@/api/types";

export const SECOND = 1_000_000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

let offset = 0;
const minuteTick = ref(0);
const secondTick = ref(0);
let secondWatchers = 0;
let timer: ReturnType<typeof setTimeout> | undefined;
let lastMinute = -1;

export function serverNow(): Micros {
  return Date.now() * 1000 + offset;
}

/** Call with every server time that arrives. */
export function syncClock(serverTime: Micros): void {
  const measured = serverTime - Date.now() * 1000;
  if (Math.abs(measured - offset) < SECOND / 4) return;
  offset = measured;
  tick();
}

/** Now, fresh once a minute. */
export const nowByMinute: ComputedRef<Micros> = computed(() => (minuteTick.value, serverNow()));

/** Now, fresh each second while the calling component lives. */
export function useSeconds(): ComputedRef<Micros> {
  secondWatchers++;
  schedule();
  onScopeDispose(() => secondWatchers--);
  return computed(() => (secondTick.value, serverNow()));
}

/** Now: each second while `bySecond` says so, else each minute. */
export function useNow(bySecond: () => boolean): ComputedRef<Micros> {
  let counted = false;
  const count = (wanted: boolean): void => {
    if (wanted === counted) return;
    counted = wanted;
    secondWatchers += wanted ? 1 : -1;
    schedule();
  };
  watchEffect(() => count(bySecond()));
  onScopeDispose(() => count(false));
  return computed(() => (bySecond() ? secondTick.value : minuteTick.value, serverNow()));
}

function tick(): void {
  const minute = Math.floor(serverNow() / MINUTE);
  if (minute !== lastMinute) {
    lastMinute = minute;
    minuteTick.value++;
  }
  if (secondWatchers > 0) secondTick.value++;
  schedule();
}

function schedule(): void {
  clearTimeout(timer);
  const step = secondWatchers > 0 ? SECOND : MINUTE;
  const left = step - (((serverNow() % step) + step) % step);
  timer = setTimeout(tick, Math.max(20, left / 1000 + 5));
}

/** Starts the ticker; a page that was asleep catches up as soon as it is seen. */
export function startClock(): void {
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "visible") tick();
  });
  tick();
}
