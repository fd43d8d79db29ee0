/** What does the service worker answer itself? The shell and what it is made of; never a word of the server's. */

/** `page`: the shell, when the server cannot be had; `asset`: from what was kept; `none`: the browser asks the server itself. */
export type Answer = "page" | "asset" | "none";

const SERVERS = ["/api/", "/hooks/", "/f/", "/healthz", "/readyz", "/metrics"];

export function answerOf(request: { method: string; mode: string; url: string }, origin: string): Answer {
  const url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== origin || SERVERS.some((one) => url.pathname.startsWith(one))) return "none";
  if (request.mode === "navigate") return "page";
  return url.pathname.startsWith("/assets/") ? "asset" : "none";
}

/** Which kept shells go: all but the newest two. A tab that was opened before the last update goes on with its own files. */
export function outdated(names: readonly string[], prefix: string, own: string): string[] {
  const shells = names.filter((name) => name.startsWith(prefix));
  const before = shells.filter((name) => name !== own).at(-1);
  return shells.filter((name) => name !== own && name !== before);
}
