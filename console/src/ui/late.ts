/** What comes late: a page or a part of one that is fetched when it is wanted, with its words, or before, when nothing else is to do. */
import { defineAsyncComponent, type Component } from "vue";
import { moreTexts } from "@/i18n";

type Load<T> = () => Promise<T>;

/** For the router. */
export function withWords<T>(load: Load<T>): Load<T> {
  return async () => (await Promise.all([load(), moreTexts()]))[0];
}

const waiting: Load<unknown>[] = [];
let idle = false;
const LONGEST = 15_000;

/** For a dialog or a panel that few look at. Asked for again until it is here: the line may be down. */
export function late<T extends Component>(load: Load<{ default: T }>): T {
  const loader = withWords(load);
  waiting.push(loader);
  if (idle) void fetchLate();
  return defineAsyncComponent({
    loader,
    onError: (_, again, __, times) => void setTimeout(again, Math.min(LONGEST, 500 * 2 ** times)),
  }) as unknown as T;
}

/** Brings what has not been wanted yet, one after another, so that it is here when the line is not. */
export async function fetchLate(): Promise<void> {
  idle = true;
  for (let next = waiting.shift(); next; next = waiting.shift()) await next().catch(() => {});
}
