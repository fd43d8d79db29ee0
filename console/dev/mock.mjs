// A stand-in for the gateway while the console is made: the same paths, made-up data, live events. Never shipped.
import { createReadStream, existsSync, statSync } from "node:fs";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { WebSocketServer } from "ws";
import * as data from "./mock-data.mjs";

const PORT = Number(process.env.PORT ?? 8099);
const DIST = fileURLToPath(new URL("../dist", import.meta.url));
const FRESH = process.env.FRESH === "1";
const state = { signedIn: !FRESH && process.env.SIGNED_OUT !== "1", needsSetup: FRESH, fails: 0, offer: process.env.OFFER === "0" ? [] : [data.offer], claimed: null, tests: new Map() };
const sockets = new Set();
const CSP = "default-src 'self'; style-src 'self'; style-src-attr 'unsafe-inline'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'";
const TYPES = { ".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml", ".woff2": "font/woff2", ".json": "application/json" };
const PERMISSIONS = ["conversation.read", "conversation.reply", "conversation.assign", "contact.read", "contact.edit", "deal.read", "deal.edit", "deal.attach", "lead.accept", "lead.assign", "source.read", "source.edit", "source.replay", "member.read", "member.edit", "queue.edit", "company.edit", "window.override", "demo.run"].map((one) => `${one}:all`);

const me = () => ({ id: data.me.id, name: data.me.name, email: data.me.email, roles: data.me.roles, permissions: PERMISSIONS, presence: data.me.presence, prefs: data.prefs, server_time: data.now(), version: "0.1.0", demo: !FRESH, needs_setup: state.needsSetup });
const refuse = (status, code, params = {}) => Object.assign(new Error(code), { status, code, params });
const rowList = () => [...data.rows.values()];

function say(type, id, patch) {
  const seq = data.nextSeq();
  if (patch && type === "conversation.upsert") patch.seq = seq;
  for (const socket of sockets) socket.send(JSON.stringify({ seq, type, id, patch }));
}
const counters = () => {
  const all = rowList().filter((row) => row.nature !== "spam");
  return { unanswered: all.filter((row) => row.unanswered).length, mine: all.filter((row) => row.assignee?.id === data.me.id && row.state !== "closed").length, all: all.filter((row) => row.state !== "closed").length, snoozed: all.filter((row) => row.state === "snoozed").length, offers: state.offer.length, sources_broken: 1, set_aside: data.envelopes.length };
};
function saveRow(row) {
  say("conversation.upsert", row.id, row);
  say("counters", "", counters());
}
function belongs(view, row) {
  if (view === "spam") return row.nature === "spam";
  if (row.nature === "spam") return false;
  return { unanswered: row.unanswered, mine: row.assignee?.id === data.me.id && row.state !== "closed", nobody: !row.assignee && row.state !== "closed", snoozed: row.state === "snoozed", closed: row.state === "closed", all: row.state !== "closed" && row.state !== "snoozed" }[view];
}
function sorted(list, order) {
  const far = 9e15;
  const group = (row) => (!row.unanswered ? 3 : row.window.state === "closed" ? 2 : row.window.closes_at && row.window.closes_at - data.now() < 30 * data.MIN ? 0 : 1);
  const urgent = (a, b) => group(a) - group(b) || (group(a) < 2 ? (a.deadline_at ?? far) - (b.deadline_at ?? far) : (b.last?.at ?? 0) - (a.last?.at ?? 0));
  const rules = { urgent, newest: (a, b) => (b.last?.at ?? 0) - (a.last?.at ?? 0), longest: (a, b) => (a.waiting_since ?? far) - (b.waiting_since ?? far) };
  return [...list].sort(rules[order] ?? urgent);
}
function fallbacks(row) {
  const others = rowList().filter((other) => other.contact.id === row.contact.id && other.id !== row.id && other.source.channel !== "telephony");
  const contact = data.contacts.get(row.contact.id);
  const phone = contact.identities.find((one) => one.kind === "phone");
  return [
    ...others.map((other) => ({ kind: "channel", source: other.source, conversation_id: other.id, identity_id: null, address: contact.identities.find((one) => one.kind === other.source.channel)?.value ?? "", window: other.window })),
    ...(phone ? [{ kind: "call", source: null, conversation_id: null, identity_id: phone.id, address: phone.value, window: null }] : []),
    { kind: "wait", source: null, conversation_id: null, identity_id: null, address: "", window: null },
  ];
}
const conversation = (row) => ({ row, contact: data.contacts.get(row.contact.id), limits: data.limitsOf(row.source.channel), fallbacks: fallbacks(row), viewers: row.id === data.mariaTg.id ? [{ member: { id: "anna", name: "Анна Соколова" }, typing: false }] : [], read_up_to: data.readUpTo.get(row.id) ?? null, subject: "" });

