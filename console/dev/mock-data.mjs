// Made-up data in the shape of the API, times relative to now. Development only: the product never loads this.
const MIN = 60_000_000;
const H = 60 * MIN;
const D = 24 * H;
let counter = 1;
export const id = (prefix = "0") => `0195a000-0000-7000-8000-${prefix}${String(counter++).padStart(11, "0")}`;
export const now = () => Date.now() * 1000 + shift.by;
export const shift = { by: 0 };
const T = now();

const text = (ru, en = ru) => ({ ru, en });
const steps = (titles, texts, link = "", copies = {}) =>
  titles.map((title, i) => ({ title: text(...title), text: text(...(texts[i] ?? ["", ""])), copies: copies[i + 1] ?? [], link: i === 0 ? link : "" }));

const about = (name, more) => ({
  name, place: [], errors: {}, kinds: {}, profile_links: {}, needs_public_url: false, polls_without_public_url: false, secrets: [], settings: [], ...more,
});
const setting = (key, label, more = {}) => ({ key, label: text(...label), kind: "text", help: null, required: true, default: "", pattern: "", choices: [], step: 2, advanced: false, shown_if: null, ...more });
const FIVE = [["Бот", "Bot"], ["Ключ", "Key"], ["Кому лиды", "Leads to"], ["Проверка", "Test"], ["Разместить", "Put to use"]];
const WHO = ["Выберите, кто получает лиды этого источника.", "Choose who gets this source's leads."];
const WRITE = ["Напишите в источник с телефона.", "Write to the source from a phone."];
const PLACE = ["Источник работает. Разместите ссылку там, где её увидят клиенты.", "The source works. Put the link where clients see it."];

