"""Does the bot work, and does what clients write reach us?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from urllib.parse import urlsplit

from channels.base import Check
from channels.errors import SendFailed
from channels.telegram.api import Api
from channels.telegram.wire import Me, WebhookInfo

UPDATES: Final = (
    "message", "edited_message", "business_connection", "business_message", "edited_business_message",
    "deleted_business_messages", "message_reaction", "callback_query", "my_chat_member",
)  # fmt: skip
"""What we ask for; reactions come only when asked for by name (Bot API: setWebhook, allowed_updates)."""
MANY: Final = 100
"""Waiting updates that mean we are not keeping up."""


async def ask_me(api: Api) -> tuple[Me | None, Check]:
    """Who the token belongs to, and the line that says so."""
    try:
        me = await api.call("getMe", Me)
    except SendFailed as error:
        return None, Check(code=error.code, ok=False, detail=error.detail)
    detail = f"{me.first_name} @{me.username}" if me.username else me.first_name
    params = {"name": me.first_name, "username": me.username, "id": str(me.id)}
    return me, Check(code="bot", ok=True, detail=detail, params=params)


async def deliver(api: Api, hook_url: str, secret: str) -> list[Check]:
    """Have updates sent to the hook. Idempotent; nothing that waits at Telegram is dropped."""
    if not hook_url:
        return [Check(code="hook_missing", ok=False)]
    wanted = {
        "url": hook_url,
        "secret_token": secret,
        "allowed_updates": UPDATES,
        "max_connections": 40,
    }
    try:
        before = await api.call("getWebhookInfo", WebhookInfo)
        await api.call("setWebhook", bool, wanted)
    except SendFailed as error:
        return [_not_set(error)]
    return _taken_over(before, hook_url)


async def undeliver(api: Api) -> list[Check]:
    """Have updates kept for `getUpdates`. Idempotent; nothing that waits is dropped."""
    try:
        before = await api.call("getWebhookInfo", WebhookInfo)
        if before.url:
            await api.call("deleteWebhook", bool, {"drop_pending_updates": False})
    except SendFailed as error:
        return [_not_set(error)]
    return _taken_over(before, "")


async def look(api: Api, hook_url: str, *, polls: bool, conflict: bool) -> Sequence[Check]:
    """How deliveries stand at Telegram."""
    try:
        info = await api.call("getWebhookInfo", WebhookInfo)
    except SendFailed as error:
        return [Check(code=error.code, ok=False, detail=error.detail)]
    checks = [_way(info, hook_url, polls)]
    if polls and conflict:
        checks.append(Check(code="other_reader", ok=False))
    if not polls and info.url == hook_url:
        checks += _deliveries(info)
    return checks


def _way(info: WebhookInfo, hook_url: str, polls: bool) -> Check:
    if polls:
        if info.url:
            return Check(code="webhook_elsewhere", ok=False, detail=_host(info.url))
        return Check(code="polling", ok=True)
    if not hook_url:
        return Check(code="hook_missing", ok=False)
    if info.url == hook_url:
        return Check(code="webhook", ok=True, detail=_host(hook_url))
    if info.url:
        return Check(code="webhook_elsewhere", ok=False, detail=_host(info.url))
    return Check(code="webhook_missing", ok=False)


def _deliveries(info: WebhookInfo) -> list[Check]:
    """A last error counts while something waits: Telegram keeps showing it long after it has passed."""
    checks = []
    waiting = info.pending_update_count
    if waiting and info.last_error_message:
        checks.append(Check(code="last_error", ok=False, detail=info.last_error_message[:200]))
    if waiting:
        checks.append(Check(code="pending", ok=waiting < MANY, params={"count": str(waiting)}))
    if info.allowed_updates is not None and set(UPDATES) - set(info.allowed_updates):
        checks.append(Check(code="updates_partial", ok=False))
    return checks


def _taken_over(before: WebhookInfo, hook_url: str) -> list[Check]:
    if before.url and before.url != hook_url:
        return [Check(code="webhook_taken_over", ok=True, detail=_host(before.url))]
    return []


def _not_set(error: SendFailed) -> Check:
    code = "webhook_refused" if error.code == "refused" else error.code
    return Check(code=code, ok=False, detail=error.detail)


def _host(url: str) -> str:
    """Only the host: the rest of another program's address may be its secret."""
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""