function send(row, body, kind = "text") {
  const note = kind === "note";
  const one = data.item(row, note ? "none" : "out", body.text, 0, { id: body.id, kind, state: note ? "" : "held", not_before: note ? null : data.now() + 5e6, may: note ? [] : ["undo"], author: "person", author_name: data.me.name, mine: true, has_raw: false, attachments: [] });
  data.drafts.delete(`${row.id}:${note ? "note" : "reply"}`);
  row.draft = "";
  if (!note) {
    Object.assign(row, { unanswered: false, waiting_since: null, deadline_at: null, reason: "rest", state: "waiting" });
    for (const [wait, next] of [[5000, "queued"], [5300, "sent"], [6500, "delivered"]]) {
      setTimeout(() => {
        if (!data.items.has(one.id)) return;
        Object.assign(one, { state: next, not_before: null, may: [] });
        say("message.upsert", one.id, one);
      }, wait);
    }
    setTimeout(() => data.items.has(one.id) && clientWrites(row, "Спасибо! А сборка входит?"), 9000);
  }
  say("message.upsert", one.id, one);
  saveRow(row);
  return { items: [one], not_before: one.not_before ?? data.now() };
}
function clientWrites(row, text) {
  const one = data.item(row, "in", text, 0);
  Object.assign(row, { unanswered: true, state: "open", waiting_since: data.now(), deadline_at: data.now() + 15 * data.MIN, reason: "target", unread: row.unread + 1 });
  if (row.window.state !== "none") row.window = { ...row.window, state: "open", closes_at: data.now() + data.D, closed_at: null, last_client_at: data.now() };
  say("message.upsert", one.id, one);
  saveRow(row);
  return one;
}
function change(row, fields) {
  const before = { state: row.state, unanswered: row.unanswered, nature: row.nature, assignee: row.assignee, snoozed_until: row.snoozed_until };
  Object.assign(row, fields);
  saveRow(row);
  undos.set(row.id, before);
  return { row, undo: { method: "POST", path: `/api/v1/mock-undo/${row.id}`, body: {} } };
}
const undos = new Map();
const demo = () => ({ active: !FRESH, clock_offset: data.shift.by, clients: [...data.contacts.values()].slice(0, 12).map((one) => ({ id: one.id, name: one.name })),
  phones: rowList().slice(0, 9).map((row) => ({ source: row.source, client: row.contact.id, name: row.contact.name, doings: row.source.channel === "telephony" ? ["call_missed", "call_answered"] : row.source.channel === "webform" ? ["form", "broken"] : ["text", "photo", "voice", "sticker", "block", "broken"], faults: row.source.channel === "telephony" ? [] : ["slow_down", "blocked", "hang", "bad_key"],
    seen: [...data.items.values()].filter((one) => one.conversation_id === row.id && one.kind !== "note" && one.kind !== "system").sort((a, b) => a.at - b.at).map((one) => ({ from_client: one.direction === "in", text: one.text || one.kind, at: one.at, files: one.attachments.map((file) => file.name) })) })) });
