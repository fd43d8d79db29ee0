"""How is the demonstration set up? Real adapters, real webhooks with real signatures, local stand-ins of the networks.

The story is played in the order of its times with the clock turned back, so that every message is received when it is
said; then the clock is right again. Nothing leaves this machine: the sources' addresses are the stand-ins'.
"""

from __future__ import annotations

import asyncio
import importlib.resources
import random
from collections.abc import Mapping
from typing import Any

import orjson
import structlog

import channels
from channels.events import Attribution
from channels.fakes import Act, Client, Delivered, Fake
from gateway import clock, replies
from gateway.context import Gateway
from gateway.demo import picture
from gateway.permissions import PRESETS
from gateway.refusals import Refusal
from gateway.rules import answering_of, setup_of
from routing.times import MINUTE, SECOND
from storage import acts, demo, profiles
from storage.company import change_company
from storage.errors import Conflict
from storage.outbox import sources_with_work
from storage.team import change_member, first_start
from storage.transaction import Transaction

log = structlog.get_logger(__name__)
PATIENCE = 10.0
FIRST_ANSWER_AFTER = 3.0
LEAD_AFTER = 6.0


class Stage:
    """The demonstration of one installation."""

    def __init__(self, gateway: Gateway, address: str) -> None:
        self.gateway = gateway
        self.address = address
        self.fakes: dict[str, Fake] = {}
        """source -> its stand-in."""
        self.places: dict[str, str] = {}
        """The story's name of a place -> source."""
        self.story: dict[str, Any] = orjson.loads(
            importlib.resources.files("gateway.demo").joinpath("story.json").read_bytes()
        )
        self.clients = {one["ref"]: Client(**one) for one in self.story["clients"]}
        self.people: dict[str, str] = {}
        self.said: dict[str, list[tuple[int, Act]]] = {}
        """source -> what its clients did, each with how many answers had reached them by then."""
        self._tasks: list[asyncio.Task[None]] = []
        self._seen: dict[str, int] = {}
        self._told = asyncio.Event()

    async def open(self) -> None:
        """Start a stand-in for every network and connect a source to each; those of an earlier run are used again."""
        known = {live.row.channel: live.row.id for live in self.gateway.sources.all() if live.row.demo}
        for place, name in places().items():
            fake = channels.fake(name)()
            fake.lively = True
            await fake.start()
            source_id = known.get(name)
            title = self.story["sources"][place]
            if source_id is None:
                queue_id = await self.gateway.database.read(demo.first_queue)
                source_id = await self.gateway.sources.create(
                    name, title, dict(fake.settings()), queue_id, None, demo=True
                )
            else:
                await self.gateway.sources.change(source_id, settings=dict(fake.settings()))
            live = self.gateway.sources.get(source_id)
            assert live is not None
            fake.deliver_to(f"{self.address}/hooks/{live.row.id}/{live.row.hook_key}")
            fake.pages_at(f"{self.address}/f/{live.row.slug}")
            await self.gateway.sources.connect(source_id)
            self.fakes[source_id], self.places[place] = fake, source_id
        self._tasks.append(asyncio.create_task(self._watch(), name="demo"))

    async def play(self) -> None:
        """Play the whole story, from its beginning to now."""
        self.people = await self.gateway.database.write(_people, self.story["people"])
        began = self.gateway.now()
        told = [step for step in self.story["acts"] if "on" not in step or step["on"] in self.places]
        for step in sorted(told, key=lambda step: -step["ago"]):
            target = began - step["ago"] * MINUTE
            clock.turn(target - self.gateway.now())
            try:
                await self._step(step)
            except (Conflict, Refusal) as refused:
                log.warning("a step of the story was refused", step=step, code=refused.code)
            await self._settled()
        clock.turn(-clock.turn(0))
        await self.gateway.database.write(demo.ready, list(self.people.values()))
        self.go_on()

    def go_on(self) -> None:
        """The story was told before: only watch for the first answer."""
        self._seen = {source_id: len(fake.arrived) for source_id, fake in self.fakes.items()}
        self._told.set()

    async def _step(self, step: Mapping[str, Any]) -> None:
        match step:
            case {"take": person, "client": client}:
                setup = await setup_of(self.gateway)
                await self.gateway.database.write(
                    demo.take_leads, self._names(client), self.people[person], setup.schedule
                )
            case {"reply": person, "client": client, "on": place}:
                await self._reply(step, person, client, place)
            case {"note": person, "client": client, "on": place}:
                ref = await self._conversation(client, place)
                await self.gateway.database.write(
                    acts.note, ref, self.people[person], clock.new_id(), step["text"]
                )
            case {"state": state, "client": client, "on": place, "by": person}:
                ref = await self._conversation(client, place)
                await self.gateway.database.write(
                    acts.set_state,
                    ref,
                    self.people[person],
                    state,
                    None,
                    "no_answer",
                    await answering_of(self.gateway),
                )
            case {"stage": stage, "client": client, "by": person, "given": given}:
                setup = await setup_of(self.gateway)
                await self.gateway.database.write(
                    demo.put_on_stage,
                    self.clients[client].name,
                    self.people[person],
                    stage,
                    given,
                    setup.schedule,
                )
            case {"broken": times, "on": place}:
                for _ in range(times):
                    await self._told_in_time(
                        self.places[place], Act(client=self.clients["maria"], doing="broken")
                    )
            case {"client": client, "on": place, "doing": doing}:
                await self._told_in_time(self.places[place], self._act(step, client, doing))
            case _:
                raise ValueError(f"no such step: {step}")

    def _names(self, client: str) -> tuple[str, str]:
        """What a client may be called: a caller's name is not known yet."""
        return self.clients[client].name, self.clients[client].phone

    def _act(self, step: Mapping[str, Any], client: str, doing: Any) -> Act:
        campaign = step.get("campaign", "")
        utm = {"utm_source": "yandex", "utm_medium": "cpc", "utm_campaign": campaign} if campaign else {}
        return Act(
            client=self.clients[client],
            doing=doing,
            text=step.get("text", ""),
            subject=step.get("subject", ""),
            file=picture.niche() if doing == "photo" else b"%PDF-1.4 demo" if doing == "file" else b"",
            file_name=step.get("file_name", ""),
            fields={"message": step.get("text", "")} if doing == "form" else {},
            attribution=Attribution(utm=utm, page="https://firma.ru/raschet") if utm else Attribution(),
            seconds_ago=(self._real_now() - self.gateway.now()) / SECOND,
            member=step.get("member", ""),
        )

    @staticmethod
    def _real_now() -> int:
        return clock.now() - clock.turn(0)

    async def _reply(self, step: Mapping[str, Any], person: str, client: str, place: str) -> None:
        ref = await self._conversation(client, place)
        if "fault" in step:
            self.fakes[self.places[place]].fail(step["fault"])
        await replies.reply(
            self.gateway, self.people[person], ref, id=clock.new_id(), text=step["text"], file_ids=(), reply_to=None,
            last_seen=None, hold_ms=0, override_reason=None, anyway=True,
        )  # fmt: skip

    async def _conversation(self, client: str, place: str) -> str:
        found = await self.gateway.database.read(
            demo.conversation_of, self.clients[client].name, self.places[place]
        )
        if found is None:
            raise Conflict("not_found", 404)
        return found

    async def act(self, source_id: str, act: Act) -> Delivered:
        """A client does something on a network."""
        fake = self.fakes[source_id]
        self.said.setdefault(source_id, []).append((len(fake.arrived), act))
        return await fake.act(act)

    async def _told_in_time(self, source_id: str, act: Act) -> None:
        """Play an act of the story and wait until we have it: a mailbox is only looked at now and then."""
        before = await self.gateway.database.read(demo.received, source_id)
        await self.act(source_id, act)
        for _ in range(int(PATIENCE / 0.02)):
            if await self.gateway.database.read(demo.received, source_id) > before:
                return
            await asyncio.sleep(0.02)
        log.warning("the story goes on without an act", source=source_id, doing=act.doing)

    async def _settled(self) -> None:
        """Wait until everything that came in is opened, every lead looked at, and everything due has left."""
        for _ in range(int(PATIENCE / 0.02)):
            if not await self._busy():
                return
            self.gateway.bells.ring_here(["envelopes", "outbox", "live", "router"])
            await asyncio.sleep(0.02)
        log.warning("the story does not wait any longer")

    async def _busy(self) -> bool:
        database, now = self.gateway.database, self.gateway.now()
        waiting = await database.read(demo.waiting) or await database.read(demo.unrouted)
        nameless = await database.read(profiles.nameless, now, 1)
        if waiting or nameless:
            return True
        return any(due <= now for due in (await database.read(sources_with_work)).values())

    async def _watch(self) -> None:
        """A client answers the first reply after some seconds; then a lead comes."""
        await self._told.wait()
        with self.gateway.bells.listening("live") as bell:
            while not (answered := self._answered()):
                await bell.wait(1)
        await self._answer(answered, self.fakes[answered].arrived[-1].to)

    def _answered(self) -> str:
        """The source whose client got an answer in words since the story was told; "" is none."""
        written = ((ref, fake) for ref, fake in self.fakes.items() if "text" in fake.doings)
        return next((ref for ref, fake in written if len(fake.arrived) > self._seen[ref]), "")

    async def _answer(self, source_id: str, ref: str) -> None:
        await asyncio.sleep(FIRST_ANSWER_AFTER)
        client = self.clients.get(ref) or random.choice(list(self.clients.values()))
        await self.act(source_id, Act(client=client, text=self.story["after_first_answer"]["text"]))
        await asyncio.sleep(LEAD_AFTER - FIRST_ANSWER_AFTER)
        lead = self.story["then_lead"]
        await self.act(self.places[lead["on"]], Act(client=self.clients[lead["client"]], text=lead["text"]))

    async def close(self) -> None:
        """Stop the stand-ins."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for fake in self.fakes.values():
            await fake.stop()


def places() -> dict[str, str]:
    """The story's places and the channels that fit them: told apart by what can be done there, not by name."""
    found: dict[str, str] = {}
    for name in channels.names():
        doings, can = channels.fake(name).doings, channels.load(name).capabilities
        if "form" in doings:
            place = "form"
        elif "call_missed" in doings:
            place = "phone"
        elif can.subject:
            place = "mail"
        else:
            place = "messenger1" if "messenger1" not in found else "messenger2"
        found.setdefault(place, name)
    return found


def _people(tx: Transaction, people: list[dict[str, Any]]) -> dict[str, str]:
    """The colleagues of the story, in the first queue."""
    admin = first_start(tx, PRESETS, "Анна (демо)")
    change_member(tx, admin, name="Анна (демо)", needs_setup=0, extension="100")
    change_company(tx, name="Мебель Москва", started_at=tx.now, demo=True)
    return {"anna": admin, **demo.add_people(tx, people)}


async def set_up(gateway: Gateway, address: str) -> Stage:
    """Open the stage and, on an empty installation, play the story."""
    gateway.sources.assume(address)
    stage = Stage(gateway, address)
    await stage.open()
    if not await gateway.database.read(demo.played):
        await stage.play()
    else:
        stage.go_on()
    STAGES[id(gateway.database)] = stage
    return stage


STAGES: dict[int, Stage] = {}