export const channels = [
  about("telegram", {
    title: text("Telegram"), mark: "Tg", colour: "tg", minutes: 2, secrets: ["token"], polls_without_public_url: true,
    summary: text("Бот, который принимает сообщения клиентов.", "A bot that takes clients' messages."), needs: text("телефон с Telegram", "a phone with Telegram"),
    settings: [setting("token", ["Ключ бота", "Bot key"], { kind: "secret", pattern: "\\d{6,}:[A-Za-z0-9_-]{30,}", help: text("Вида 123456789:AA…", "Looks like 123456789:AA…") }), setting("api_base", ["Адрес Bot API", "Bot API address"], { required: false, advanced: true, default: "https://api.telegram.org" })],
    steps: steps(FIVE, [["1. Откройте @BotFather и нажмите «Старт».\n2. Отправьте `/newbot` и придумайте имя.\n3. Скопируйте ключ — он понадобится дальше.", "1. Open @BotFather and press Start.\n2. Send `/newbot` and choose a name.\n3. Copy the key."], ["Вставьте ключ, который прислал @BotFather.", "Paste the key that @BotFather sent."], WHO, WRITE, PLACE], "https://t.me/BotFather"),
    test_prompt: text("Напишите боту любое сообщение с телефона.", "Write any message to the bot from a phone."), place: [{ label: text("Ссылка для клиентов", "Link for clients"), value: "https://t.me/firma_bot" }],
    errors: { key_ok: text("Ключ принят", "Key accepted"), receiving: text("Приём сообщений включён", "Receiving is on"), first_message: text("Сообщение от клиента", "A client's message"), reply_arrived: text("Ответ доставлен", "Reply delivered"), blocked_by_user: text("клиент заблокировал бота", "the client blocked the bot"), bad_update: text("Событие неизвестного вида", "An event of an unknown kind") },
    kinds: { telegram: text("Telegram") }, profile_links: { telegram: "https://t.me/{username}" },
  }),
  about("vk", {
    title: text("ВКонтакте", "VK"), mark: "VK", colour: "vk", minutes: 4, secrets: ["token", "secret"], polls_without_public_url: true,
    summary: text("Сообщения сообщества.", "A community's messages."), needs: text("права администратора сообщества", "administrator's rights in the community"),
    settings: [setting("group_id", ["Номер сообщества", "Community id"], { kind: "number", step: 1 }), setting("token", ["Ключ доступа", "Access key"], { kind: "secret" })],
    steps: steps(FIVE, [["1. Откройте «Управление» → «Работа с API».\n2. Создайте ключ с правами «сообщения» и «управление».", "1. Open Manage → API usage.\n2. Make a key."], ["Вставьте ключ.", "Paste the key."], WHO, WRITE, PLACE]),
    test_prompt: text("Напишите сообществу любое сообщение.", "Write any message to the community."), errors: { key_revoked: text("Ключ сообщества отозван. Создайте новый и вставьте его.", "The key was revoked."), key_ok: text("Ключ принят") }, kinds: { vk: text("ВКонтакте", "VK") },
  }),
  about("email", {
    title: text("Почта", "E-mail"), mark: "@", colour: "mail", minutes: 4, secrets: ["password"], summary: text("Ящик по IMAP и SMTP.", "A mailbox over IMAP and SMTP."), needs: text("пароль приложения", "an app password"),
    settings: [
      setting("preset", ["Почтовая служба", "Mail service"], { kind: "choice", step: 1, default: "yandex", choices: [{ value: "yandex", label: text("Яндекс 360") }, { value: "mailru", label: text("Mail.ru") }, { value: "other", label: text("Другая", "Other") }] }),
      setting("address", ["Адрес", "Address"], { kind: "email", step: 2 }), setting("password", ["Пароль приложения", "App password"], { kind: "secret" }), setting("imap_host", ["Сервер IMAP", "IMAP server"], { kind: "host", shown_if: ["preset", "other"] }), setting("today", ["Брать письма с сегодняшнего дня", "Take letters from today"], { kind: "switch", default: "true", required: false }),
    ],
    steps: steps([["Ящик", "Mailbox"], ...FIVE.slice(1)], [["Выберите службу и создайте в ней пароль приложения.", "Choose the service and make an app password."], ["Мы не просим основной пароль.", "We never ask for the main password."], WHO, ["Напишите на этот адрес со своей почты.", "Write to this address."], PLACE]),
    test_prompt: text("Напишите на адрес ящика со своей почты.", "Write to the mailbox from your own mail."), errors: { bad_charset: text("Письмо в неизвестной кодировке", "A letter in an unknown encoding"), smtp_550: text("такого адреса нет", "no such address") }, kinds: { email: text("Почта", "E-mail") },
  }),
  about("webform", {
    title: text("Форма на сайте", "Web form"), mark: "form", colour: "form", minutes: 3, needs_public_url: true, summary: text("Заявки с вашего сайта или нашей страницы.", "Submissions from your site or our page."), needs: text("доступ к сайту", "access to the site"),
    settings: [setting("title", ["Заголовок формы", "Form's title"], { step: 1 })], steps: steps([["Форма", "Form"], ["Вид", "Look"], ...FIVE.slice(2)], [["Как назвать форму?", "What is the form called?"], ["Настройте вид позже.", "Set the look later."], WHO, ["Отправьте тестовую заявку.", "Send a test submission."], PLACE], "", { 5: [] }),
    test_prompt: text("Отправьте тестовую заявку на странице формы.", "Send a test submission."), place: [{ label: text("Код для сайта", "Code for the site"), value: "<script src=\"{public_url}/f/{slug}.js\" async></script>" }],
  }),
  about("telephony", {
    title: text("Телефония", "Telephony"), mark: "phone", colour: "call", minutes: 3, needs_public_url: true, secrets: ["secret"], summary: text("Звонки из облачной АТС.", "Calls from a cloud telephone system."), needs: text("личный кабинет АТС", "the telephone system's console"),
    settings: [setting("provider", ["АТС", "System"], { kind: "choice", step: 1, default: "mango", choices: [{ value: "mango", label: text("Mango Office") }, { value: "generic", label: text("Другая", "Other") }] }), setting("mapping", ["Соответствие полей", "Field mapping"], { kind: "mapping", default: "{\"phone\": \"caller_id\"}", shown_if: ["provider", "generic"] })],
    steps: steps([["АТС", "System"], ["Адрес", "Address"], ...FIVE.slice(2)], [["Выберите свою АТС.", "Choose your system."], ["Скопируйте адрес и вставьте его в кабинете АТС.", "Copy the address into the system's console."], WHO, ["Позвоните на ваш номер.", "Call your number."], PLACE], "", { 2: [{ label: text("Адрес для событий", "Address for events"), value: "{hook_url}" }] }),
    test_prompt: text("Позвоните на ваш номер.", "Call your number."), errors: { no_caller: text("В событии нет номера звонящего", "No caller's number in the event") },
  }),
];