function startTest(id) {
  const source = data.sources.find((one) => one.id === id);
  const session = { code: "test_8f2", link: source.channel === "telegram" ? "https://t.me/firma_bot?start=test_8f2" : "", started_at: data.now(), steps: [{ code: "key_ok", ok: true, detail: "«Мебель Москва»", params: {} }, { code: "receiving", ok: true, detail: "", params: {} }, { code: "first_message", ok: false, detail: "", params: {} }], message_at: null, conversation_id: null, would_get: null };
  state.tests.set(id, session);
  setTimeout(() => {
    if (process.env.TEST_HANGS === "1" || !state.tests.has(id)) return;
    Object.assign(session, { steps: session.steps.map((step) => ({ ...step, ok: true })), message_at: data.now(), conversation_id: data.igorVk.id, would_get: data.decisions.route() });
    source.verified = true;
    say("source.test", id, session);
    say("source.upsert", id, source);
  }, Number(process.env.TEST_AFTER ?? 6000));
  return session;
}
const raw = { id: 8812, method: "POST", path: "/hooks/0195…/•••", query: {}, headers: { "content-type": "application/json", "x-telegram-bot-api-secret-token": "•••" }, body: JSON.stringify({ update_id: 1, message: { message_id: 42, text: "А доставка до Подольска есть?", from: { id: 5511, first_name: "Мария" } } }), encoding: "utf-8", truncated: false };
const row = (id) => data.rows.get(id) ?? (() => { throw refuse(404, "not_found"); })();

