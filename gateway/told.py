"""What is a colleague told, in which words, and by which ways do they want to hear it?

Each thing told is of one kind; a preference names the ways of a kind («notify.mention» = "screen sound bot"). Lead offers
are told on every way a member has: that is what the way was linked for. A browser that was switched on is told of every kind
until its member chooses, and nothing that a client said or is called, unless they want that there («notify.details»).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final, Literal
from zoneinfo import ZoneInfo

from storage.notices import Named

Way = Literal["bot", "mail", "push"]
MESSAGE: Final = "message"
"""What a notice of a client's words would be called, if they were kept as one."""
KINDS: Final[Mapping[str, str]] = {
    "mention": "mention",
    "task_reminder": "task", "task_overdue": "task", "task_overdue_many": "task", "evening_tasks": "task", "snooze_over": "task",
    "call_back_overdue": "task", "call_not_placed": "task", "scheduled_stopped": "task",
    "answer_soon": "late", "answer_late": "late", "answer_soon_many": "late", "answer_late_many": "late",
    "approval": "team", "approval_approved": "team", "approval_refused": "team", "approval_withdrawn": "team",
    "lead_kept": "team", "gate_relaxed": "team", "colleague_break": "team", "lead_returned": "lead", "offer_expired": "lead",
    "break_automatic": "lead",
}  # fmt: skip
"""As console/src/state/alerts.ts groups them."""
WORDS: Final[Mapping[str, tuple[str, str]]] = {
    "mention": ("Вас упомянули в заметке: {name}", "You were mentioned in a note: {name}"),
    "task_reminder": ("Напоминание о задаче: {name}", "Reminder of a task: {name}"),
    "task_overdue": ("Задача просрочена: {name}", "Task overdue: {name}"),
    "task_overdue_many": ("Просрочено много задач у сотрудников", "Many tasks of the team are overdue"),
    "evening_tasks": ("На завтра поставлены задачи по сделкам без задач", "Deals without a task have one for tomorrow"),
    "snooze_over": ("Отложенный диалог снова открыт: {name}", "A snoozed conversation is open again: {name}"),
    "call_back_overdue": ("Клиенту не перезвонили: {name}", "A client was not called back: {name}"),
    "call_not_placed": ("Звонок не начался: АТС молчит", "The call did not begin: the telephone system is silent"),
    "scheduled_stopped": ("Запланированный ответ не ушёл: {name}", "A scheduled reply did not go: {name}"),
    "answer_soon": ("Скоро выйдет время ответа: {name}", "An answer is due soon: {name}"),
    "answer_late": ("Клиент ждёт дольше нормы: {name}", "A client waits too long: {name}"),
    "answer_soon_many": ("Скоро выйдет время ответа у многих клиентов", "Answers to many clients are due soon"),
    "answer_late_many": ("Многие клиенты ждут дольше нормы", "Many clients wait too long"),
    "approval": ("Нужно ваше решение, перестал выходить на связь: {name}", "Your decision is needed: {name} stopped responding"),
    "approval_approved": ("Согласовано: {name}", "Approved: {name}"),
    "approval_refused": ("Не согласовано: {name}", "Not approved: {name}"),
    "approval_withdrawn": ("Согласование больше не нужно: {name}", "No approval is needed any more: {name}"),
    "lead_kept": ("Лид никто не взял, он у вас: {name}", "Nobody took the lead, you keep it: {name}"),
    "gate_relaxed": ("Лид выдан в обход порядка: {name}", "A lead was given past the rules: {name}"),
    "colleague_break": ("{name} на перерыве: два лида подряд без ответа", "{name} is on a break: two leads unanswered"),
    "lead_returned": ("Лид вернулся в очередь, пока вас не было: {name}", "A lead left you while you were away: {name}"),
    "offer_expired": ("Лид ушёл дальше, время ответа вышло: {name}", "A lead went on, the time to take it was over: {name}"),
    "break_automatic": ("Вы на перерыве: два лида подряд остались без ответа", "You are on a break: two leads unanswered"),
}  # fmt: skip
_quiet = re.compile(r"(\d\d):(\d\d)-(\d\d):(\d\d)(?:@(\S+))?")


def wants(prefs: Mapping[str, Any], code: str, way: Way) -> bool:
    """Whether a member wants to hear of this by that way; unsaid: in a browser, and on no other way."""
    kind = MESSAGE if code == MESSAGE else KINDS.get(code, "")
    return way in str(prefs.get(f"notify.{kind}", "push")).split()


