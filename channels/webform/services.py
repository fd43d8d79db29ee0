"""Which service handed this on, and what does it expect of us?

Told by the shape of what came, so that a wrong choice in the settings loses nothing. Retries: Tilda two more after a minute
each without an answer in 5 s; Google for 4xx never, for 5xx again; VK for hours until it reads "ok"; the others once.

- Tilda: help-ru.tilda.cc/forms/webhook
- Google lead forms: developers.google.com/google-ads/webhook/docs/implementation
- VK lead forms: dev.vk.com/ru/api/community-events/json-schema, event lead_forms_new
- Yandex Forms (HTTP requests, JSON-RPC): yandex.ru/support/forms/ru/send-request
- Elementor Pro (action Webhook with advanced data), Contact Form 7 (webhook add-ons), Marquiz: as their requests look
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Literal, TypeAlias

import orjson

from channels.base import Reply
from channels.errors import WebhookRefused

Service: TypeAlias = Literal["", "tilda", "elementor", "cf7", "marquiz", "google", "vk_leads", "yandex"]
BRACKETS = re.compile(r"(form|fields|meta)\[([^\]]{1,100})\](?:\[([^\]]{1,40})\])?")
CF7 = re.compile(r"your-(name|email|subject|message|phone|tel)")
TECHNICAL: Mapping[Service, frozenset[str]] = {
    "tilda": frozenset({"tranid", "formid", "formname", "cookies", "api_key"}),
    "elementor": frozenset({"formid", "formname", "form_id", "form_name", "form.id", "form.name"}),
    "cf7": frozenset(
        {
            "_wpcf7",
            "_wpcf7_version",
            "_wpcf7_locale",
            "_wpcf7_unit_tag",
            "_remote_ip",
            "_user_agent",
            "form_id",
            "form_title",
        }
    ),
    "marquiz": frozenset({"quiz.id", "quiz.name", "created", "id", "status"}),
    "google": frozenset({"lead_id", "formid", "utm_source", "utm_medium", "utm_id", "gclid"}),
    "vk_leads": frozenset({"lead_id", "formname", "utm_source", "utm_medium", "utm_content"}),
    "yandex": frozenset({"answer_id", "form_id"}),
}
"""What a service adds of itself; it is no answer of anybody's."""


def service_of_json(found: Any) -> Service:
    """Whose JSON it is, "" for anybody's."""
    if not isinstance(found, dict):
        return ""
    if isinstance(found.get("user_column_data"), list):
        return "google"
    if isinstance(found.get("type"), str) and "group_id" in found:
        return "vk_leads"
    if found.get("jsonrpc") == "2.0" and isinstance(found.get("params"), dict):
        return "yandex"
    if isinstance(found.get("quiz"), dict) and ("answers" in found or "contacts" in found):
        return "marquiz"
    return "cf7" if any(CF7.fullmatch(str(name)) for name in found) else ""


def service_of_form(names: Iterable[str]) -> Service:
    """Whose fields they are, "" for anybody's."""
    known = set(names)
    if "tranid" in known:
        return "tilda"
    if any(name.startswith("fields[") for name in known) or {"form_id", "form_name"} <= known:
        return "elementor"
    return "cf7" if any(CF7.fullmatch(name) for name in known) else ""


def unwrapped(service: Service, found: Any) -> Any:
    """The answers of a service's JSON, its own numbering as control values."""
    match service:
        case "google":
            return _google(found)
        case "vk_leads":
            return _vk(found)
        case "yandex":
            asked = found["params"]
            number = asked.get("answer_id") or found.get("id")
            return {**asked, **({"_sid": f"yandex-{number}"} if isinstance(number, str | int) else {})}
        case "marquiz":
            number = found.get("id") or f"{found['quiz'].get('id', '')}-{found.get('created', '')}"
            return {**found, "_sid": f"marquiz-{number}"[:100]}
    return found


