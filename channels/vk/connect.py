"""Does the community work with us, and what makes it?

Callback: our address is registered with the confirmation string at its end, so whichever process is asked
can answer. The string from the API is good for servers set through the API only; the one shown on VK's page
is for an address pasted there (dev.vk.com/api/callback/getting-started). Without the right "manage" the
person pastes and we only look.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from channels.base import Check
from channels.errors import Disconnected, Refused, SendFailed
from channels.vk.admit import CODE
from channels.vk.api import Api
from channels.vk.wire import Json, number, rows, table, words

VERSION = "5.199"
TITLE = "inbox"
"""VK allows 14 characters."""
EVENTS = (
    "message_new", "message_reply", "message_edit", "message_allow", "message_deny", "message_event",
    "message_read", "message_reaction_event",
)  # fmt: skip
NEEDED = ("message_new", "message_reply", "message_allow", "message_deny")
"""Without these we would be deaf or wrong; the others only tell less."""
FILES = ("photos", "docs")
LOOKS, PAUSE = 6, 0.5
"""VK asks for the confirmation a moment after the address is registered."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Community:
    """What of the source matters here."""

    group_id: int
    secret: str
    hook_url: str
    by_callback: bool
    reachable: bool
    """VK can call `hook_url`."""
    confirmation: str
    """Pasted by hand; "" when not."""


async def check(api: Api, account: Community) -> Sequence[Check]:
    """The account's state, line by line; changes nothing. Never raises."""
    lines = await _key(api, account)
    if all(line.ok for line in lines):
        look = _callback_state if account.by_callback else _poll_state
        lines += await _guarded(look(api, account))
    return lines


async def connect(api: Api, account: Community) -> Sequence[Check]:
    """Make VK hand events to us. Never raises; a second time changes nothing."""
    lines = await _key(api, account)
    if all(line.ok for line in lines):
        act = _set_callback if account.by_callback else _set_poll
        lines += await _guarded(act(api, account))
    return lines


async def disconnect(api: Api, account: Community) -> None:
    """Take our address away. The long poll stays on: nobody is called by it, and others may read it."""
    try:
        for server in await _servers(api, account):
            await api.call(
                "groups.deleteCallbackServer", group_id=account.group_id, server_id=number(server, "id")
            )
    except SendFailed:
        return


async def _guarded(work: Any) -> list[Check]:
    try:
        return list(await work)
    except SendFailed as error:
        return [Check(code=error.code, ok=False, detail=error.detail)]


async def _key(api: Api, account: Community) -> list[Check]:
    """Is it a key, of this community, and what may it do?"""
    if not account.group_id:
        return [Check(code="no_group", ok=False)]
    try:
        group = _group(await api.call("groups.getById"))
        if number(group, "id") != account.group_id:
            return [Check(code="other_group", ok=False, detail=words(group, "name"))]
        lines = [Check(code="account", ok=True, detail=words(group, "name"))]
        return lines + _rights(await api.call("groups.getTokenPermissions"))
    except SendFailed as error:
        return [Check(code=error.code, ok=False, detail=error.detail)]


def _group(answer: Any) -> Json:
    """5.199 answers {"groups": […]}, older versions the array itself."""
    found = rows(answer, "groups") if isinstance(answer, dict) else rows({"groups": answer}, "groups")
    return found[0] if found else {}


def _rights(answer: Any) -> list[Check]:
    rights = {words(row, "name") for row in rows(answer if isinstance(answer, dict) else {}, "permissions")}
    if "messages" not in rights:
        return [Check(code="no_right_messages", ok=False)]
    missing = [name for name in FILES if name not in rights]
    if missing:
        return [Check(code="rights_no_files", ok=True, params={"missing": ", ".join(missing)})]
    return [Check(code="rights", ok=True)]


# Callback API


async def _servers(api: Api, account: Community) -> list[Json]:
    """Our address among the community's servers, with or without a confirmation string at its end."""
    answer = await api.call("groups.getCallbackServers", group_id=account.group_id)
    found = rows(answer if isinstance(answer, dict) else {}, "items")
    base = account.hook_url.rstrip("/")
    return [row for row in found if base and (words(row, "url") + "/").startswith(base + "/")]