def outcome(prefs: Mapping[str, Any], code: str, way: Way, at: int) -> str:
    """What becomes of a notice on a way: told, unwanted, or quiet."""
    if not wants(prefs, code, way):
        return "unwanted"
    return "quiet" if is_quiet(prefs, at) else "told"


def is_quiet(prefs: Mapping[str, Any], now: int) -> bool:
    """Whether these are the member's quiet hours: «22:00-08:00@Europe/Moscow», over midnight too."""
    hours = _quiet.fullmatch(str(prefs.get("notify.quiet", "")))
    if hours is None:
        return False
    try:
        zone = ZoneInfo(hours[5] or "Europe/Moscow")
    except (ValueError, KeyError, OSError):
        zone = ZoneInfo("Europe/Moscow")
    local = datetime.fromtimestamp(now / 1e6, UTC).astimezone(zone)
    minute = local.hour * 60 + local.minute
    begin, end = (int(hours[at]) * 60 + int(hours[at + 1]) for at in (1, 3))
    return begin <= minute < end if begin <= end else minute >= begin or minute < end


OFFER: Final = {
    "new": ("Новый лид №{number}: {name}", "New lead №{number}: {name}"),
    "subject": ("Новый лид №{number}", "New lead №{number}"),
    "within": ("Ответьте в течение {minutes} мин.", "Answer within {minutes} min."),
    "take": ("Взять", "Take"),
    "decline": ("Отказаться", "Decline"),
    "open": ("Открыть", "Open"),
}
OUTCOMES: Final = {
    "accepted": ("✅ Лид №{number} ваш.", "✅ Lead №{number} is yours."),
    "declined": ("Вы отказались от лида №{number}.", "You declined lead №{number}."),
    "taken": ("Лид №{number} взял(а) {owner}.", "Lead №{number} was taken by {owner}."),
    "expired": ("Время на лид №{number} вышло.", "The time for lead №{number} is over."),
    "withdrawn": ("Лид №{number} больше не предлагается.", "Lead №{number} is not offered any more."),
}


HERE: Final = {
    "hello": ("Уведомления на этом устройстве включены", "Notifications on this device are on"),
    "hello_about": ("Нажмите, чтобы выбрать, о чём сообщать.", "Press to choose what to hear of."),
    "offer": ("Новый лид №{number}", "New lead №{number}"),
    "message": ("Клиент ждёт ответа", "A client waits for an answer"),
    "message_of": ("{name} пишет", "{name} writes"),
}
"""What is shown by a browser only."""
LONGEST: Final = 160
"""Characters of a client that a browser shows."""
CLIENT: Final = ("клиент", "a client")
OF_COLLEAGUES: Final = frozenset({"colleague_break"})


def here(what: str, language: object, **blanks: object) -> str:
    """Words that a browser shows."""
    return HERE[what][language == "en"].format(**blanks)


def discreet(code: str, name: str, language: object) -> str:
    """The sentence without a client's name."""
    english = language == "en"
    said = WORDS.get(code, ("Уведомление", "Notice"))[english]
    if code in OF_COLLEAGUES:
        return said.format(name=name)
    return said.removesuffix(": {name}").format(name=CLIENT[english])


def detailed(prefs: Mapping[str, Any]) -> bool:
    """Whether a member wants clients' names and words to be shown by a browser, over a lock screen too."""
    return prefs.get("notify.details") is True


def offer_words(language: object) -> dict[str, str]:
    """What an offer says, with its blanks."""
    return {name: both[language == "en"] for name, both in OFFER.items()}


def outcome_words(state: str, number: int, owner: str, language: object) -> str:
    """What became of an offer."""
    english = language == "en"
    said = OUTCOMES.get(state, OUTCOMES["withdrawn"])[english]
    return said.format(number=number, owner=owner or ("a colleague" if english else "коллега"))


LINKED: Final = ("Готово: сюда будут приходить лиды.", "Done: leads will come here.")
NOT_LINKED: Final = (
    "Код не подошёл или устарел. Возьмите новый в профиле.",
    "The code does not fit or is too old. Take a new one in your profile.",
)


def link_words(language: str | None) -> str:
    """The answer to a code; None: it is nobody's, and so is the language."""
    return "\n".join(NOT_LINKED) if language is None else LINKED[language == "en"]


def place(about: Named) -> str:
    """The console's page on which it is dealt with; "" for none."""
    if about.conversation_id:
        return f"/inbox/d/{about.conversation_id}"
    return f"/deals/{about.deal_id}" if about.deal_id else ""


def words(code: str, name: str, language: object) -> str:
    """The sentence, as the console says it."""
    russian, english = WORDS.get(code, ("Уведомление: {name}", "Notice: {name}"))
    return (english if language == "en" else russian).format(name=name or "—")