export const people = [
  { id: id(), name: "Ольга Смирнова", email: "olga@firma.ru", roles: ["admin"], active: true, presence: { state: "on_shift", until: null, automatic: false }, load: 3, capacity: 10, invited: false },
  { id: id(), name: "Анна Соколова", email: "anna@firma.ru", roles: ["operator"], active: true, presence: { state: "on_shift", until: null, automatic: false }, load: 5, capacity: 10, invited: false },
  { id: id(), name: "Пётр Власов", email: "petr@firma.ru", roles: ["manager"], active: true, presence: { state: "break", until: T + 20 * MIN, automatic: true }, load: 8, capacity: 10, invited: false },
  { id: id(), name: "Олег Никитин", email: "oleg@firma.ru", roles: ["marketer"], active: true, presence: { state: "off", until: null, automatic: false }, load: 0, capacity: 10, invited: true },
];
const ref = (one) => ({ id: one.id, name: one.name });
export const me = people[0];
const [, anna, petr] = people;
export const queue = { id: id(), name: "Все", strategy: "all_at_once", members: people.slice(0, 3).map(ref), head: ref(me), accept_seconds: 120 };

const account = (set_aside = 0) => ({ received: 1284 + set_aside, opened: 1240, ignored: 44, set_aside, waiting: 0, accepted: 812, sent: 800, undelivered: 3, failed: 6, unknown: 1, cancelled: 2, leaving: 0 });
const source = (channel, name, more = {}) => ({
  id: id(), channel, name, state: "active", verified: true, health: [], last_event_at: T - 2 * MIN, last_error: "", paused_until: null, paused_reason: "", queue: ref(queue), settings: {}, secrets: ["token"], hook_url: "https://inbox.firma.ru/hooks/0195/…",
  slug: "raschet", public_page: "", transport: "webhook", account: account(), leads_30_days: 128, demo: true, hours: 24, enforcement: "block", window_fixed: false, first_answer: "manager", ...more,
});
export const sources = [
  source("telegram", "@firma_bot", { health: [{ code: "key_ok", ok: true, detail: "«Мебель Москва» @firma_bot", params: {} }, { code: "receiving", ok: true, detail: "", params: {} }] }),
  source("vk", "Мебель Москва", { state: "broken", last_error: "key_revoked", health: [{ code: "key_revoked", ok: false, detail: "", params: {} }], leads_30_days: 55 }),
  source("email", "info@firma.ru", { hours: null, enforcement: "off", account: account(2), settings: { preset: "yandex", address: "info@firma.ru" }, secrets: ["password"], leads_30_days: 21 }),
  source("webform", "Форма «Расчёт»", { hours: null, enforcement: "off", leads_30_days: 41, public_page: "http://127.0.0.1:8099/f/raschet" }),
  source("telephony", "Mango, +7 (495) 000-00-00", { hours: null, enforcement: "off", verified: false, last_event_at: null, leads_30_days: 0 }),
];
const sref = (one) => ({ id: one.id, name: one.name, channel: one.channel, state: one.state });
const [tg, vk, mail, form, phone] = sources;

const limits = {
  telegram: { reply: true, text_max: 4096, text_unit: "utf16", caption_max: 1024, files: { photo: 10e6, file: 50e6, video: 50e6, voice: 50e6, audio: 50e6 }, files_per_message: 10, reply_to: true, subject: false, typing: true, delivered: false, read: false, enter_sends: true },
  vk: { reply: true, text_max: 4096, text_unit: "utf16", caption_max: 4096, files: { photo: 10e6, file: 200e6 }, files_per_message: 10, reply_to: true, subject: false, typing: true, delivered: false, read: true, enter_sends: true },
  email: { reply: true, text_max: 100000, text_unit: "codepoints", caption_max: 100000, files: { file: 25e6, photo: 25e6 }, files_per_message: 10, reply_to: false, subject: true, typing: false, delivered: false, read: false, enter_sends: false },
  webform: { reply: true, text_max: 4000, text_unit: "codepoints", caption_max: 0, files: {}, files_per_message: 0, reply_to: false, subject: false, typing: false, delivered: false, read: false, enter_sends: true },
  telephony: { reply: false, text_max: 1, text_unit: "codepoints", caption_max: 0, files: {}, files_per_message: 0, reply_to: false, subject: false, typing: false, delivered: false, read: false, enter_sends: true },
};
export const limitsOf = (channel) => limits[channel];

