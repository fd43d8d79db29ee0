// Which files does the inbox need before it can be used? All that main.ts reaches without an import that waits.
import { existsSync, readFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path";

const STATIC = /(?:^|\n)\s*(?:import|export)\s(?!type\b)(?:[^;"]*?from\s+)?"([^"]+)"/gu;
const ENDINGS = ["", ".ts", ".vue", "/index.ts"];

function find(src, from, spec) {
  if (!/^(@\/|\.)/u.test(spec)) return null;
  const path = spec.startsWith("@/") ? join(src, spec.slice(2)) : join(dirname(from), spec);
  return ENDINGS.map((ending) => path + ending).find((one) => existsSync(one) && statSync(one).isFile()) ?? null;
}

/** The files, each by its path. */
export function firstPage(src, path = join(src, "main.ts"), seen = new Set()) {
  if (seen.has(path) || !/\.(ts|vue)$/u.test(path)) return seen;
  seen.add(path);
  for (const [, spec] of readFileSync(path, "utf8").matchAll(STATIC)) {
    const next = find(src, path, spec);
    if (next) firstPage(src, next, seen);
  }
  return seen;
}
