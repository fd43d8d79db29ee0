/** Is this browser told things though no page is open, and what stands in the way? */
import { computed, ref, shallowRef } from "vue";
import { devices as api } from "@/api/calls";
import { asApiError, ApiError } from "@/api/http";
import type { Devices } from "@/api/types";
import { bytesOf, told, wordsOf } from "@/offline/keys";
import { permission } from "./alerts";
import { me } from "./session";

/**
 * `insecure`: pages without https have no notices; `home`: the system gives them only to what stands on its home screen;
 * `missing`: this browser has none; `denied`: its person forbade them.
 */
export type Standing = "insecure" | "home" | "missing" | "denied" | "off" | "on";

const FOR = "device_of";
const ASKED = "device_asked";
const PATIENCE_MS = 10_000;

export const known = shallowRef<Devices | null>(null);
export const busy = ref(false);
const subscribed = ref(false);

const installed = (): boolean => matchMedia("(display-mode: standalone)").matches || ("standalone" in navigator && navigator.standalone === true);
const apple = (): boolean => /iPhone|iPad|iPod/u.test(navigator.userAgent) || (navigator.platform === "MacIntel" && navigator.maxTouchPoints > 1);

export const here = computed(() => known.value?.items.find((one) => one.here && one.state !== "over") ?? null);
export const standing = computed<Standing>(() => {
  if (!window.isSecureContext) return "insecure";
  if (!("serviceWorker" in navigator) || !("PushManager" in window) || permission.value === "missing") return apple() && !installed() ? "home" : "missing";
  if (permission.value === "denied") return "denied";
  return here.value && subscribed.value && permission.value === "granted" ? "on" : "off";
});

async function registration(): Promise<ServiceWorkerRegistration | null> {
  if (!("serviceWorker" in navigator)) return null;
  const late = new Promise<null>((done) => setTimeout(() => done(null), PATIENCE_MS));
  return Promise.race([navigator.serviceWorker.ready, late]);
}
async function subscription(): Promise<PushSubscription | null> {
  const found = "serviceWorker" in navigator ? await navigator.serviceWorker.getRegistration() : undefined;
  return (await found?.pushManager?.getSubscription().catch(() => null)) ?? null;
}

export async function look(): Promise<void> {
  known.value = await api.all();
  if (permission.value !== "missing") permission.value = Notification.permission; // it may have been changed in the browser's settings
  subscribed.value = (await subscription()) !== null;
}

/** Asks the browser, then its push service, then tells the gateway. Throws what a person can do something about. */
export async function switchOn(): Promise<void> {
  busy.value = true;
  try {
    permission.value = await Notification.requestPermission();
    if (permission.value !== "granted") return;
    await subscribe(await registration());
    localStorage.setItem(FOR, me.value?.id ?? "");
  } finally {
    busy.value = false;
  }
}
async function subscribe(at: ServiceWorkerRegistration | null): Promise<void> {
  if (!at) throw new ApiError(0, "push_failed", "no service worker");
  const { key } = await api.all();
  let mine = await at.pushManager.getSubscription();
  if (mine && wordsOf(mine.options.applicationServerKey) !== key) {
    await mine.unsubscribe();
    mine = null;
  }
  mine ??= await at.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: bytesOf(key) }).catch((error: unknown) => {
    throw new ApiError(0, "push_failed", String(error));
  });
  known.value = await api.add(told(mine));
  subscribed.value = true;
}

export async function switchOff(): Promise<void> {
  busy.value = true;
  try {
    localStorage.removeItem(FOR);
    await renewing; // or it would bring back what is taken away here
    if (here.value) await forget(here.value.id);
    await (await subscription())?.unsubscribe();
    await look();
  } finally {
    busy.value = false;
  }
}

/** Another device, or this one. */
export async function forget(id: string): Promise<void> {
  try {
    await api.remove(id);
  } catch (error) {
    if (asApiError(error).status !== 404) throw error;
  }
}

let renewing: Promise<void> = Promise.resolve();
/** Whoever switched it on here and signs in again need not do it again; the browser may have another address by now. */
export function renew(): Promise<void> {
  renewing = again().catch(() => {}); // said where it is switched on
  return renewing;
}
async function again(): Promise<void> {
  if (localStorage.getItem(FOR) !== me.value?.id || permission.value !== "granted" || !(await subscription())) return;
  await subscribe(await registration());
}

export const asked = ref(localStorage.getItem(ASKED) !== null);
export function askNoMore(): void {
  localStorage.setItem(ASKED, "1");
  asked.value = true;
}
