"""Is the journal still what it was when it was sealed?

Walks the chain: every link's digest, its place behind the one before, its signature; then every envelope against its link. What
was erased or removed must be named by a link; whatever else is missing, altered or inserted is a problem.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias

from gateway.context import Gateway
from gateway.sealer import Signer, digest_of_file, signer_of
from storage import seal
from storage.seal import NOTHING, Kept, Link

LINKS: Final = 50
MOST: Final = 1000
"""Problems listed; more are only counted."""

ProblemKind: TypeAlias = Literal[
    "link_missing",
    "link_altered",
    "signature",
    "envelope_missing",
    "envelope_altered",
    "envelope_inserted",
    "body_missing",
    "erasure_unproven",
    "body_back",
    "chain_cut",
]


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is not as it was sealed: its kind, the link, and the envelope if it is about one."""

    kind: ProblemKind
    link: int
    envelope: int | None = None


@dataclass(slots=True)
class Verification:
    """What a walk found. `head` and `digest` name the newest link: keep them, and a cut chain will show."""

    links: int = 0
    envelopes: int = 0
    erased: int = 0
    removed: int = 0
    unread: int = 0
    """Envelopes of links whose bodies were not read again this time."""
    head: int = 0
    digest: str = ""
    found: int = 0
    problems: list[Problem] = field(default_factory=list)

    def note(self, kind: ProblemKind, link: int, envelope: int | None = None) -> None:
        self.found += 1
        if len(self.problems) < MOST:
            self.problems.append(Problem(kind, link, envelope))


async def verify(
    gateway: Gateway, *, bodies_from: int = 0, anchors: Sequence[tuple[int, str]] = ()
) -> Verification:
    """Walk the whole chain; read envelopes again from link `bodies_from` on.

    `anchors` are (link, digest) told by earlier certificates: the chain must still hold them.
    """
    found = Verification()
    sign = await signer_of(gateway)
    walk = _Walk(gateway, sign, found, await gateway.database.read(seal.removed), dict(anchors))
    async for link in _links(gateway):
        await walk.link(link, bodies=link.id >= bodies_from)
    for number in walk.anchors:
        found.note("chain_cut", number)
    return found


async def _links(gateway: Gateway) -> AsyncIterator[Link]:
    after = 0
    while links := await gateway.database.read(seal.links_after, after, LINKS):
        for link in links:
            yield link
        after = links[-1].id


class _Walk:
    """The state of one walk: the link before, how far envelopes are sealed, which erasures were seen."""

    def __init__(
        self, gateway: Gateway, sign: Signer, found: Verification, removed: set[int], anchors: dict[int, str]
    ) -> None:
        self._gateway = gateway
        self._sign = sign
        self._found = found
        self._removed = removed
        self.anchors = anchors
        """Those that have not been met yet."""
        self._before: Link | None = None
        self._sealed = 0
        self._erasures: dict[int, frozenset[int]] = {}

    async def link(self, link: Link, *, bodies: bool) -> None:
        """Check one link and what it names."""
        found, before = self._found, self._before
        if link.id != (before.id if before else 0) + 1 or link.previous != (
            before.digest if before else NOTHING
        ):
            found.note("link_missing", link.id)
        if link.computed() != link.digest:
            found.note("link_altered", link.id)
        if not self._sign.proves(link.signature, link.digest):
            found.note("signature", link.id)
        if self.anchors.pop(link.id, link.digest.hex()) != link.digest.hex():
            found.note("chain_cut", link.id)
        found.links, found.head, found.digest = found.links + 1, link.id, link.digest.hex()
        self._before = link
        match link.kind:
            case "sealed":
                await self._envelopes(link, bodies=bodies)
            case "erased":
                found.erased += link.count
            case "removed":
                found.removed += link.count

    async def _envelopes(self, link: Link, *, bodies: bool) -> None:
        after, self._sealed = self._sealed, link.last
        if not bodies:
            self._found.unread += link.count
            return
        rows = {row.id: row for row in await self._gateway.database.read(seal.between, after, link.last)}
        for number, came, facts in link.sealed():
            row = rows.pop(number, None)
            if row is not None:
                self._found.envelopes += 1
                await self._envelope(link, row, came, facts)
            elif number not in self._removed:
                self._found.note("envelope_missing", link.id, number)
        for number in rows:
            self._found.note("envelope_inserted", link.id, number)
        await asyncio.sleep(0)

    async def _envelope(self, link: Link, row: Kept, came: bytes, facts: bytes) -> None:
        if row.facts() != facts:
            self._found.note("envelope_altered", link.id, row.id)
        elif row.erased_by is not None:
            if row.body is not None or row.body_file is not None:
                self._found.note("body_back", link.id, row.id)
            elif row.id not in await self._erased(row.erased_by):
                self._found.note("erasure_unproven", link.id, row.id)
        elif row.body is None and row.body_file is None:
            self._found.note("body_missing", link.id, row.id)
        else:
            digest = await digest_of_file(self._gateway, row) if row.body is None else row.came()
            if digest == NOTHING:
                self._found.note("body_missing", link.id, row.id)
            elif digest != came:
                self._found.note("envelope_altered", link.id, row.id)

    async def _erased(self, number: int) -> frozenset[int]:
        """The envelopes that an erasing link names; none when there is no such link of ours."""
        if number not in self._erasures:
            link = await self._gateway.database.read(seal.link, number)
            proven = (
                link is not None
                and link.kind == "erased"
                and link.computed() == link.digest
                and self._sign.proves(link.signature, link.digest)
            )
            self._erasures[number] = frozenset(link.named()) if link is not None and proven else frozenset()
        return self._erasures[number]