const window = (state, more = {}) => ({ state, reason: "", closes_at: null, closed_at: null, last_client_at: null, enforcement: "block", fixed: false, may_override: true, ...more });
const open = (left) => window("open", { closes_at: T + left, last_client_at: T + left - D });
const none = window("none", { enforcement: "off" });

export const contacts = new Map();
export const rows = new Map();
export const items = new Map();
export const drafts = new Map();
let dealNumber = 1040;

export function deal(title, stage, kind, more = {}) {
  const number = ++dealNumber;
  return { id: id(), number, title, stage, stage_id: id(), stage_kind: kind, amount: null, currency: "RUB", owner: null, queue: null, waiting_reason: null, repeat: false, quiet: false, created_at: T - 6 * D, last_activity_at: T - 40 * MIN, closed_at: null, ...more };
}
const dealRef = (one, pinned = false) => (one ? { id: one.id, number: one.number, title: one.title, stage: one.stage, stage_kind: one.stage_kind, pinned } : null);

function contact(name, identities, deals = [], more = {}) {
  const one = { id: id(), name, responsible: null, identities: identities.map(([kind, value, link = null, origin = "message"]) => ({ id: id(), kind, value, link, origin, verified: true, shared: false })), deals, tasks: [], attribution: null, other_names: [], ...more };
  contacts.set(one.id, one);
  return one;
}
let seq = 100;
export const nextSeq = () => ++seq;
export const head = () => seq;

function conversation(who, from, more = {}) {
  const row = {
    id: id(), contact: { id: who.id, name: who.name }, source: sref(from), state: "open", nature: "client", last: null, unanswered: true, waiting_since: null, deadline_at: null, reason: "target", unread: 0, window: none, assignee: null, claim: null,
    deal: dealRef(who.deals[0]), offered: null, draft: "", snoozed_until: null, also: [], seq: nextSeq(), ...more,
  };
  rows.set(row.id, row);
  return row;
}
export function item(row, direction, words, ago, more = {}) {
  const at = now() - ago;
  const one = {
    id: id(), conversation_id: row.id, source: row.source, kind: "text", direction, author: direction === "in" ? "client" : "person", author_name: direction === "in" ? row.contact.name : "Ольга Смирнова", author_id: direction === "in" ? null : me.id, mine: direction === "out",
    at, received_at: at, late: false, text: words, has_html: false, subject: "", attachments: [], fields: [], call: null, location: null, card: null, reply_to: null, forwarded_from: "", unsupported: "", state: direction === "out" ? "sent" : "", reason: "", retry_at: null, not_before: null,
    may: direction === "in" ? ["move"] : [], edited: false, deleted: false, reactions: [], deal: row.deal, has_raw: direction === "in", system: null, ...more,
  };
  items.set(one.id, one);
  touch(row, one);
  return one;
}
export function touch(row, one) {
  if (one.kind === "note" || one.kind === "system" || (row.last && row.last.at > one.at)) return;
  const author = one.author === "client" ? "client" : one.author === "robot" ? "robot" : one.mine ? "me" : "person";
  row.last = { at: one.at, text: one.text || one.subject, kind: one.kind, author, author_name: one.author_name, state: one.state };
}
const file = (kind, name, more = {}) => ({ id: id(), kind, name, mime: "application/pdf", size: 214_000, width: null, height: null, seconds: null, state: "ready", reason: "", url: `/api/v1/attachments/${name}`, thumb: null, transcript: "", ...more });

