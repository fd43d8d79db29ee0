"""What must every channel's tests tell the shared contract test?

A channel's `tests/channels/<name>/case.py` holds `CASE = ChannelCase(…)`. Its fixtures lie in `fixtures/`
beside it, one file an event: `<event>__<variant>.<ext>`. A name that begins with `broken__` is an
envelope that is proven and must raise PayloadUnreadable when parsed. Files that end in `.expected.json` are
no fixtures.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import channels
from channels.base import Account, Channel, Envelope

RECEIVED_AT = 1_790_000_400_000_000
"""When the fixtures' envelopes came in, microseconds UTC: a little after the times inside them."""
HERE = Path(__file__).parent


def nothing(_: bytes) -> Iterable[Envelope]:
    """No envelope can be made of these bytes."""
    return ()


def unchanged(envelope: Envelope) -> Envelope:
    """The proof lies outside the body, or in a field of it that a test does not touch."""
    return envelope


@dataclass(frozen=True, kw_only=True)
class ChannelCase:
    """One channel under the contract test."""

    account: Account
    """The account that the fixtures belong to."""
    proven: Callable[[Path], Envelope]
    """The fixture as the provider would deliver it, with a true proof. `received_at`: RECEIVED_AT."""
    forged: Callable[[bytes], Iterable[Envelope]] = nothing
    """Envelopes with these bytes that prove nothing: without proof, with a wrong one, with a non-ASCII one,
    with the proof of another account. `admit` must answer each with WebhookRefused. Nothing: the channel is
    only polled, or asks for no proof beyond its address."""
    hostile: Callable[[bytes], Iterable[Envelope]] = nothing
    """Envelopes that carry these bytes with a true proof, as body or, where the proof lies in the body,
    inside it. `admit` must take or refuse them, `parse` must give events or PayloadUnreadable."""
    sign: Callable[[Envelope], Envelope] = unchanged
    """The envelope proven anew after a test changed its body (a signature over the body)."""
    account_for: Callable[[Path], Account] | None = None
    """The account of one fixture, where they belong to several (telephone systems); None: `account`."""
    unproven_fixtures: tuple[Envelope, ...] = ()
    """Further whole requests that `admit` must refuse."""
    ways: tuple[Mapping[str, str], ...] = ({},)
    """Settings laid over the fake's own, one run of the fake's test each: {"mode": "polling"}."""
    skipped_doings: Mapping[str, str] = field(default_factory=dict)
    """Doings of the fake that the generic test cannot judge, and where they are tested instead."""

    def channel(self, name: str, fixture: Path | None = None) -> Channel:
        """A channel object for the fixture's account."""
        account = self.account
        if fixture is not None and self.account_for is not None:
            account = self.account_for(fixture)
        return channels.load(name)(account)


def case_of(name: str) -> ChannelCase:
    """The channel's case. Raises ModuleNotFoundError for a channel without one."""
    return cast(ChannelCase, importlib.import_module(f"tests.channels.{name}.case").CASE)


def fixtures_of(name: str) -> tuple[Path, ...]:
    """The channel's fixture files, sorted."""
    folder = HERE / name / "fixtures"
    found = (path for path in folder.glob("*__*") if not path.name.endswith(".expected.json"))
    return tuple(sorted(path for path in found if path.is_file()))