const routes = [
  ["GET", "/start", () => ({ first_run: FRESH, demo: !FRESH, version: "0.1.0", company: data.company.name })],
  ["GET", "/session", () => { if (!state.signedIn) throw refuse(401, "signed_out"); return me(); }],
  ["POST", "/session", (_, body) => { if (body.password !== "correct horse") { state.fails++; throw state.fails > 4 ? refuse(429, "too_many", { retry_after: 60 }) : refuse(401, "signed_out"); } state.signedIn = true; return me(); }],
  ["DELETE", "/session", () => { state.signedIn = false; return null; }],
  ["POST", "/session/again", (_, body) => { if (body.password !== "correct horse") throw refuse(401, "signed_out"); state.signedIn = true; return me(); }],
  ["POST", "/enter", (_, body) => { if (body.token !== "good") throw refuse(404, "not_found"); state.signedIn = true; return me(); }],
  ["PUT", "/setup", (_, body) => { state.needsSetup = false; data.me.name = body.name; return me(); }],
  ["PATCH", "/me", (_, body) => { Object.assign(data.prefs, body.prefs ?? {}); if (body.name) data.me.name = body.name; if (body.password && body.password.old !== "correct horse") throw refuse(403, "forbidden"); return me(); }],
  ["POST", "/me/presence", (_, body) => { data.me.presence = { state: body.state, until: body.minutes ? data.now() + body.minutes * data.MIN : null, automatic: false }; return me(); }],
  ["GET", "/checklist", () => ({ items: [["public_url", false], ["hours", true], ["people", true], ["source", true], ["test", false], ["who", false]].map(([code, done]) => ({ code, done, detail: "" })) })],
  ["GET", "/company", () => data.company], ["PUT", "/company", (_, body) => Object.assign(data.company, body)],
  ["GET", "/members", () => ({ items: data.people })], ["POST", "/members", (_, body) => { const member = { ...data.people[3], id: data.id(), ...body, invited: true }; data.people.push(member); return { member, link: "/enter#t=abc123def456" }; }],
  ["PATCH", "/members/:id", (p, body) => Object.assign(data.people.find((one) => one.id === p.id), body)],
  ["GET", "/queues", () => ({ items: [data.queue] })], ["PATCH", "/queues/:id", (_, body) => Object.assign(data.queue, { ...body, members: (body.members ?? []).map((id) => data.ref(data.people.find((one) => one.id === id))), head: data.ref(data.people.find((one) => one.id === body.head_id) ?? data.me) })],
  ["GET", "/conversations", (_, __, q) => ({ rows: sorted(rowList().filter((one) => belongs(q.view, one) && (!q.source || one.source.id === q.source) && (!q.q || `${one.contact.name} ${one.last?.text}`.toLowerCase().includes(q.q.toLowerCase()))), q.order), next: null })],
  ["GET", "/counters", counters],
  ["POST", "/conversations/next", (_, body) => ({ conversation_id: sorted(rowList().filter((one) => one.unanswered && one.id !== body.skip), "urgent")[0]?.id ?? null })],
  ["GET", "/conversations/:id", (p) => conversation(row(p.id))],
  ["GET", "/conversations/:id/messages", (p, _, q) => { const here = row(p.id); return { items: [...data.items.values()].filter((one) => one.conversation_id === p.id || (q.scope === "contact" && data.rows.get(one.conversation_id)?.contact.id === here.contact.id)).sort((a, b) => a.at - b.at), before: null }; }],
  ["POST", "/conversations/:id/messages", (p, body) => { const here = row(p.id); if (here.window.state === "closed" && !body.override_reason) throw refuse(409, "window_closed", { closed_at: here.window.closed_at, reason: "closed" }); if (/стоп/u.test(body.text) && !body.anyway) throw refuse(409, "stale_context", { author: "Анна Соколова", text: "Да, доставка есть", id: "x" }); return send(here, body); }],
  ["POST", "/conversations/:id/notes", (p, body) => send(row(p.id), body, "note")],
  ["POST", "/conversations/:id/state", (p, body) => change(row(p.id), { state: body.state, unanswered: body.state === "open" ? row(p.id).unanswered : false, snoozed_until: body.until ?? null })],
  ["POST", "/conversations/:id/assignee", (p, body) => change(row(p.id), { assignee: body.member_id ? data.ref(data.people.find((one) => one.id === body.member_id)) : null })],
  ["POST", "/conversations/:id/nature", (p, body) => change(row(p.id), { nature: body.nature })],
  ["PUT", "/conversations/:id/read", (p, body) => { const here = row(p.id); here.unread = body.message_id ? 0 : 1; saveRow(here); return here; }],
  ["PUT", "/conversations/:id/pin", (p, body) => { const here = row(p.id); return change(here, { deal: here.deal && { ...here.deal, pinned: body.deal_id !== null } }); }],
  ["POST", "/mock-undo/:id", (p) => change(row(p.id), undos.get(p.id) ?? {})],
  ["DELETE", "/messages/:id", (p) => { const one = data.items.get(p.id); if (!one || one.state !== "held") throw refuse(409, "too_late"); data.items.delete(p.id); say("message.remove", p.id, null); return { text: one.text, files: [] }; }],
  ["POST", "/messages/:id/retry", (p) => { const one = data.items.get(p.id); Object.assign(one, { state: "sent", reason: "", may: [] }); say("message.upsert", one.id, one); return one; }],
  ["POST", "/messages/:id/resolve", (p, body) => { const one = data.items.get(p.id); Object.assign(one, { state: body.outcome === "sent" ? "sent" : "failed", reason: "outcome_unknown", may: body.outcome === "sent" ? [] : ["retry"] }); say("message.upsert", one.id, one); return one; }],
  ["POST", "/messages/:id/deal", (p, body) => { const one = data.items.get(p.id); const deal = [...data.contacts.values()].flatMap((who) => who.deals).find((each) => each.id === body.deal_id); one.deal = deal ? data.dealRef(deal) : { ...one.deal, number: 1099, title: "Новый лид", stage: "Новый лид", stage_kind: "lead" }; say("message.upsert", one.id, one); return { item: one, undo: { method: "POST", path: `/api/v1/mock-undo/${one.conversation_id}`, body: {} } }; }],
  ["GET", "/messages/:id/decisions", () => ({ items: [data.decisions.attach()] })], ["GET", "/deals/:id/decisions", () => ({ items: [data.decisions.route()] })], ["GET", "/decisions/:id", () => data.decisions.route()],
  ["GET", "/messages/:id/raw", () => raw],
  ["GET", "/drafts/:id/:mode", (p) => data.drafts.get(`${p.id}:${p.mode}`) ?? { conversation_id: p.id, mode: p.mode, text: "", files: [], reply_to: null, version: 0 }],
  ["PUT", "/drafts/:id/:mode", (p, body) => { const key = `${p.id}:${p.mode}`; const version = (data.drafts.get(key)?.version ?? 0) + 1; const draft = { conversation_id: p.id, mode: p.mode, text: body.text, files: [], reply_to: body.reply_to, version }; data.drafts.set(key, draft); const here = data.rows.get(p.id); if (here && p.mode === "reply" && here.draft !== body.text) { here.draft = body.text; saveRow(here); } return draft; }],
  ["DELETE", "/drafts/:id/:mode", (p) => { data.drafts.delete(`${p.id}:${p.mode}`); const here = data.rows.get(p.id); if (here?.draft) { here.draft = ""; saveRow(here); } return null; }],
  ["POST", "/files", (_, body, q) => ({ id: data.id(), name: q.name, mime: "application/octet-stream", size: body?.length ?? 1000 })],
  ["POST", "/attachments/:id/retry", (p) => { throw refuse(503, "unavailable"); }],
  ["PATCH", "/contacts/:id", (p, body) => Object.assign(data.contacts.get(p.id), body)],
  ["PATCH", "/tasks/:id", (p, body) => { const task = [...data.contacts.values()].flatMap((one) => one.tasks).find((one) => one.id === p.id); task.done_at = body.done ? data.now() : null; say("task.upsert", task.id, task); return task; }],
  ["GET", "/offers", () => ({ items: state.offer, held_back: null })],
  ["POST", "/offers/:id/accept", () => Object.assign(data.offer, { state: "accepted", taken_by: data.ref(data.me) })],
  ["POST", "/offers/:id/decline", () => Object.assign(data.offer, { state: "declined" })],
  ["POST", "/offers/:id/extend", () => Object.assign(data.offer, { expires_at: data.offer.expires_at + data.MIN, may_extend: false })],
  ["GET", "/channels", () => ({ items: data.channels })], ["GET", "/sources", () => ({ items: FRESH ? [] : data.sources })],
  ["POST", "/sources", (_, body) => { const made = { ...data.sources[0], id: data.id(), health: [], state: "draft", verified: false, account: { ...data.sources[0].account, set_aside: 0 }, last_event_at: null, leads_30_days: 0, ...body, queue: data.ref(data.queue) }; data.sources.push(made); return made; }],
  ["GET", "/sources/:id", (p) => data.sources.find((one) => one.id === p.id) ?? (() => { throw refuse(404, "not_found"); })()],
  ["PATCH", "/sources/:id", (p, body) => Object.assign(data.sources.find((one) => one.id === p.id), { ...body, queue: data.ref(data.queue) })],
  ["DELETE", "/sources/:id", () => null],
  ["POST", "/sources/:id/check", (p) => ({ checks: [{ code: "key_ok", ok: !process.env.CHECK_FAILS, detail: "«Мебель Москва» @firma_bot", params: {} }] })],
  ["POST", "/sources/:id/connect", (p) => Object.assign(data.sources.find((one) => one.id === p.id), { state: "active", last_error: "", health: [{ code: "key_ok", ok: true, detail: "«Мебель Москва»", params: {} }] })],
  ["POST", "/sources/:id/pause", (p) => Object.assign(data.sources.find((one) => one.id === p.id), { state: "paused" })], ["POST", "/sources/:id/resume", (p) => Object.assign(data.sources.find((one) => one.id === p.id), { state: "active" })],
  ["POST", "/sources/:id/test", (p) => startTest(p.id)], ["DELETE", "/sources/:id/test", (p) => { state.tests.delete(p.id); return null; }],
  ["GET", "/sources/:id/envelopes", (p) => ({ items: data.envelopes.filter((one) => one.source_id === p.id), next: null })],
  ["GET", "/envelopes/:id/raw", () => raw], ["POST", "/envelopes/:id/replay", () => ({ replayed: 1, opened: 0, set_aside: 1 })], ["POST", "/sources/:id/replay", () => ({ replayed: 2, opened: 1, set_aside: 1 })],
  ["POST", "/routing/dry-run", () => data.decisions.route()],
  ["GET", "/search", (_, __, q) => ({ items: rowList().filter((one) => one.contact.name.toLowerCase().includes(q.q.toLowerCase())).slice(0, 6).map((one) => ({ kind: "contact", id: one.contact.id, conversation_id: one.id, title: one.contact.name, snippet: one.source.name, at: one.last?.at ?? null })) })],
  ["GET", "/demo", demo], ["POST", "/demo", demo], ["DELETE", "/demo", () => null],
  ["POST", "/demo/act", (_, body) => { const here = rowList().find((one) => one.source.id === body.source_id && one.contact.id === body.client); const one = clientWrites(here, body.text || body.doing); return { status: 200, body: "ok", event: one.id }; }],
  ["POST", "/demo/fault", demo], ["POST", "/demo/clock", (_, body) => { data.shift.by += body.minutes * data.MIN; for (const socket of sockets) socket.send(JSON.stringify({ type: "ping", seq: data.head(), server_time: data.now() })); return demo(); }],
].map(([method, path, run]) => ({ method, run, names: [...path.matchAll(/:(\w+)/gu)].map((match) => match[1]), regexp: new RegExp(`^${path.replace(/:\w+/gu, "([^/]+)")}$`, "u") }));

