// How much JavaScript does a route need before it can be used? The inbox may take 150 KB compressed.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

const DIST = fileURLToPath(new URL("../dist", import.meta.url));
const LIMIT = 150_000;
const manifest = JSON.parse(readFileSync(join(DIST, ".vite/manifest.json"), "utf8"));

function reach(key, seen = new Set()) {
  if (seen.has(key)) return seen;
  seen.add(key);
  for (const next of manifest[key]?.imports ?? []) reach(next, seen);
  return seen;
}
const entries = [...reach("index.html"), ...reach("src/i18n/locales/ru.json")];
const files = new Set(entries.map((key) => manifest[key].file).filter((file) => file.endsWith(".js")));
let total = 0;
for (const file of files) {
  const size = gzipSync(readFileSync(join(DIST, file))).length;
  total += size;
  console.log(`${String(Math.round(size / 1000)).padStart(5)} KB  ${file}`);
}
console.log(`${String(Math.round(total / 1000)).padStart(5)} KB  the inbox with its language, of ${LIMIT / 1000}`);
process.exit(total > LIMIT ? 1 : 0);
