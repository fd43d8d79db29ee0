/** Which letter is on the same physical key in the other layout? */
import keyboard from "./layout.json";

const pairs = new Map<string, string>();
[...keyboard.latin].forEach((latin, at) => {
  const cyrillic = keyboard.cyrillic[at] as string;
  pairs.set(latin, cyrillic);
  pairs.set(cyrillic, latin);
});
const legends = new Map(Object.entries(keyboard.legends));

/** What was meant if the layout was wrong: "pfdt" is "заве". */
export function otherLayout(text: string): string {
  return [...text.toLowerCase()].map((char) => pairs.get(char) ?? char).join("");
}

/** A key with both legends: "J / О". */
export function legend(code: string): string {
  const latin = code.replace(/^Key|^Digit/u, "");
  const named: Record<string, string> = { Slash: "/", BracketLeft: "[", BracketRight: "]", Escape: "Esc" };
  const cyrillic = legends.get(code);
  return cyrillic ? `${latin} / ${cyrillic}` : (named[code] ?? latin);
}