// --- Maria: two open deals, a window about to close, several channels ---------------------------------------------------
const kitchen = deal("Кухня", "Клиент получил заказ", "won", { closed_at: T - 90 * D, number: 871 });
const shelf = deal("Стеллаж", "Сделали предложение", "open", { last_activity_at: T - 3 * D, owner: ref(petr) });
const closet = deal("Шкаф-купе", "Обрабатываем запрос", "open", { amount: "84000.00", owner: ref(petr), last_activity_at: T - 38 * MIN });
const maria = contact("Мария Котова", [["phone", "+79160001122", null, "form"], ["email", "maria@example.ru", null, "form"], ["telegram", "@kotova_m", "https://t.me/kotova_m"], ["vk", "id55110022", "https://vk.com/id55110022"]], [closet, shelf, kitchen], {
  responsible: ref(petr), attribution: { campaign: "Реклама ВК, март", page: "/shkafy", referrer: "vk.com", utm: { utm_source: "vk", utm_campaign: "march" } },
  tasks: [{ id: id(), kind: "stage", title: "Уточнить необходимую информацию и сделать КП", due_at: T - 2 * H, done_at: null, owner: ref(petr), deal_id: closet.id }, { id: id(), kind: "call", title: "Согласовать замер", due_at: T + 20 * H, done_at: null, owner: ref(petr), deal_id: closet.id }],
});
const mariaTg = conversation(maria, tg, { window: open(18 * MIN), waiting_since: T - 4 * MIN, deadline_at: T + 11 * MIN, reason: "closing", unread: 1, also: ["vk"] });
item(mariaTg, "in", "Добрый день! Хочу шкаф-купе 2,4 м", D + 2 * H);
item(mariaTg, "out", "Мария, здравствуйте! Подскажите высоту потолка?", 44 * MIN);
item(mariaTg, "none", "Посмотрите, пожалуйста, замер в пятницу.", 38 * MIN, { kind: "note", author: "person", author_name: "Анна Соколова", mine: false, state: "", may: [], has_raw: false });
item(mariaTg, "none", "", 27 * MIN, { kind: "call", author: "client", source: sref(phone), text: "", call: { state: "finished", direction: "in", line: "+7 (495) 000-00-00", answered_by: ref(anna), wait_seconds: 6, talk_seconds: 134, called_back_at: null }, attachments: [] });
const mariaRead = item(mariaTg, "none", "", 20 * MIN, { kind: "system", author: "system", system: { code: "stage", from: "Новый лид", to: "Обрабатываем запрос" }, may: [], has_raw: false });
item(mariaTg, "in", "2,65. А доставка до Подольска есть?", 4 * MIN);
item(mariaTg, "out", "Да, доставим в субботу", 2 * MIN, { state: "failed", reason: "blocked_by_user", may: ["retry"] });
mariaTg.last = { at: T - 4 * MIN, text: "2,65. А доставка до Подольска есть?", kind: "text", author: "client", author_name: "Мария Котова", state: "" };
export const readUpTo = new Map([[mariaTg.id, mariaRead.id]]);
const mariaVk = conversation(maria, vk, { window: open(3 * H + 5 * MIN), waiting_since: T - 50 * MIN, deadline_at: T - 35 * MIN, reason: "overdue", unread: 1, also: ["telegram"] });
item(mariaVk, "in", "И ещё вопрос: вы работаете по безналу?", 50 * MIN);
const mariaMail = conversation(maria, mail, { state: "waiting", unanswered: false, reason: "rest" });
item(mariaMail, "in", "Размеры во вложении. С уважением, Мария", 2 * D, { kind: "mail", subject: "Размеры шкафа", attachments: [file("file", "размеры.pdf"), file("photo", "прихожая.png", { thumb: "/api/v1/attachments/thumb.svg", url: "/api/v1/attachments/thumb.svg", width: 640, height: 480 })] });

const lead = deal("Запрос из ВК", "Новый лид", "lead", { queue: ref(queue), waiting_reason: null });
const igor = contact("Игорь Л.", [["vk", "id77", "https://vk.com/id77"]], [lead]);
const igorVk = conversation(igor, vk, { window: open(20 * H), waiting_since: T - 12 * MIN, deadline_at: T + 3 * MIN, unread: 1, offered: ref(me) });
item(igorVk, "in", "Здравствуйте, сколько стоит шкаф 2,4 на 2,6? Посчитайте, пожалуйста, https://firma.ru/shkaf", 12 * MIN);

