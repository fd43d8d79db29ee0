/** What comes late: a page or a part of one that is fetched when it is wanted, with its words. */
import { defineAsyncComponent, type Component } from "vue";
import { moreTexts } from "@/i18n";

type Load<T> = () => Promise<T>;

/** For the router. */
export function withWords<T>(load: Load<T>): Load<T> {
  return async () => (await Promise.all([load(), moreTexts()]))[0];
}

/** For a dialog or a panel that few look at. */
export function late<T extends Component>(load: Load<{ default: T }>): T {
  return defineAsyncComponent(withWords(load)) as unknown as T;
}
