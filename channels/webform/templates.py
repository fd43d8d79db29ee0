"""Which forms can be begun with?"""

from __future__ import annotations

from typing import Any

import orjson

from channels.about import Template, Text

CONSENT = Text(
    ru="Я согласен на обработку моих персональных данных, чтобы мне ответили на эту заявку.",
    en="I agree to the processing of my personal data so that this enquiry can be answered.",
)


def _field(name: str, kind: str, ru: str, en: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "kind": kind, "label": Text(ru=ru, en=en), **more}


NAME = _field("name", "text", "Как к вам обращаться", "Your name", role="name")
PHONE = _field("phone", "phone", "Телефон", "Phone", required=True)
EMAIL = _field("email", "email", "Почта", "E-mail")
AGREE = _field(
    "consent", "consent", "Согласие на обработку персональных данных", "Consent to the processing of personal data",
    required=True, text=CONSENT,
)  # fmt: skip


def _content(language: str, title: Text, intro: Text, fields: tuple[dict[str, Any], ...]) -> str:
    def said(value: Any) -> Any:
        if isinstance(value, Text):
            return value.ru if language == "ru" else value.en
        if isinstance(value, list | tuple):
            return [said(one) for one in value]
        return {name: said(one) for name, one in value.items()} if isinstance(value, dict) else value

    form = {"title": said(title), "intro": said(intro), "language": language, "fields": said(fields)}
    return orjson.dumps(form).decode()


def _template(key: str, title: Text, summary: Text, intro: Text, *fields: dict[str, Any]) -> Template:
    content = Text(
        ru=_content("ru", title, intro, (*fields, AGREE)), en=_content("en", title, intro, (*fields, AGREE))
    )
    return Template(key=key, title=title, summary=summary, content=content)


def _option(value: str, ru: str, en: str) -> dict[str, Any]:
    return {"value": value, "label": Text(ru=ru, en=en)}


TEMPLATES = (
    _template(
        "callback",
        Text(ru="Обратный звонок", en="Call me back"),
        Text(ru="Имя и телефон: перезвоним", en="Name and phone: we call back"),
        Text(ru="Оставьте номер, и мы перезвоним в рабочее время.", en="Leave your number and we call you back."),
        NAME,
        PHONE,
        _field(
            "when", "choice", "Когда удобно", "When suits you",
            options=[
                _option("now", "как можно скорее", "as soon as possible"), _option("morning", "утром", "in the morning"),
                _option("evening", "вечером", "in the evening"),
            ],
        ),
    ),
    _template(
        "request",
        Text(ru="Заявка", en="Request"),
        Text(ru="Контакты, что нужно, файл", en="Contacts, what is needed, a file"),
        Text(ru="Опишите, что нужно: посчитаем и ответим.", en="Tell us what you need: we work it out and answer."),
        NAME,
        PHONE,
        EMAIL,
        _field("message", "message", "Что нужно", "What you need", role="message", required=True, to="deal.requirements"),
        _field("file", "file", "Файл: фото, план, смета", "A file: photo, plan, estimate", files=3, megabytes=10),
    ),
    _template(
        "question",
        Text(ru="Вопрос", en="Question"),
        Text(ru="Ответ по почте", en="Answered by e-mail"),
        Text(ru="Ответим на почту в течение рабочего дня.", en="We answer by e-mail within a working day."),
        NAME,
        {**EMAIL, "required": True},
        _field("message", "message", "Ваш вопрос", "Your question", role="message", required=True),
    ),
    _template(
        "booking",
        Text(ru="Запись", en="Appointment"),
        Text(ru="День, услуга, телефон", en="Day, service, phone"),
        Text(ru="Выберите день, мы подтвердим время по телефону.", en="Choose a day, we confirm the time by phone."),
        NAME,
        PHONE,
        _field(
            "service", "choice", "Что хотите", "What you would like", required=True, to="deal.title",
            options=[_option("consultation", "Консультация", "Consultation"), _option("visit", "Визит", "Visit")],
        ),
        _field("date", "date", "День", "Day", required=True),
        _field("comment", "message", "Пожелания", "Wishes", role="message"),
    ),
)  # fmt: skip
"""All ask for consent: who takes it out is asked whether it was given another way."""