const romashka = contact("ООО «Ромашка»", [["email", "zakaz@romashka.example"]], [deal("Стулья, 40 шт.", "Отправили счёт", "open", { amount: "260000.00", owner: ref(petr) })]);
const romashkaMail = conversation(romashka, mail, { waiting_since: T - 100 * MIN, deadline_at: T + 2 * H, unread: 1 });
item(romashkaMail, "in", "Просим исправить реквизиты в счёте № 118.", 100 * MIN, { kind: "mail", subject: "Re: Счёт № 118 — прошу исправить реквизиты", has_html: true, attachments: [file("file", "реквизиты.docx", { state: "failed", reason: "timeout", url: null })] });

const caller = contact("+7 (912) 345-67-89", [["phone", "+79123456789", null, "call"]], [deal("Звонок", "Новый лид", "lead")]);
const callRow = conversation(caller, phone, { waiting_since: T - 16 * MIN, deadline_at: T - 1 * MIN, reason: "overdue", unread: 1 });
item(callRow, "in", "", 16 * MIN, { kind: "call", call: { state: "missed", direction: "in", line: "+7 (495) 000-00-00", answered_by: null, wait_seconds: 14, talk_seconds: null, called_back_at: null } });
callRow.last.text = "Пропущенный звонок · 14 с";

const oleg = contact("Олег Рябов", [["phone", "+79031112233", null, "form"]], [deal("Расчёт шкафа", "Новый лид", "lead", { owner: ref(me) })], { attribution: { campaign: "Яндекс Директ", page: "/raschet", referrer: "ya.ru", utm: { utm_source: "yandex", utm_medium: "cpc" } } });
const olegForm = conversation(oleg, form, { waiting_since: T - 3 * MIN, deadline_at: T + 12 * MIN, assignee: ref(me), draft: "Олег, добрый день! По вашей заявке…" });
item(olegForm, "in", "", 3 * MIN, { kind: "form", fields: [{ label: "Имя", value: "Олег Рябов" }, { label: "Телефон", value: "+7 903 111-22-33" }, { label: "Высота", value: "2,65" }, { label: "Комментарий", value: "Нужен шкаф в прихожую, желательно до конца месяца" }] });
drafts.set(`${olegForm.id}:reply`, { conversation_id: olegForm.id, mode: "reply", text: "Олег, добрый день! По вашей заявке…", files: [], reply_to: null, version: 1 });

const svetlana = contact("Светлана Орлова", [["telegram", "@sveta_o", "https://t.me/sveta_o"], ["phone", "+79265550011"], ["email", "sveta@example.ru"]], [deal("Комод", "Сделали предложение", "open", { amount: "32000.00", owner: ref(petr) })]);
const svetlanaTg = conversation(svetlana, tg, { window: window("closed", { closed_at: T - 2 * H, last_client_at: T - 26 * H }), waiting_since: T - 26 * H, deadline_at: null, reason: "call_them", assignee: ref(anna) });
item(svetlanaTg, "in", "А скидка при предоплате будет?", 26 * H);
const svetlanaVk = conversation(svetlana, vk, { window: open(3 * H), state: "waiting", unanswered: false, reason: "rest" });
item(svetlanaVk, "in", "Спасибо, посмотрю", 21 * H);
const svetlanaMail = conversation(svetlana, mail, { state: "waiting", unanswered: false, reason: "rest" });
item(svetlanaMail, "out", "Коммерческое предложение во вложении.", 5 * D, { kind: "mail", subject: "КП на комод", state: "sent" });

