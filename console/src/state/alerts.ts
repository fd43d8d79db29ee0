/**
 * How does this person want to be told, and is it quiet now?
 *
 * A preference names the ways of each kind («notify.mention» = "screen sound browser push bot mail"); devices, chats and mail are
 * the gateway's to tell (gateway/told.py knows the same kinds). Of several tabs one sounds and shows the browser's notices.
 */
import { ref, watch } from "vue";
import type { NoticeShape, Offer, Row } from "@/api/types";
import { has, t } from "@/i18n";
import { onChange } from "@/live/socket";
import { router } from "@/router";
import { serverNow } from "@/time/clock";
import { say, silenced, tellAside } from "./notices";
import { me } from "./session";
import { latest, placeOf } from "./told";

export const KINDS = ["offer", "message", "mention", "task", "late", "lead", "team"] as const;
export type Kind = (typeof KINDS)[number];
export const WAYS = ["screen", "sound", "browser", "push", "bot", "mail"] as const;
export type Way = (typeof WAYS)[number];

/** What holds until somebody chooses. */
const USUAL: Record<Kind, string> = { offer: "screen sound push", message: "sound push", mention: "screen sound push", task: "screen push", late: "screen sound push", lead: "screen push", team: "screen push" };
const OF: Record<string, Kind> = {
  mention: "mention",
  task_reminder: "task", task_overdue: "task", task_overdue_many: "task", evening_tasks: "task", snooze_over: "task", call_back_overdue: "task", call_not_placed: "task", scheduled_stopped: "task",
  answer_soon: "late", answer_late: "late", answer_soon_many: "late", answer_late_many: "late",
  approval: "team", approval_approved: "team", approval_refused: "team", approval_withdrawn: "team", lead_kept: "team", gate_relaxed: "team", colleague_break: "team",
  lead_returned: "lead", offer_expired: "lead", break_automatic: "lead",
};

export const kindOf = (code: string): Kind => OF[code] ?? "team";

type Prefs = Readonly<Record<string, unknown>>;
export function waysOf(prefs: Prefs, kind: Kind): Way[] {
  const chosen = prefs[`notify.${kind}`];
  const named = (typeof chosen === "string" ? chosen : USUAL[kind]).split(" ");
  return WAYS.filter((way) => named.includes(way));
}

/** The preference after one way of a kind was switched. */
export function switched(prefs: Prefs, kind: Kind, way: Way, on: boolean): string {
  const now = waysOf(prefs, kind).filter((one) => one !== way);
  return WAYS.filter((one) => now.includes(one) || (on && one === way)).join(" ");
}

export interface Quiet {
  from: string;
  to: string;
}
export function quietOf(prefs: Prefs): Quiet | null {
  const found = /^(\d\d:\d\d)-(\d\d:\d\d)/u.exec(String(prefs["notify.quiet"] ?? ""));
  return found?.[1] && found[2] ? { from: found[1], to: found[2] } : null;
}
export const quietText = (quiet: Quiet | null): string => (quiet ? `${quiet.from}-${quiet.to}@${Intl.DateTimeFormat().resolvedOptions().timeZone}` : "");

const minutes = (clock: string): number => Number(clock.slice(0, 2)) * 60 + Number(clock.slice(3));
/** Whether it is quiet at this minute of the day; over midnight too. */
export function isQuiet(quiet: Quiet | null, minute: number): boolean {
  if (!quiet) return false;
  const [from, to] = [minutes(quiet.from), minutes(quiet.to)];
  return from <= to ? from <= minute && minute < to : minute >= from || minute < to;
}

function minuteNow(): number {
  const now = new Date();
  return now.getHours() * 60 + now.getMinutes();
}

// --- telling -------------------------------------------------------------------------------------------------------

let leads = !("locks" in navigator);
/** The first tab holds the lock as long as it is open; then the next one is it. */
function stand(): void {
  if (!("locks" in navigator)) return;
  void navigator.locks.request("alerts", () => {
    leads = true;
    return new Promise<void>(() => {});
  });
}

let sound: AudioContext | null = null;
/** Browsers let a page sound only after a person touched it. */
export function unlockSound(): void {
  silenced.value = false;
  if (typeof AudioContext === "undefined") return;
  sound ??= new AudioContext();
  if (sound.state === "suspended") void sound.resume();
}
const TONES: Partial<Record<Kind, number[]>> = { offer: [660, 880, 1100], message: [740] };
export function play(kind: Kind): void {
  if (!sound || sound.state !== "running") {
    silenced.value = typeof AudioContext !== "undefined" && navigator.userActivation?.hasBeenActive !== true;
    return;
  }
  (TONES[kind] ?? [520, 650]).forEach((pitch, place) => {
    const [tone, volume] = [sound!.createOscillator(), sound!.createGain()];
    const at = sound!.currentTime + place * 0.14;
    tone.frequency.value = pitch;
    volume.gain.setValueAtTime(0, at);
    volume.gain.linearRampToValueAtTime(0.12, at + 0.02);
    volume.gain.exponentialRampToValueAtTime(0.001, at + 0.22);
    tone.connect(volume).connect(sound!.destination);
    tone.start(at);
    tone.stop(at + 0.24);
  });
}

