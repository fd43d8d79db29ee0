"""Which telephone systems do we understand?

A system is a file here with a class `PROVIDER`. The file's name is what the setting `provider` says;
nothing else registers it.
"""

from __future__ import annotations

import abc
import importlib
from collections.abc import AsyncIterator, Sequence
from functools import cache
from pathlib import Path
from typing import ClassVar, cast

from channels.base import OK, Account, Admitted, Check, Envelope, PolledEnvelope, Reply, RouteAnswer
from channels.errors import Refused
from channels.events import CallFact


class Provider(abc.ABC):
    """One account at one telephone system. Making one opens nothing."""

    calls: ClassVar[bool] = False
    """Whether we can place calls through it."""
    keeps_history: ClassVar[bool] = False
    """Whether it can be asked which calls there were."""

    def __init__(self, account: Account) -> None:
        self.account = account
        self.region = account.settings.get("region") or "RU"

    @abc.abstractmethod
    def admit(self, envelope: Envelope) -> Admitted:
        """As WebhookChannel.admit."""

    @abc.abstractmethod
    def parse(self, envelope: Envelope) -> tuple[CallFact, ...]:
        """As Channel.parse."""

    def answer(self, answer: RouteAnswer) -> Reply:
        """As WebhookChannel.answer."""
        return OK

    async def steer(self, command: str, answer: RouteAnswer) -> None:
        """As WebhookChannel.steer."""
        raise Refused("this telephone system steers no calls for us", code="cannot_call")

    async def call(self, member: str, number: str, key: str) -> str:
        """As Channel.call."""
        raise Refused("this telephone system places no calls for us", code="cannot_call")

    def history(self, since: int, until: int) -> AsyncIterator[PolledEnvelope]:
        """As Channel.history."""
        raise Refused("this telephone system keeps no history for us", code="no_history")

    @abc.abstractmethod
    def download(self, ref: str) -> AsyncIterator[bytes]:
        """As Channel.download."""

    @abc.abstractmethod
    async def check(self) -> Sequence[Check]:
        """As Channel.check."""

    async def close(self) -> None:
        """Release connections."""


@cache
def names() -> tuple[str, ...]:
    """The systems there are, sorted."""
    files = Path(__file__).parent.glob("*.py")
    return tuple(sorted(file.stem for file in files if not file.stem.startswith("_")))


@cache
def load(name: str) -> type[Provider]:
    """The system's class. Raises KeyError for a name that is no file here."""
    if name not in names():
        raise KeyError(name)
    return cast(type[Provider], importlib.import_module(f"{__name__}.{name}").PROVIDER)
