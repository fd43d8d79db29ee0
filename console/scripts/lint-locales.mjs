// Do both locales say the same things, in allowed words, and does every sentence live there?
import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { parse } from "vue/compiler-sfc";
import { firstPage } from "./first-page.mjs";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const SRC = join(ROOT, "src");
const LOCALES = join(SRC, "i18n/locales");
const problems = [];

const flatten = (tree, prefix = "", into = new Map()) => {
  for (const [key, value] of Object.entries(tree)) {
    if (typeof value === "string") into.set(prefix + key, value);
    else flatten(value, `${prefix}${key}.`, into);
  }
  return into;
};
const read = (name) => flatten(JSON.parse(readFileSync(join(LOCALES, `${name}.json`), "utf8")));
const whole = (name) => new Map([...read(name), ...read(`${name}.more`)]);
const locales = { ru: whole("ru"), en: whole("en") };
const first = { ru: read("ru"), en: read("en") };
for (const name of ["ru", "en"]) for (const key of read(`${name}.more`).keys()) if (first[name].has(key)) problems.push(`${name}: ${key} is said twice`);

// --- the same keys and the same values in them
const names = (text) => new Set([...text.matchAll(/\{(\w+)(?=[,}])/gu)].map((match) => match[1]));
for (const [key, text] of locales.ru) {
  const other = locales.en.get(key);
  if (other === undefined) problems.push(`en lacks ${key}`);
  else {
    const [a, b] = [names(text), names(other)];
    if ([...a].some((name) => !b.has(name)) || [...b].some((name) => !a.has(name))) problems.push(`${key}: ru and en use different values`);
  }
}
for (const key of locales.en.keys()) if (!locales.ru.has(key)) problems.push(`ru lacks ${key}`);

