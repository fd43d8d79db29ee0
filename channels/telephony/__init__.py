"""Telephone systems: a call is one message whose state grows with the facts we hear of it.

What surprises:
- Which system it is, is a setting; each is a file in `providers/`. `generic` knows any other by a mapping,
  which is data.
- No Russian system documents that it sends an event again: what is not taken at once is lost.
- Events of one call come in any order, doubled, and out of time. Facts only say what was told;
  `routing.calls` makes the call of them.
- A leg that ends says nothing of the call: in a group everybody but one "misses" it.
- The employee who picks up a click-to-call has not answered anybody.
- A call is answered by calling back: `send` refuses.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from typing import ClassVar

import orjson

from channels.base import (
    Account,
    Admitted,
    Capabilities,
    Check,
    Envelope,
    PolledEnvelope,
    Reply,
    RouteAnswer,
    WebhookChannel,
)
from channels.events import Event
from channels.pages import Leaf, Learner, Trial
from channels.telephony.guessing import Guess, leaves_of
from channels.telephony.lessons import mapping_of, read_lessons
from channels.telephony.mapping import read_plan
from channels.telephony.providers import Provider, load
from channels.telephony.values import BadMapping
from channels.telephony.wire import is_loopback

NO_CALLS = Capabilities(reply=False, answered_by=("phone",), enter_sends=False, answer_minutes=15)
CALLS = Capabilities(reply=False, answered_by=("phone",), call=True, enter_sends=False, answer_minutes=15)


OWN: Mapping[str, str] = {"provider": "generic", "preset": "own"}


class Telephony(WebhookChannel, Learner):
    """One account at a telephone system."""

    capabilities: ClassVar[Capabilities] = NO_CALLS
    secrets: ClassVar[tuple[str, ...]] = (
        "vpbx_api_key", "vpbx_api_salt", "secret", "crm_token", "api_key", "api_secret", "api_token",
    )  # fmt: skip

    design: ClassVar[str] = "mapping"
    along: ClassVar[Mapping[str, str]] = OWN

    def __init__(self, account: Account) -> None:
        """Raises KeyError for a system that there is no file of."""
        super().__init__(account)
        self._provider: Provider = load(account.settings.get("provider") or "mango")(account)

    def can(self) -> Capabilities:
        can = CALLS if self._provider.calls else NO_CALLS
        return replace(can, history=self._provider.keeps_history)

    def admit(self, envelope: Envelope) -> Admitted:
        return self._provider.admit(envelope)

    def answer(self, answer: RouteAnswer) -> Reply:
        return self._provider.answer(answer)

    async def steer(self, command: str, answer: RouteAnswer) -> None:
        await self._provider.steer(command, answer)

    def parse(self, envelope: Envelope) -> tuple[Event, ...]:
        return self._provider.parse(envelope)

    async def call(self, member: str, number: str, key: str) -> str:
        return await self._provider.call(member, number, key)

    def history(self, since: int, until: int) -> AsyncIterator[PolledEnvelope]:
        return self._provider.history(since, until)

    def download(self, ref: str) -> AsyncIterator[bytes]:
        return self._provider.download(ref)

    async def check(self) -> Sequence[Check]:
        """The provider's own check, and whether it can reach us: a system on this machine needs no public
        address."""
        found = tuple(await self._provider.check())
        reachable = bool(self.account.hook_url) or is_loopback(self.settings.get("api_base", ""))
        return (*found, Check(code="hook_reachable" if reachable else "no_public_url", ok=reachable))

    @property
    def learns(self) -> bool:
        return self.settings.get("provider") == "generic"

    def examine(self, content: str) -> Sequence[Check]:
        try:
            plan = read_plan(content)
        except BadMapping as fault:
            return (Check(code=fault.code, ok=False, detail=fault.where),)
        return (Check(code="mapping_ready", ok=True, detail=plan.name),)

    def leaves(self, envelope: Envelope) -> tuple[Leaf, ...]:
        return leaves_of(envelope)

    def guess(self, trials: Sequence[Trial], members: frozenset[str]) -> str:
        return orjson.dumps(Guess(trials, members).lessons()).decode()

    def designed(self, lessons: str) -> str:
        mapping = mapping_of(read_lessons(lessons))
        return orjson.dumps(mapping, option=orjson.OPT_INDENT_2).decode()

    def read_by(self, content: str, envelope: Envelope) -> tuple[Event, ...]:
        read_plan(content)
        tried = replace(self.account, settings={**self.settings, **OWN, "mapping": content})
        return Telephony(tried).parse(envelope)

    async def close(self) -> None:
        await self._provider.close()


CHANNEL = Telephony
