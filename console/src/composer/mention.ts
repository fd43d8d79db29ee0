/** Which colleagues does a note mention, and who is meant by what is typed behind the «@»? */
import type { Member } from "@/api/types";
import { fold } from "@/canned/fill";
import { otherLayout } from "@/keys/layout";

type Named = Pick<Member, "id" | "name">;

/** Whose name, or a part of it, begins so; typed in either layout. */
export function meant<M extends Named>(people: readonly M[], words: string): M[] {
  const asked = [fold(words), fold(otherLayout(words))];
  const fits = (one: M): boolean => {
    const name = fold(one.name);
    return asked.some((word) => name.startsWith(word) || name.split(" ").some((part) => part.startsWith(word)));
  };
  return people.filter(fits).sort((a, b) => a.name.localeCompare(b.name));
}

/** Of two whose names begin alike the one whose whole name stands there. */
export function mentionedIn(text: string, people: readonly Named[]): string[] {
  const longest = people.filter((one) => one.name).sort((a, b) => b.name.length - a.name.length);
  const found = new Set<string>();
  for (let at = text.indexOf("@"); at >= 0; at = text.indexOf("@", at + 1)) {
    const rest = text.slice(at + 1);
    const one = longest.find((each) => rest.startsWith(each.name) && !/^[\p{L}\p{N}]/u.test(rest.slice(each.name.length)));
    if (one) found.add(one.id);
  }
  return [...found];
}