/** Whether the browser lets us show notices: "default" is not asked yet, "missing" is a browser without them. */
export const permission = ref<NotificationPermission | "missing">(typeof Notification === "undefined" ? "missing" : Notification.permission);
export async function askPermission(): Promise<void> {
  if (permission.value !== "missing") permission.value = await Notification.requestPermission();
}

const open = new Map<string, Notification>();
const keeper = async (): Promise<ServiceWorkerRegistration | undefined> => ("serviceWorker" in navigator ? navigator.serviceWorker.getRegistration() : undefined);

/** By the service worker where there is one: phones know no other way, and what the gateway sends it meanwhile replaces this. */
async function show(title: string, body: string, to: string | null): Promise<void> {
  if (permission.value !== "granted") return;
  const tag = to ?? title;
  try {
    const kept = await keeper();
    if (kept?.active) return await kept.showNotification(title, { body, tag, icon: "/icons/icon-192.png", silent: true, data: { url: to ?? "/" } });
  } catch {
    // then the page itself
  }
  const shown = new Notification(title, { body, tag, icon: "/favicon.svg", silent: true });
  open.set(tag, shown);
  shown.onclose = () => open.delete(tag);
  shown.onclick = () => {
    window.focus();
    if (to) void router.push(to);
    shown.close();
  };
}
/** What is looked at needs no notice any more, whoever showed it. */
async function closeShown(path: string): Promise<void> {
  open.get(path)?.close();
  const shown = (await (await keeper())?.getNotifications?.({ tag: path }).catch(() => [])) ?? [];
  shown.forEach((one) => one.close());
}

export interface Alert {
  kind: Kind;
  title: string;
  body?: string;
  /** Where it belongs: one notice a place, the newest. */
  to: string | null;
}
export function alert(what: Alert): void {
  const prefs = me.value?.prefs ?? {};
  const ways = waysOf(prefs, what.kind);
  const seen = document.visibilityState === "visible" && document.hasFocus();
  if (ways.includes("screen") && what.kind !== "offer" && what.kind !== "message") tellAside(what.title);
  if (!leads || isQuiet(quietOf(prefs), minuteNow())) return;
  const here = seen && what.to !== null && router.currentRoute.value.path === what.to;
  if (ways.includes("sound") && !here) play(what.kind);
  if (ways.includes("browser") && !seen) void show(what.title, what.body ?? "", what.to);
}

/** So that one hears and sees what was switched on. */
export function tryOut(): void {
  unlockSound();
  setTimeout(() => play("message"), 50);
  void show(t("notify.sample"), t("app.name"), null);
}

// --- what is told --------------------------------------------------------------------------------------------------

/** Older news than that is what one missed, not what happens. */
const FRESH = 60_000_000;
const MANY = 3;
let newest = "";

/** Those of the newest notices that were not known yet; of the first look, none. */
export function freshOf(items: readonly NoticeShape[], known: string): NoticeShape[] {
  return known ? items.filter((one) => one.id > known && !one.read) : [];
}

export function sentence(one: NoticeShape): string {
  if (has(`told.${one.code}`)) return t(`told.${one.code}`);
  return has(`notices.code.${one.code}`) ? t(`notices.code.${one.code}`, { name: one.name || t("notices.gone") }) : t("notices.other");
}

function tellNotices(items: readonly NoticeShape[]): void {
  const fresh = freshOf(items, newest);
  newest = items[0] && items[0].id > newest ? items[0].id : newest || "0";
  if (fresh.length > MANY) return say(t("notices.unread", { n: fresh.length }));
  for (const one of fresh) alert({ kind: kindOf(one.code), title: sentence(one), to: placeOf(one) ?? "/notices" });
}

const offered = new Set<string>();
function tellOffer(offer: Offer): void {
  if (offer.state !== "open" || offered.has(offer.id) || offer.expires_at <= serverNow()) return;
  offered.add(offer.id);
  alert({ kind: "offer", title: t("offer.announce", { name: offer.contact.name }), to: `/offer/${offer.id}` });
}

const heard = new Map<string, number>();
function tellMessage(row: Row): void {
  const { last } = row;
  if (!last || last.author !== "client" || row.assignee?.id !== me.value?.id || (heard.get(row.id) ?? 0) >= last.at) return;
  heard.set(row.id, last.at);
  if (serverNow() - last.at < FRESH) alert({ kind: "message", title: row.contact.name, body: last.text, to: `/inbox/d/${row.id}` });
}

let started = false;
export function start(): void {
  if (started) return;
  started = true;
  stand();
  for (const event of ["pointerdown", "keydown"] as const) window.addEventListener(event, unlockSound, { once: true, capture: true });
  router.afterEach((to) => void closeShown(to.path));
  void import("./device").then((device) => device.renew()).catch(() => {});
  watch(latest, tellNotices, { immediate: true });
  onChange<Offer>("offer.upsert", tellOffer);
  onChange<Row>("conversation.upsert", tellMessage);
}