def _google(found: Mapping[str, Any]) -> dict[str, Any]:
    answers = [
        {
            "question": column.get("column_name") or column.get("column_id"),
            "answer": column.get("string_value"),
        }
        for column in found["user_column_data"]
        if isinstance(column, dict) and (column.get("column_name") or column.get("column_id"))
    ]
    told = {"answers": answers, "utm_source": "google", "utm_medium": "lead_form"}
    marks = {"utm_id": found.get("campaign_id"), "gclid": found.get("gcl_id"), "formid": found.get("form_id")}
    told |= {name: str(value) for name, value in marks.items() if value}
    return {**told, **({"_sid": f"google-{found['lead_id']}"[:100]} if found.get("lead_id") else {})}


def _vk(found: Mapping[str, Any]) -> dict[str, Any]:
    lead = found.get("object")
    lead = lead if isinstance(lead, dict) else {}
    told = {"answers": lead.get("answers", []), "formname": str(lead.get("form_name", ""))}
    told |= {"utm_source": "vk.com", "utm_medium": "lead_form"}
    if lead.get("ad_id"):
        told["utm_content"] = str(lead["ad_id"])
    return {**told, **({"_sid": f"vk-lead-{lead['lead_id']}"[:100]} if lead.get("lead_id") else {})}


def unbracketed(pairs: Iterable[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """Elementor's `fields[phone][title]`, `[value]` as one answer under its question; its page, and nothing else of `meta`."""
    titles: dict[str, str] = {}
    waiting: dict[str, str] = {}
    for name, value in pairs:
        found = BRACKETS.fullmatch(name)
        if found is None:
            yield name, value
        elif found[1] == "fields" and found[3] == "title":
            titles[found[2]] = value
        elif found[1] == "fields" and found[3] == "value":
            waiting[found[2]] = value
        elif found[1] == "form" and found[2] == "name":
            yield "formname", value
        elif found[1] == "meta" and found[2] == "page_url" and found[3] == "value":
            yield "page_url", value
    for key, value in waiting.items():
        yield titles.get(key) or key, value


def unpaid(pairs: Iterable[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """Tilda's `payment` as what was ordered, a line a product, and its sum."""
    for name, value in pairs:
        order = _order(value) if name == "payment" else None
        if order is None:
            yield name, value
            continue
        for product in order.get("products", [])[:50]:
            yield "order", str(product)
        if order.get("amount"):
            yield "_amount", str(order["amount"])


def _order(value: str) -> dict[str, Any] | None:
    try:
        found = orjson.loads(value)
    except orjson.JSONDecodeError:
        return None
    return found if isinstance(found, dict) and isinstance(found.get("products"), list) else None


def handshake(settings: Mapping[str, str], service: Service, found: Any) -> Reply | None:
    """The answer to a question that carries nobody's words; None: it is a submission. Raises WebhookRefused for a wrong
    secret."""
    if service == "google":
        _prove(settings.get("google_key", ""), found.get("google_key"))
    if service != "vk_leads":
        return None
    _prove(settings.get("vk_secret", ""), found.get("secret"))
    if found["type"] == "confirmation":
        return Reply(body=settings.get("vk_confirmation", "").encode())
    return None if found["type"] == "lead_forms_new" else Reply(body=b"ok")


def _prove(expected: str, told: Any) -> None:
    if expected and not hmac.compare_digest(str(told or "").encode("utf-8", "replace"), expected.encode()):
        raise WebhookRefused("wrong secret")


def thanks(service: Service, found: Any) -> Reply | None:
    """What the service wants to read; None: anything."""
    match service:
        case "vk_leads" | "tilda":
            return Reply(body=b"ok")
        case "google":
            return Reply(body=b"{}", content_type="application/json")
        case "yandex":
            told = {"jsonrpc": "2.0", "result": "ok", "id": found.get("id")}
            return Reply(body=orjson.dumps(told), content_type="application/json")
    return None


def is_test(service: Service, found: Any) -> bool:
    """Whether somebody pressed the service's own «send a test»."""
    return service == "google" and found.get("is_test") is True
