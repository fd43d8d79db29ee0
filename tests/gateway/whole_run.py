"""A whole run in a process of its own: all five networks, every kind of fault, the most talkative log.

`python -m tests.gateway.whole_run DATABASE FOLDER` logs to stderr; the secrets of all sources are what it prints.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import orjson

from channels.fakes import Client
from gateway import logs
from tests.gateway.town import Town, open_town, until

CLIENT = Client(
    ref="vasilisa", name="Василиса Премудрая", phone="+79995550123", email="vasilisa@skazka.example",
    username="premudraya",
)  # fmt: skip
WORDS = "Хрустальный гроб"
ANSWER = "Отвечаем про гроб"
PLACES = ("messenger1", "messenger2", "mail", "form", "phone")
ALWAYS_SHOWN = 8
"""Settings shorter than this are no secrets: a mode, a number."""


async def talk_everywhere(town: Town) -> dict[str, str]:
    """Everybody says something everywhere; the secrets of all sources."""
    secrets = {}
    for place in PLACES:
        await town.connect(place)
        live = town.gateway.sources.get(town.sources[place])
        assert live is not None
        for name in live.channel.secrets:
            if len(live.channel.settings.get(name, "")) >= ALWAYS_SHOWN:
                secrets[f"{place} {name}"] = live.channel.settings[name]
        fake = town.fakes[place]
        doing = next(one for one in ("text", "form", "call_missed") if one in fake.doings)
        fields = {"comment": WORDS} if doing == "form" else {}
        await town.say(place, WORDS, CLIENT, doing=doing, fields=fields)
    assert len(secrets) >= len(PLACES) - 1
    await town.opened()
    return secrets


async def stumble(town: Town) -> None:
    """What goes wrong is logged: unreadable, unproven, refused, lost, a wrong key."""
    for place in ("messenger1", "messenger2"):
        await town.say(place, WORDS, CLIENT, doing="broken")
        await town.opened()
        for fault in ("refused", "lost_answer", "server_error", "bad_key"):
            town.fakes[place].fail(fault)
            conversation = await town.one(
                "SELECT id FROM conversation WHERE source_id = :source", source=town.sources[place]
            )
            message = await town.reply(ANSWER, conversation=conversation)
            await town.state(message, "sent", "failed", "unknown", "postponed", "queued")
    await until(lambda: _broken(town))


async def _broken(town: Town) -> bool:
    return bool(await town.one("SELECT count(*) FROM source WHERE state = 'broken'"))


async def main(url: str, folder: str) -> None:
    """Do it all."""
    logs.set_up("debug", "json")
    async with open_town(url, Path(folder)) as town:
        secrets = await talk_everywhere(town)
        await stumble(town)
    sys.stdout.write(orjson.dumps(secrets).decode())


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
