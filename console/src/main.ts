/** What starts when the page opens? Theme, clock, keys, language, session; then the page, and then the rest of the code it may need. */
import "./styles/tokens.css";
import "./styles/base.css";
import { createApp } from "vue";
import App from "./App.vue";
import { guessLocale, moreTexts } from "./i18n";
import { listenForKeys } from "./keys/commands";
import { keepShell } from "./offline/register";
import { rememberHearing } from "./offline/seen";
import { router } from "./router";
import { watchForHiding } from "./state/drafts";
import { showTheme, speak } from "./state/session";
import { startClock } from "./time/clock";
import { fetchLate } from "./ui/late";
import { fetchOverlays } from "./ui/overlays";

async function begin(): Promise<void> {
  showTheme();
  startClock();
  listenForKeys();
  watchForHiding();
  rememberHearing();
  await speak(guessLocale());
  createApp(App).use(router).mount("#app");
  void router.isReady().then(() => whenIdle(fetchTheRest));
}

/** What is nearly always wanted next, so that the first menu and the second page open at once. */
function fetchTheRest(): void {
  fetchOverlays();
  keepShell();
  moreTexts().catch(() => {}); // asked for again where it is needed
  void fetchLate();
}

function whenIdle(work: () => void): void {
  if ("requestIdleCallback" in window) window.requestIdleCallback(work, { timeout: 2000 });
  else setTimeout(work, 500);
}

void begin();
