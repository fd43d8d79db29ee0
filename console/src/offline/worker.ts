/**
 * The service worker: the console opens without a network, and a tab of the version before goes on working.
 *
 * It keeps the built files (their names tell their contents) and the first page; vite.config.ts writes their list in.
 * It answers nothing that the server says: what is shown is fresh, or the page says that there is no connection. A new
 * version takes over at once but forces nothing: an open tab keeps its own files until its person reloads it.
 */
import { answerOf, outdated } from "./rules";

interface Lasting {
  waitUntil(work: Promise<unknown>): void;
}
interface Fetching extends Lasting {
  request: Request;
  respondWith(answer: Promise<Response>): void;
}
interface Scope {
  addEventListener(type: "install" | "activate", handler: (event: Lasting) => void): void;
  addEventListener(type: "fetch", handler: (event: Fetching) => void): void;
  skipWaiting(): Promise<void>;
  clients: { claim(): Promise<void> };
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