const many = ["Артём Белов", "Дарья Ким", "Николай Фомин", "Ева Лис", "Тимур Ахметов", "Вера Павлова", "Глеб Сидоров", "Инна Цой", "Роман Зуев", "Лидия Маслова"];
many.forEach((name, i) => {
  const from = [tg, vk, mail][i % 3];
  const who = contact(name, [[from.channel === "email" ? "email" : from.channel, from.channel === "email" ? `client${i}@example.ru` : `@client_${i}`]], [deal(["Диван", "Стол", "Кровать", "Полки"][i % 4], "Получили ответ", "open", { owner: ref(i % 2 ? petr : anna) })]);
  const answered = i > 3;
  const row = conversation(who, from, { window: from.hours ? open((7 + i) * H) : none, unanswered: !answered, state: answered ? (i === 9 ? "closed" : i === 8 ? "snoozed" : "waiting") : "open", waiting_since: answered ? null : T - (8 + i * 7) * MIN, deadline_at: answered ? null : T + (9 - i * 4) * MIN, reason: answered ? "rest" : i > 2 ? "overdue" : "target", assignee: i % 3 === 0 ? ref(me) : null, snoozed_until: i === 8 ? T + 20 * H : null });
  item(row, "in", ["Здравствуйте! Есть ли в наличии?", "Пришлите, пожалуйста, каталог", "Когда будет замер?", "Спасибо, жду"][i % 4], (8 + i * 37) * MIN);
  if (answered) item(row, "out", "Добрый день! Отправили вам ответ на все вопросы.", (5 + i * 30) * MIN, { state: ["delivered", "read", "sent", "unknown"][i % 4], may: i % 4 === 3 ? ["resolve", "retry"] : [] });
});
const odd = [...rows.values()].find((row) => row.contact.name === "Дарья Ким");
item(odd, "in", "", 9 * MIN, { kind: "unsupported", unsupported: "story" });
item(odd, "in", "", 8 * MIN, { kind: "voice", attachments: [file("voice", "", { seconds: 17, mime: "audio/ogg", state: "fetch", url: null, size: 42_000 })] });
item(odd, "in", "", 8 * MIN, { kind: "location", location: { latitude: 55.43, longitude: 37.54, title: "Подольск, ул. Кирова, 12" } });

export const decisions = {
  attach: () => ({ id: id(), kind: "attach", rule: "most_recent", chosen: closet.id, chosen_name: "№1042 Шкаф-купе", at: T - 4 * MIN, facts: {}, candidates: [
    { ref: closet.id, name: `№${closet.number} Шкаф-купе`, verdict: "chosen", facts: { active_at: T - 38 * MIN, created_at: T - 6 * D } }, { ref: shelf.id, name: `№${shelf.number} Стеллаж`, verdict: "less_recent", facts: { active_at: T - 3 * D } }, { ref: kitchen.id, name: "№871 Кухня", verdict: "closed", facts: { closed_at: T - 90 * D } }] }),
  route: () => ({ id: id(), kind: "route", rule: "everyone", chosen: me.id, chosen_name: me.name, at: T - 12 * MIN, facts: {}, candidates: [
    { ref: me.id, name: me.name, verdict: "chosen", facts: { load: 3, capacity: 10 } }, { ref: anna.id, name: anna.name, verdict: "available", facts: { load: 5, capacity: 10 } }, { ref: petr.id, name: petr.name, verdict: "overdue_tasks", facts: { load: 8, capacity: 10, overdue_tasks: 2 } }] }),
};
export const offer = { id: id(), deal: dealRef(lead), contact: { id: igor.id, name: igor.name }, source: sref(vk), conversation_id: igorVk.id, preview: "Здравствуйте, сколько стоит шкаф 2,4 на 2,6?", campaign: "Реклама ВК, март", waiting_since: T - 2 * MIN, repeat: false, broadcast: false, state: "open", taken_by: null, offered_at: T - 40 * 1e6, expires_at: T + 80 * 1e6, may_extend: true, decision_id: "d1" };
export const envelopes = [
  { id: 8812, source_id: mail.id, received_at: T - 70 * MIN, state: "set_aside", reason: "bad_charset", error: "LookupError: unknown encoding: x-mac-cyrillic", attempts: 3, size: 4120, preview: "client@example.ru «Заказ»", key: "imap:8812" },
  { id: 8815, source_id: mail.id, received_at: T - 40 * MIN, state: "set_aside", reason: "bad_charset", error: "LookupError: unknown encoding: x-mac-cyrillic", attempts: 3, size: 2200, preview: "shop@example.ru «Вопрос»", key: "imap:8815" },
];
export const company = { name: "Мебель Москва", timezone: "Europe/Moscow", hours: [[[540, 1140]], [[540, 1140]], [[540, 1140]], [[540, 1140]], [[540, 1080]], [], []], public_url: "", public_url_problem: "none" };
export const prefs = {};
export { mariaTg, igorVk, svetlanaTg, olegForm, sref, ref, T, MIN, H, D, dealRef };
