/** What starts when the page opens? Theme, clock, keys, language, session; then the page. */
import "./styles/tokens.css";
import "./styles/base.css";
import { createApp } from "vue";
import App from "./App.vue";
import { guessLocale } from "./i18n";
import { listenForKeys } from "./keys/commands";
import { router } from "./router";
import { watchForHiding } from "./state/drafts";
import { showTheme, speak } from "./state/session";
import { startClock } from "./time/clock";

async function begin(): Promise<void> {
  showTheme();
  startClock();
  listenForKeys();
  watchForHiding();
  await speak(guessLocale());
  createApp(App).use(router).mount("#app");
}

void begin();