// --- every plural has the forms its language needs
const FORMS = { ru: ["one", "few", "many", "other"], en: ["one", "other"] };
for (const [locale, texts] of Object.entries(locales)) {
  for (const [key, text] of texts) {
    for (const match of text.matchAll(/\{(\w+), plural,([^]*)\}/gu)) {
      if (/=0\{/u.test(match[2]) && !/\bone\{/u.test(match[2])) continue;
      for (const form of FORMS[locale]) {
        if (!new RegExp(`\\b${form}\\{`, "u").test(match[2])) problems.push(`${locale} ${key}: no plural form "${form}"`);
      }
    }
  }
}

// --- one vocabulary (the words that must not be used)
const NEVER = [
  /бесед[аыуеой]/iu, /разговор/iu, /тикет/iu, /обращени[ея]/iu, /(^|[^а-яё])чат(а|у|ом|е|ы|ов)?([^а-яё]|$)/iu, /неотвеченн/iu, /разрешено/iu, /эскалир/iu, /назначить мне/iu, /агент/iu, /пользовател/iu, /отклонить/iu, /таймаут/iu,
  /(^|[^а-яё])этап/iu, /привязан/iu, /макрос/iu, /шаблон/iu, /инбокс/iu, /реавторизац/iu, /онлайн|офлайн/iu, /dead letter/iu, /субтитр/iu, /(^|\s)(ой|упс|алоха)([\s,!.]|$)/iu, /приватн/iu, /!/u,
];
for (const [key, text] of locales.ru) {
  for (const word of NEVER) if (word.test(text)) problems.push(`ru ${key}: forbidden word ${word} in "${text}"`);
  if (/^dialog\./u.test(key) && /закры(ть|т)/iu.test(text)) problems.push(`ru ${key}: a dialog is finished, not closed`);
}
for (const [key, text] of locales.en) if (/!|\boops\b|\bticket\b|\bagent\b/iu.test(text)) problems.push(`en ${key}: forbidden word in "${text}"`);

// --- no sentence outside the locale files
const files = (dir) => readdirSync(dir).flatMap((name) => {
  const path = join(dir, name);
  return statSync(path).isDirectory() ? files(path) : [path];
});
const SPOKEN = new Set(["aria-label", "title", "placeholder", "alt", "label", "aria-description"]);
const LETTERS = /\p{L}{2,}/u;
const used = new Set();
const wild = [];
const onFirst = { files: firstPage(SRC), used: new Set(), wild: [] };

function walk(node, file) {
  if (node.type === 2 && LETTERS.test(node.content)) problems.push(`${file}:${node.loc.start.line}: bare text "${node.content.trim().slice(0, 40)}"`);
  for (const prop of node.props ?? []) {
    if (prop.type === 6 && SPOKEN.has(prop.name) && LETTERS.test(prop.value?.content ?? "")) problems.push(`${file}:${prop.loc.start.line}: bare ${prop.name} "${prop.value.content}"`);
  }
  for (const child of node.children ?? []) walk(child, file);
}
for (const path of files(SRC)) {
  if (!/\.(vue|ts)$/u.test(path)) continue;
  const file = relative(ROOT, path);
  const code = readFileSync(path, "utf8");
  if (/[\u0400-\u04ff]/u.test(code.replace(/\/\*[^]*?\*\//gu, "").replace(/\/\/.*$/gmu, ""))) problems.push(`${file}: Cyrillic outside the locale files`);
  if (/\bas any\b|: any\b|<any>|v-html|innerHTML/u.test(code)) problems.push(`${file}: any, v-html or innerHTML`);
  if (path.endsWith(".vue")) {
    const ast = parse(code).descriptor.template?.ast;
    if (ast) walk(ast, file);
  }
  const said = [...code.matchAll(/\bt\(\s*["'`]([\w.${}[\]()]+?)["'`]/gu)].map((match) => match[1]);
  const named = [...code.matchAll(/["'`]([a-z_0-9]+\.[\w.]+)["'`]/gu)].map((match) => match[1]).filter((key) => locales.ru.has(key));
  const built = [...code.matchAll(/`((?:[\w.]|\$\{[^}]*\})+)`/gu)].map((match) => match[1]).filter((key) => /^[a-z_0-9]+\.[\w.]*\$\{/u.test(key));
  for (const key of said) (key.includes("$") ? wild.push(key) : used.add(key));
  for (const key of named) used.add(key);
  if (!onFirst.files.has(path) || path.endsWith("router.ts")) continue; // a page brings the words of its name
  for (const key of [...said, ...built]) (key.includes("$") ? onFirst.wild.push(key) : onFirst.used.add(key));
  for (const key of named) onFirst.used.add(key);
}
for (const key of used) if (!locales.ru.has(key) && !key.includes("(")) problems.push(`no text for ${key}`);

// --- no text that nobody says (keys built from codes are whole groups)
const GROUPS = ["error", "reason", "rule", "verdict", "system", "place", "nature", "kind", "identity", "origin", "role", "role_about", "wait", "stage", "url_problem", "demo.doing", "demo.fault", "why.kind", "fact"];
const asPattern = (key) => new RegExp(`^${key.replace(/[.]/gu, "\\.").replace(/\$\{[^}]*\}/gu, "[\\w.]+")}$`, "u");
const patterns = wild.map(asPattern);
for (const key of locales.ru.keys()) {
  const known = used.has(key) || GROUPS.some((group) => key.startsWith(`${group}.`)) || patterns.some((pattern) => pattern.test(key));
  if (!known) problems.push(`nobody says ${key}`);
}

// --- the first page has its words at once, and no others
const GROUPS_ON_FIRST = ["error", "reason", "place", "stage", "rule.attach"];
const onFirstPatterns = onFirst.wild.filter((key) => !key.startsWith("$")).map(asPattern);
const belongs = (key) => onFirst.used.has(key) || GROUPS_ON_FIRST.some((group) => key.startsWith(`${group}.`)) || onFirstPatterns.some((pattern) => pattern.test(key));
const misplaced = [...locales.ru.keys()].filter((key) => belongs(key) !== first.ru.has(key) || first.ru.has(key) !== first.en.has(key));
const WIDTH = 150;
/** A tree as a person would write it: what fits on a line stands on one. */
function written(tree, indent = "") {
  const pairs = Object.entries(tree).map(([name, value]) => `${JSON.stringify(name)}: ${typeof value === "string" ? JSON.stringify(value) : written(value, `${indent}  `)}`);
  const line = `{ ${pairs.join(", ")} }`;
  if (indent && line.length + indent.length <= WIDTH && !line.includes("\n")) return line;
  const lines = [];
  for (const pair of pairs) {
    const last = lines.at(-1);
    if (indent && last !== undefined && !`${last}${pair}`.includes("\n") && last.length + pair.length + indent.length < WIDTH) lines[lines.length - 1] = `${last} ${pair},`;
    else lines.push(`${pair},`);
  }
  return `{\n${lines.map((one) => `${indent}  ${one}`).join("\n").slice(0, -1)}\n${indent}}`;
}
if (process.argv.includes("--sort")) {
  const grow = (tree, [name, ...rest], text) => (rest.length ? grow((tree[name] ??= {}), rest, text) : (tree[name] = text));
  for (const name of ["ru", "en"]) {
    const trees = { "": {}, ".more": {} };
    for (const [key, text] of locales[name]) grow(trees[belongs(key) ? "" : ".more"], key.split("."), text);
    for (const [end, tree] of Object.entries(trees)) writeFileSync(join(LOCALES, `${name}${end}.json`), `${written(tree)}\n`);
  }
} else {
  for (const key of misplaced) problems.push(`${key} belongs in ${belongs(key) ? "ru.json, en.json: the inbox says it" : "ru.more.json, en.more.json: the inbox does not say it"} (npm run words)`);
}

for (const problem of problems) console.error(problem);
console.log(problems.length ? `${problems.length} problems` : `${locales.ru.size} texts in two languages: in order`);
process.exit(problems.length ? 1 : 0);
