/** Lets the browser keep the console for when there is no network; only built pages, and only where the browser can. */
export function keepShell(): void {
  if (!import.meta.env.PROD || !("serviceWorker" in navigator)) return;
  navigator.serviceWorker.register("/sw.js").catch(() => {}); // the console works without it
}
