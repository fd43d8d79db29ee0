/**
 * How does a message with plurals become a sentence?
 *
 * A small part of ICU MessageFormat: `{name}`, `{n, plural, =0{…} one{# …} few{…} many{…} other{…}}` and
 * `{x, select, a{…} other{…}}`. Compiled to closures, so the content policy needs no eval.
 */

export type Values = Record<string, string | number | boolean | null | undefined>;
type Part = (values: Values, hash: string) => string;

/** Turns a pattern into a function; throws on unbalanced braces. */
export function compile(pattern: string, locale: string): (values?: Values) => string {
  const reader = new Reader(pattern, locale);
  const parts = reader.parts();
  if (!reader.done()) throw new Error(`unbalanced braces: ${pattern}`);
  return (values = {}) => join(parts, values, "");
}

function join(parts: Part[], values: Values, hash: string): string {
  return parts.map((part) => part(values, hash)).join("");
}

function show(value: Values[string], locale: string): string {
  if (value === null || value === undefined) return "";
  return typeof value === "number" ? new Intl.NumberFormat(locale).format(value) : String(value);
}

class Reader {
  private at = 0;

  constructor(
    private readonly text: string,
    private readonly locale: string,
  ) {}

  done(): boolean {
    return this.at >= this.text.length;
  }

  parts(): Part[] {
    const parts: Part[] = [];
    let literal = "";
    const flush = (): void => {
      if (!literal) return;
      const fixed = literal;
      parts.push((_, hash) => fixed.replaceAll("#", hash || "#"));
      literal = "";
    };
    while (!this.done() && this.text[this.at] !== "}") {
      if (this.text[this.at] === "{") {
        flush();
        parts.push(this.argument());
      } else {
        literal += this.text[this.at++];
      }
    }
    flush();
    return parts;
  }

  private argument(): Part {
    this.at++;
    const name = this.until(",}").trim();
    if (this.take("}")) return (values) => show(values[name], this.locale);
    this.at++;
    const kind = this.until(",").trim();
    this.at++;
    const branches = this.branches();
    return kind === "plural" ? this.plural(name, branches) : this.select(name, branches);
  }

  private plural(name: string, branches: Map<string, Part[]>): Part {
    const rules = new Intl.PluralRules(this.locale);
    return (values) => {
      const n = Number(values[name] ?? 0);
      const parts = branches.get(`=${n}`) ?? branches.get(rules.select(n)) ?? branches.get("other") ?? [];
      return join(parts, values, show(n, this.locale));
    };
  }

  private select(name: string, branches: Map<string, Part[]>): Part {
    return (values, hash) => join(branches.get(String(values[name])) ?? branches.get("other") ?? [], values, hash);
  }

  private branches(): Map<string, Part[]> {
    const found = new Map<string, Part[]>();
    while (!this.done()) {
      this.until("{}");
      if (this.take("}")) return found;
      const label = this.lastLabel;
      this.at++;
      found.set(label, this.parts());
      this.expect("}");
    }
    throw new Error(`unbalanced braces: ${this.text}`);
  }

  private lastLabel = "";

  private until(stops: string): string {
    const from = this.at;
    while (!this.done() && !stops.includes(this.text[this.at] as string)) this.at++;
    const found = this.text.slice(from, this.at);
    this.lastLabel = found.trim();
    return found;
  }

  private take(char: string): boolean {
    if (this.text[this.at] !== char) return false;
    this.at++;
    return true;
  }

  private expect(char: string): void {
    if (!this.take(char)) throw new Error(`unbalanced braces: ${this.text}`);
  }
}