async def _callback_state(api: Api, account: Community) -> Sequence[Check]:
    if not account.reachable:
        return [Check(code="no_public_url", ok=False, detail=account.hook_url)]
    try:
        servers = await _servers(api, account)
    except (Refused, Disconnected):
        return [_by_hand(account)]
    if not servers:
        return [Check(code="callback_missing", ok=False)]
    best = next((row for row in servers if words(row, "status") == "ok"), servers[0])
    if words(best, "status") != "ok":
        return [Check(code="callback_not_confirmed", ok=False, params={"status": words(best, "status")})]
    if words(best, "secret_key") not in ("", account.secret):
        return [Check(code="callback_secret", ok=False)]
    settings = await api.call(
        "groups.getCallbackSettings", group_id=account.group_id, server_id=number(best, "id")
    )
    return [Check(code="callback", ok=True), *_events(settings)]


def _by_hand(account: Community) -> Check:
    """The key may not look at the servers, so the person sets them; the live test tells whether it worked."""
    ready = bool(account.confirmation)
    return Check(code="callback_by_hand" if ready else "confirmation_missing", ok=ready)


def _events(settings: Any) -> list[Check]:
    on = table(settings if isinstance(settings, dict) else {}, "events")
    off = [name for name in NEEDED if on.get(name) in (0, False, None)]
    if off:
        return [Check(code="events_off", ok=False, params={"events": ", ".join(off)})]
    return [Check(code="events", ok=True)]


async def _set_callback(api: Api, account: Community) -> Sequence[Check]:
    if not account.reachable:
        return [Check(code="no_public_url", ok=False, detail=account.hook_url)]
    try:
        await _register(api, account)
    except (Refused, Disconnected) as error:
        return [_by_hand(account)] if error.code in ("no_right", "key_refused") else [_line(error)]
    for look in range(LOOKS):
        lines = await _callback_state(api, account)
        if look == LOOKS - 1 or lines[0].code != "callback_not_confirmed":
            return lines
        await asyncio.sleep(PAUSE)
    raise AssertionError("unreachable")


def _line(error: SendFailed) -> Check:
    return Check(code=error.code, ok=False, detail=error.detail)


async def _register(api: Api, account: Community) -> None:
    """One server with our address, secret and events; a spare one from an earlier try is taken away."""
    group = account.group_id
    mine, *spare = await _servers(api, account) or [{}]
    for row in spare:
        await api.call("groups.deleteCallbackServer", group_id=group, server_id=number(row, "id"))
    server_id = number(mine, "id")
    if words(mine, "status") != "ok" or words(mine, "secret_key") != account.secret:
        code = words(await api.call("groups.getCallbackConfirmationCode", group_id=group), "code")
        values = {
            "group_id": group, "url": _with_code(account.hook_url, code), "title": TITLE,
            "secret_key": account.secret,
        }  # fmt: skip
        if server_id:
            await api.call("groups.editCallbackServer", server_id=server_id, **values)
        else:
            server_id = number(await api.call("groups.addCallbackServer", **values), "server_id")
    await api.call(
        "groups.setCallbackSettings",
        group_id=group,
        server_id=server_id,
        api_version=VERSION,
        **dict.fromkeys(EVENTS, 1),
    )


def _with_code(hook_url: str, code: str) -> str:
    if not CODE.fullmatch(code):
        raise Refused("an odd confirmation string", code="callback_not_confirmed")
    return f"{hook_url.rstrip('/')}/{code}"


# Bots Long Poll


async def _poll_state(api: Api, account: Community) -> Sequence[Check]:
    try:
        settings = await api.call("groups.getLongPollSettings", group_id=account.group_id)
    except (Refused, Disconnected):
        return await _poll_answers(api, account)
    if not isinstance(settings, dict) or not settings.get("is_enabled"):
        return [Check(code="longpoll_off", ok=False)]
    return [Check(code="longpoll", ok=True), *_events(settings)]


async def _poll_answers(api: Api, account: Community) -> Sequence[Check]:
    """The key may not read the settings; whether VK names a server tells enough."""
    try:
        await api.call("groups.getLongPollServer", group_id=account.group_id)
    except Refused as error:
        code = "no_right_manage" if error.code == "no_right" else "longpoll_off"
        return [Check(code=code, ok=False, detail=error.detail)]
    return [Check(code="longpoll", ok=True)]


async def _set_poll(api: Api, account: Community) -> Sequence[Check]:
    """Switch it on with our events. A callback server of ours would bring everything twice: it goes."""
    try:
        if account.hook_url:
            await disconnect(api, account)
        await api.call(
            "groups.setLongPollSettings", group_id=account.group_id, enabled=1, api_version=VERSION,
            **dict.fromkeys(EVENTS, 1),
        )  # fmt: skip
    except (Refused, Disconnected):
        return await _poll_answers(api, account)
    return await _poll_state(api, account)
