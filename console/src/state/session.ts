/** Who is here, and how do they like the console? */
import { computed, ref, shallowRef, watch } from "vue";
import { session as api } from "@/api/calls";
import { asApiError, whenSignedOut } from "@/api/http";
import type { Me, Presence } from "@/api/types";
import { guessLocale, locale, useLocale, type Locale } from "@/i18n";
import { connect, disconnect, onChange, retryNow, whenLost } from "@/live/socket";
import { syncClock } from "@/time/clock";
import type { Member } from "@/api/types";

export type Theme = "system" | "light" | "dark";

export const me = shallowRef<Me | null>(null);
/** The session ended while the page was open: the overlay asks for the password, nothing is lost. */
export const expired = ref(false);

export const theme = ref<Theme>(readTheme());

function readTheme(): Theme {
  const kept = localStorage.getItem("theme");
  return kept === "light" || kept === "dark" ? kept : "system";
}

export function showTheme(): void {
  if (theme.value === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme.value;
}

watch(theme, (value) => {
  localStorage.setItem("theme", value);
  showTheme();
});

export const keysOn = computed(() => me.value?.prefs.keys !== false);
export const demo = computed(() => me.value?.demo ?? false);

/** Whether the person holds this permission in any scope. */
export function may(what: string): boolean {
  return me.value?.permissions.some((held) => held === what || held.startsWith(`${what}:`)) ?? false;
}

/** Reads the session; false: nobody is signed in. Throws when the gateway cannot be reached. */
export async function restore(): Promise<boolean> {
  try {
    await arrive(await api.me());
    return true;
  } catch (error) {
    const refusal = asApiError(error);
    if (refusal.status === 401) return false;
    throw refusal;
  }
}

/** Takes what a sign-in answered and begins to listen. */
export async function arrive(answer: Me): Promise<void> {
  me.value = answer;
  expired.value = false;
  syncClock(answer.server_time);
  await obeyPrefs(answer);
  if (answer.needs_setup) return;
  connect();
  retryNow();
}

async function obeyPrefs(answer: Me): Promise<void> {
  const wish = answer.prefs.theme;
  if (wish === "light" || wish === "dark" || wish === "system") theme.value = wish;
  const language = answer.prefs.language;
  await speak(language === "ru" || language === "en" ? language : guessLocale());
  document.documentElement.dataset.density = answer.prefs.density === "compact" ? "compact" : "cosy";
}

export async function speak(language: Locale): Promise<void> {
  localStorage.setItem("locale", language);
  if (language !== locale.value || document.documentElement.dataset.spoken !== language) await useLocale(language);
  document.documentElement.dataset.spoken = language;
}

let wishes = 0;

/** Changes a preference at once and keeps it on the server, whose answer counts unless something else was wished meanwhile. */
export async function prefer(change: Me["prefs"]): Promise<void> {
  const now = me.value;
  if (!now) return;
  const mine = (wishes += 1);
  me.value = { ...now, prefs: { ...now.prefs, ...change } };
  await obeyPrefs(me.value);
  const answer = await api.change({ prefs: change });
  if (mine === wishes) me.value = answer;
}

export async function setPresence(state: Presence["state"], minutes?: number): Promise<void> {
  me.value = await api.presence(state, minutes);
}

export async function signOut(): Promise<void> {
  await api.signOut();
  leave();
}

export function leave(): void {
  disconnect();
  me.value = null;
  expired.value = false;
}

whenSignedOut(() => {
  if (me.value) expired.value = true;
});

/** A refused line may mean an ended session; asking says so (http.ts then calls whenSignedOut). */
whenLost(() => {
  if (me.value && !expired.value) void api.me().catch(() => {});
});

onChange<Member>("member.upsert", (member) => {
  const now = me.value;
  if (now && member.id === now.id) me.value = { ...now, name: member.name, presence: member.presence, roles: member.roles };
});
