/** Lets the browser keep the console for when there is no network, and show what is said meanwhile; only built pages, and only where the browser can. */
import { router } from "@/router";

export function keepShell(): void {
  if (!import.meta.env.PROD || !("serviceWorker" in navigator)) return;
  navigator.serviceWorker.register("/sw.js").catch(() => {}); // the console works without it
  navigator.serviceWorker.addEventListener("message", (event: MessageEvent<{ go?: unknown } | null>) => {
    const to = event.data?.go;
    if (typeof to === "string" && to.startsWith("/")) void router.push(to);
  });
}