function api(request, response, address, body) {
  const path = address.pathname.slice("/api/v1".length);
  if (path.endsWith("/html")) {
    response.writeHead(200, { "Content-Type": "text/html; charset=utf-8", "Content-Security-Policy": "sandbox allow-same-origin allow-popups allow-popups-to-escape-sandbox; default-src 'none'; img-src 'self' data:; style-src 'unsafe-inline'" });
    return response.end("<!doctype html><meta charset=utf-8><title>Письмо</title><body style='font:14px sans-serif;margin:8px'><p>Здравствуйте!</p><p>Просим исправить реквизиты в счёте № 118: <b>ИНН 7701234567</b>.</p><table border=1 cellpadding=4><tr><td>Было</td><td>770123456</td></tr><tr><td>Надо</td><td>7701234567</td></tr></table><p>С уважением, ООО «Ромашка»</p>");
  }
  if (path.startsWith("/attachments/") && request.method === "GET") {
    response.writeHead(200, { "Content-Type": "image/svg+xml" });
    return response.end("<svg xmlns='http://www.w3.org/2000/svg' width='640' height='480'><rect width='640' height='480' fill='#cfd8e6'/><rect x='180' y='80' width='280' height='360' fill='#8a6d4b'/><path d='M320 80v360' stroke='#5d4630' stroke-width='4'/></svg>");
  }
  for (const route of routes) {
    const match = route.method === request.method && route.regexp.exec(path);
    if (!match) continue;
    const params = Object.fromEntries(route.names.map((name, i) => [name, match[i + 1]]));
    try {
      if (!state.signedIn && !["/start", "/session", "/enter", "/session/again"].includes(path)) throw refuse(401, "signed_out");
      const answer = route.run(params, body, Object.fromEntries(address.searchParams));
      return json(response, answer === null ? 204 : 200, answer);
    } catch (error) {
      return json(response, error.status ?? 500, { code: error.code ?? "failed", message: String(error.message), params: error.params ?? {} });
    }
  }
  return json(response, 404, { code: "not_found", message: path, params: {} });
}
function json(response, status, answer) {
  response.writeHead(status, { "Content-Type": "application/json" });
  response.end(status === 204 ? "" : JSON.stringify(answer));
}
function page(response, path) {
  const file = join(DIST, normalize(path));
  const found = file.startsWith(DIST) && existsSync(file) && statSync(file).isFile() ? file : join(DIST, "index.html");
  response.writeHead(200, { "Content-Type": `${TYPES[extname(found)] ?? "application/octet-stream"}`, "Content-Security-Policy": CSP });
  createReadStream(found).pipe(response);
}
const server = createServer((request, response) => {
  const address = new URL(request.url, `http://127.0.0.1:${PORT}`);
  if (address.pathname === "/mock/sign-out") { state.signedIn = false; return json(response, 200, {}); }
  if (address.pathname === "/mock/in") { state.signedIn = true; return json(response, 200, {}); }
  if (address.pathname === "/mock/write") { clientWrites(row(address.searchParams.get("id") ?? data.mariaTg.id), address.searchParams.get("text") ?? "Ещё вопрос"); return json(response, 200, {}); }
  if (!address.pathname.startsWith("/api/")) return page(response, address.pathname);
  const chunks = [];
  request.on("data", (chunk) => chunks.push(chunk));
  request.on("end", () => {
    const bytes = Buffer.concat(chunks);
    const isJson = request.headers["content-type"] === "application/json" && bytes.length;
    api(request, response, address, isJson ? JSON.parse(bytes.toString()) : bytes.length ? bytes : {});
  });
});
new WebSocketServer({ server, path: "/api/v1/live" }).on("connection", (socket) => {
  sockets.add(socket);
  socket.on("close", () => sockets.delete(socket));
  socket.send(JSON.stringify({ type: "hello", id: "", seq: data.head(), server_time: data.now(), version: "0.1.0" }));
});
setInterval(() => { for (const socket of sockets) socket.send(JSON.stringify({ type: "ping", id: "", seq: data.head(), server_time: data.now() })); }, 25_000);
server.listen(PORT, "127.0.0.1", () => console.log(`http://127.0.0.1:${PORT}/inbox`));
