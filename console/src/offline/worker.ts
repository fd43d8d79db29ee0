/**
 * The service worker: the console opens without a network, and a tab of the version before goes on working.
 *
 * It keeps the built files (their names tell their contents) and the first page; vite.config.ts writes their list in.
 * It answers nothing that the server says: what is shown is fresh, or the page says that there is no connection. A new
 * version takes over at once but forces nothing: an open tab keeps its own files until its person reloads it.
 *
 * It also shows what the gateway says to this browser while no page is looked at, and leads there when that is pressed.
 */
import { answerOf, outdated } from "./rules";
import { buttonsOf, ours, readSaid } from "./said";

interface Lasting {
  waitUntil(work: Promise<unknown>): void;
}
interface Fetching extends Lasting {
  request: Request;
  respondWith(answer: Promise<Response>): void;
}
interface Pushed extends Lasting {
  data: { text(): string } | null;
}
interface Pressed extends Lasting {
  action: string;
  notification: Notification;
}
interface Renewed extends Lasting {
  oldSubscription: PushSubscription | null;
  newSubscription: PushSubscription | null;
}
interface Page {
  url: string;
  focused: boolean;
  focus(): Promise<Page>;
  postMessage(message: unknown): void;
}
interface Scope {
  addEventListener(type: "install" | "activate", handler: (event: Lasting) => void): void;
  addEventListener(type: "fetch", handler: (event: Fetching) => void): void;
  addEventListener(type: "push", handler: (event: Pushed) => void): void;
  addEventListener(type: "notificationclick", handler: (event: Pressed) => void): void;
  addEventListener(type: "pushsubscriptionchange", handler: (event: Renewed) => void): void;
  skipWaiting(): Promise<void>;
  clients: { claim(): Promise<void>; matchAll(which: { type: "window"; includeUncontrolled: boolean }): Promise<Page[]>; openWindow(url: string): Promise<unknown> };
  registration: ServiceWorkerRegistration;
  location: Location;
}
declare const __SHELL__: { version: string; files: string[] };

const scope = self as unknown as Scope;
const PREFIX = "shell-";
const shell = __SHELL__;
const NAME = PREFIX + shell.version;
const FIRST_PAGE = "/";
/** A line that carries nothing is as bad as none. */
const PATIENCE_MS = 6000;

async function keep(): Promise<void> {
  const cache = await caches.open(NAME);
  await cache.addAll([new Request(FIRST_PAGE, { cache: "reload" }), ...shell.files]);
  await scope.skipWaiting();
}

async function tidy(): Promise<void> {
  await Promise.all(outdated(await caches.keys(), PREFIX, NAME).map((name) => caches.delete(name)));
  await scope.clients.claim();
}

async function asset(request: Request): Promise<Response> {
  return (await caches.match(request)) ?? fetch(request);
}

async function page(request: Request): Promise<Response> {
  const answer = await Promise.race([fetch(request).catch(() => null), late()]);
  if (answer && answer.status < 500) return answer;
  const kept = await (await caches.open(NAME)).match(FIRST_PAGE);
  return kept ?? answer ?? Response.error();
}

const late = (): Promise<null> => new Promise((done) => setTimeout(() => done(null), PATIENCE_MS));

scope.addEventListener("install", (event) => event.waitUntil(keep()));
scope.addEventListener("activate", (event) => event.waitUntil(tidy()));
scope.addEventListener("fetch", (event) => {
  const answer = answerOf(event.request, scope.location.origin);
  if (answer === "page") event.respondWith(page(event.request));
  if (answer === "asset") event.respondWith(asset(event.request));
});

// --- what is said while no page is looked at ------------------------------------------------------------------------

const pages = (): Promise<Page[]> => scope.clients.matchAll({ type: "window", includeUncontrolled: true });

/** A page that is looked at says it itself; otherwise something has to be shown, whatever came. */
async function show(text: string): Promise<void> {
  const said = readSaid(text);
  if (said?.tag !== HELLO && (await pages()).some((page) => page.focused)) return;
  if (!said) return scope.registration.showNotification(scope.location.host, { tag: "other", icon: ICON, data: { url: "/notices" } });
  const options = { body: said.body, tag: said.url === "/" ? said.tag : said.url, icon: ICON, silent: said.quiet, renotify: !said.quiet, actions: buttonsOf(said), data: { url: said.url, offer: said.offer } };
  return scope.registration.showNotification(said.title, options);
}
const ICON = "/icons/icon-192.png";
/** Shown for a look, to whoever is looking. */
const HELLO = "hello";

async function lead(path: string): Promise<void> {
  const open = await pages();
  const page = open.find((one) => new URL(one.url).pathname === path) ?? open[0];
  if (!page) return void (await scope.clients.openWindow(path));
  await page.focus().catch(() => page);
  page.postMessage({ go: path });
}

/** The page it leads to says what came of it. */
async function press(event: Pressed): Promise<void> {
  const { url, offer } = (event.notification.data ?? {}) as { url?: unknown; offer?: unknown };
  event.notification.close();
  if (event.action === "take" && typeof offer === "string" && offer) await post(`/offers/${offer}/accept`, undefined);
  await lead(ours(url));
}
async function post(path: string, body: unknown): Promise<void> {
  const headers = { "X-Inbox": "1", ...(body === undefined ? {} : { "Content-Type": "application/json" }) };
  await fetch(`/api/v1${path}`, { method: "POST", credentials: "same-origin", headers, body: body === undefined ? undefined : JSON.stringify(body) }).catch(() => {});
}

/** The push service gave this browser another address. */
async function renew(event: Renewed): Promise<void> {
  const key = event.oldSubscription?.options.applicationServerKey;
  const fresh = event.newSubscription ?? (key ? await scope.registration.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: key }) : null);
  const { endpoint, keys } = fresh?.toJSON() ?? {};
  if (endpoint) await post("/me/devices", { endpoint, ...keys });
}

scope.addEventListener("push", (event) => event.waitUntil(show(event.data?.text() ?? "")));
scope.addEventListener("notificationclick", (event) => event.waitUntil(press(event)));
scope.addEventListener("pushsubscriptionchange", (event) => event.waitUntil(renew(event)));
