"""What did somebody type into the search? Words, and what narrows them: «от: канал: сделка: до: после: есть:»."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

import channels
from gateway.context import Gateway
from gateway.rules import setup_of
from storage import search, team
from storage.finding import Wanted
from storage.search import MOST
from storage.team import Account

NAMES: Final = {
    "от": "from", "from": "from", "канал": "channel", "channel": "channel", "сделка": "deal", "deal": "deal",
    "до": "until", "before": "until", "until": "until", "после": "since", "since": "since", "after": "since",
    "есть": "has", "has": "has",
}  # fmt: skip
HAS: Final[dict[str, tuple[str, ...]]] = {
    "файл": (), "файлы": (), "вложение": (), "file": (), "files": (),
    "фото": ("photo",), "картинка": ("photo",), "photo": ("photo",), "image": ("photo",),
    "видео": ("video",), "video": ("video",), "голосовое": ("voice",), "voice": ("voice",),
    "аудио": ("audio", "voice"), "audio": ("audio", "voice"), "документ": ("file", "document"), "document": ("file", "document"),
}  # fmt: skip
ME: Final = frozenset({"меня", "я", "me"})
_said = re.compile(r'(?<!\S)(\w+):\s*("[^"]*"|«[^»]*»|\S+)')
_russian = re.compile(r"(\d{1,2})\.(\d{1,2})(?:\.(\d{4}|\d{2}))?")
NEAR: Final = {"сегодня": 0, "today": 0, "вчера": 1, "yesterday": 1, "позавчера": 2}


@dataclass(frozen=True, slots=True)
class Asked:
    """What was understood; `unread` are the parts that were not, as they were typed."""

    wanted: Wanted
    unread: list[str] = field(default_factory=list)


def parts_of(text: str) -> tuple[str, list[tuple[str, str, str]]]:
    """The words, and what narrows them: (name, value, as typed). What only looks like it stays a word."""
    found: list[tuple[str, str, str]] = []

    def take(hit: re.Match[str]) -> str:
        name = NAMES.get(hit[1].casefold())
        if name is None:
            return hit[0]
        found.append((name, hit[2].strip('"«» '), hit[0]))
        return " "

    return " ".join(_said.sub(take, text).split()), found


def day_of(value: str, today: date) -> date | None:
    """12.03, 12.03.2026, 2026-03-12, «вчера»; without a year the last such day. None: it is no day."""
    word = value.casefold()
    if word in NEAR:
        return today - timedelta(days=NEAR[word])
    hit = _russian.fullmatch(word)
    try:
        if hit is None:
            return date.fromisoformat(word)
        year = int(hit[3] or today.year)
        found = date(year + 2000 if year < 100 else year, int(hit[2]), int(hit[1]))
        return found if hit[3] or found <= today else found.replace(year=found.year - 1)
    except ValueError:
        return None


async def asked(gateway: Gateway, account: Account, text: str) -> Asked:
    """What the member wants to find."""
    words, parts = parts_of(text)
    zone = ZoneInfo((await setup_of(gateway)).schedule.zone or "UTC")
    wanted, unread = Wanted(words=words), list[str]()
    for name, value, typed in parts:
        more = await _read(gateway, account, name, value, zone)
        if more is None:
            unread.append(typed)
        else:
            wanted = replace(wanted, **more)
    return Asked(wanted, unread)


async def _read(
    gateway: Gateway, account: Account, name: str, value: str, zone: ZoneInfo
) -> dict[str, Any] | None:
    """What one part says; None: it says nothing we know."""
    match name:
        case "from":
            return await _who(gateway, account, value)
        case "channel":
            return {"sources": found} if (found := _sources(gateway, value)) else None
        case "deal":
            number = value.lstrip("№#")
            return (
                {"deal": int(number)} if number.isascii() and number.isdigit() and len(number) < 15 else None
            )
        case "has":
            kinds = HAS.get(value.casefold())
            return None if kinds is None else {"files": True, "kinds": kinds}
        case _:
            return _moment(name, value, datetime.fromtimestamp(gateway.now() / 1e6, zone))


def _moment(name: str, value: str, now: datetime) -> dict[str, Any] | None:
    """The day's beginning, or for «до» its end: both days are in."""
    day = day_of(value, now.date())
    if day is None:
        return None
    if name == "until":
        day += timedelta(days=1)
    return {name: int(datetime(day.year, day.month, day.day, tzinfo=now.tzinfo).timestamp()) * 1_000_000}


async def _who(gateway: Gateway, account: Account, value: str) -> dict[str, Any] | None:
    """Clients and colleagues of this name; «меня» is who asks."""
    if value.casefold() in ME:
        return {"contacts": (), "authors": (account.id,)}
    clients = await gateway.database.read(search.contacts, value, MOST)
    people = await gateway.database.read(team.members)
    begins = search.words_of(value)
    authors = tuple(row.id for row in people if begins and _begins(search.words_of(row.name), begins))
    return {"contacts": tuple(clients), "authors": authors} if clients or authors else None


def _begins(words: Sequence[str], parts: Sequence[str]) -> bool:
    return all(any(word.startswith(part) for word in words) for part in parts)


def _sources(gateway: Gateway, value: str) -> tuple[str, ...]:
    """The accounts whose channel or own name is or begins so, in either keyboard layout."""
    for one in dict.fromkeys((value, search.other_layout(value))):
        parts = search.words_of(one) or [one.casefold()]
        found = tuple(
            live.row.id
            for live in gateway.sources.all()
            if _begins(_names(live.row.channel, live.row.name), parts)
        )
        if found:
            return found
    return ()


def _names(channel: str, source: str) -> list[str]:
    about = channels.about(channel)
    said = (about.title.ru, about.title.en, about.mark, channel, source, *about.aliases)
    return [word for name in said for word in (search.words_of(name) or [name.casefold()])]
