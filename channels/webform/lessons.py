"""What was the form taught: which field of somebody's JSON means what?"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

import orjson

from channels.about import Choice, Text
from channels.webform.definition import TARGET
from channels.webform.origin import CLIENT_IDS, UTM

ROLES = ("name", "surname", "phone", "email", "message", "company", "city")
ASIDE = ("id", "page", "referrer", "title", "ignore")
"""The sender's own id of a submission, where it was sent from, the form's name, and what nobody wants to see."""
MOST = 200
LONGEST = 32 * 1024

TARGETS = (
    Choice(value="name", label=Text(ru="Имя", en="Name")),
    Choice(value="surname", label=Text(ru="Фамилия", en="Surname")),
    Choice(value="phone", label=Text(ru="Телефон", en="Phone")),
    Choice(value="email", label=Text(ru="Почта", en="E-mail")),
    Choice(value="message", label=Text(ru="Сообщение", en="Message")),
    Choice(value="company", label=Text(ru="Компания", en="Company")),
    Choice(value="city", label=Text(ru="Город", en="City")),
    Choice(value="deal.title", label=Text(ru="Сделка: название", en="Deal: title")),
    Choice(value="deal.amount", label=Text(ru="Сделка: сумма", en="Deal: amount")),
    Choice(value="deal.requirements", label=Text(ru="Сделка: что нужно", en="Deal: requirements")),
    Choice(value="deal.delivery", label=Text(ru="Сделка: доставка", en="Deal: delivery")),
    Choice(value="contact.segment", label=Text(ru="Клиент: сегмент", en="Client: segment")),
    Choice(value="contact.pays", label=Text(ru="Клиент: как платит", en="Client: how they pay")),
    *(Choice(value=name, label=Text(ru=f"Метка {name}", en=f"Tag {name}")) for name in UTM),
    Choice(value="yclid", label=Text(ru="Клик Яндекса (yclid)", en="Yandex click (yclid)")),
    Choice(value="gclid", label=Text(ru="Клик Google (gclid)", en="Google click (gclid)")),
    Choice(value="page", label=Text(ru="Страница", en="Page")),
    Choice(value="referrer", label=Text(ru="Откуда пришёл", en="Referrer")),
    Choice(value="title", label=Text(ru="Название формы", en="The form's name")),
    Choice(value="id", label=Text(ru="Номер заявки (от повторов)", en="Submission's id (against repeats)")),
    Choice(value="ignore", label=Text(ru="Не показывать", en="Do not show")),
)


class BadLessons(ValueError):
    """They cannot be used; `where` is the path, `code` has a text in `about.py`."""

    def __init__(self, code: str, where: str = "") -> None:
        super().__init__(f"{code} {where}".strip())
        self.code = code
        self.where = where


@lru_cache(maxsize=256)
def read_lessons(text: str) -> Mapping[str, str]:
    """Path -> target; {} where nothing was taught. Raises BadLessons."""
    if not text.strip():
        return {}
    try:
        told = orjson.loads(text) if len(text) <= LONGEST else None
    except orjson.JSONDecodeError:
        raise BadLessons("lessons_not_json") from None
    if not isinstance(told, dict) or len(told) > MOST:
        raise BadLessons("lessons_not_json")
    for path, target in told.items():
        if not isinstance(target, str) or not _known(target):
            raise BadLessons("lessons_bad_target", path[:100])
    return told


def _known(target: str) -> bool:
    return target in (*ROLES, *ASIDE, *UTM, *CLIENT_IDS) or TARGET.fullmatch(target) is not None


def lessons_of(settings: Mapping[str, str]) -> Mapping[str, str]:
    """What this source was taught; what cannot be read teaches nothing, so that no submission is lost for it."""
    try:
        return read_lessons(settings.get("lessons", ""))
    except BadLessons:
        return {}


def path_of(lessons: Mapping[str, str], target: str) -> str:
    """Where this lies, "" where nobody said."""
    return next((path for path, taught in lessons.items() if taught == target), "")
