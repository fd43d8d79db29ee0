"""Who guards the journal's past? Seals what was committed, proves it, and takes out what must go.

One sealer an installation, by lease, beside the work and never in its way: nothing waits for a seal.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final

import structlog
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from gateway.context import Gateway
from gateway.vault import VaultClosed
from routing.times import DAY, SECOND
from storage import erasing, seal, signing
from storage.errors import Conflict
from storage.gaps import Numbered, Numbering
from storage.seal import NOTHING, Horizon, Kept, Link

log = structlog.get_logger(__name__)
AGE: Final = 60 * SECOND
"""A group that is not full is sealed once its oldest envelope is so old."""
PATIENCE: Final = 20.0


class Signer:
    """The installation's signature. The seed lies in the database, closed with the installation's secret keys."""

    def __init__(self, key: Ed25519PrivateKey, known: Sequence[str]) -> None:
        self._key = key
        self.public = key.public_key().public_bytes_raw().hex()
        self._known = [Ed25519PublicKey.from_public_bytes(bytes.fromhex(one)) for one in known]

    def __call__(self, digest: bytes) -> bytes:
        return self._key.sign(digest)

    def proves(self, signature: bytes, digest: bytes) -> bool:
        """Whether this installation signed it, with its present key or an earlier one."""
        for key in self._known:
            try:
                key.verify(signature, digest)
            except InvalidSignature:
                continue
            return True
        return False


async def signer_of(gateway: Gateway) -> Signer:
    """The installation's signer; its key is made at the first use, and anew when the secret keys were lost."""
    for _ in range(2):
        rows = await gateway.database.read(signing.keys)
        for row in reversed(rows):
            try:
                seed = bytes.fromhex(gateway.vault.open(row["sealed"])["seed"])
            except (VaultClosed, KeyError, ValueError):
                continue
            return Signer(Ed25519PrivateKey.from_private_bytes(seed), [one["public"] for one in rows])
        fresh = Ed25519PrivateKey.generate()
        closed = gateway.vault.seal({"seed": fresh.private_bytes_raw().hex()})
        public = fresh.public_key().public_bytes_raw().hex()
        await gateway.database.write(signing.add_key, public, closed, len(rows))
        if rows:
            log.warning("signing key cannot be opened, a new one signs from now on")
    raise VaultClosed("the signing key cannot be opened")


async def seal_up(gateway: Gateway) -> int:
    """Seal all that is committed now; how many envelopes. Waits for those who are writing, for some seconds."""
    seen = await gateway.database.read(seal.horizon)
    waited = 0.0
    while not await gateway.database.read(seal.final, seen):
        if waited > PATIENCE:
            return 0
        await asyncio.sleep(0.05)
        waited += 0.05
    return await seal_until(gateway, seen, whole=True)


async def seal_until(gateway: Gateway, seen: Horizon, *, whole: bool) -> int:
    """Seal group by group up to a horizon that is final; how many. Not `whole`: leave a young group for later."""
    sign = await signer_of(gateway)
    count = 0
    while True:
        after = await gateway.database.read(seal.sealed_up_to)
        group = await gateway.database.read(seal.group_after, after, seen.top)
        young = len(group) < seal.GROUP and bool(group) and gateway.now() - group[0].received_at < AGE
        if not group or (young and not whole):
            return count
        leaves = await _leaves(gateway, group)
        numbered = [
            Numbered(row.source_id, row.number, row.received_at) for row in group if row.number is not None
        ]
        try:
            await gateway.database.write(seal.seal_group, after, leaves, numbered, _rules(gateway), sign)
        except Conflict:
            continue  # another was faster: go on behind it
        count += len(group)
        await asyncio.sleep(0)


def _rules(gateway: Gateway) -> dict[str, Numbering]:
    """What the numbers of each source mean, as its channel says."""
    rules = {}
    for live in gateway.sources.all():
        can = live.channel.can()
        if can.numbering:
            rest = int(can.numbering_rest_days * DAY)
            rules[live.row.id] = Numbering(strict=can.numbering == "strict", rest=rest)
    return rules


async def _leaves(gateway: Gateway, group: Sequence[Kept]) -> list[tuple[int, bytes, bytes]]:
    """The digests of a group, computed on a thread; large bodies are read as a stream."""
    filed = {row.id: await digest_of_file(gateway, row) for row in group if row.body_file is not None}

    def compute() -> list[tuple[int, bytes, bytes]]:
        return [(row.id, filed[row.id] if row.id in filed else row.came(), row.facts()) for row in group]

    return await asyncio.to_thread(compute)


async def digest_of_file(gateway: Gateway, row: Kept) -> bytes:
    """The digest of an envelope whose body lies in the file store; NOTHING when the file is gone."""
    begun = row.begun()
    try:
        async for chunk in gateway.files.stream(row.body_file or ""):
            begun.update(chunk)
    except FileNotFoundError:
        log.error("body of an envelope is gone", envelope=row.id)
        return NOTHING
    return bytes(begun.digest())


async def erase(
    gateway: Gateway, ids: Sequence[int], reason: erasing.Reason, member_id: str | None = None
) -> int:
    """Take the words out of these envelopes for good; how many. Those still waiting to be opened are passed over."""
    if not ids:
        return 0
    if max(ids) > await gateway.database.read(seal.sealed_up_to):
        await seal_up(gateway)
    sign = await signer_of(gateway)
    link, unused = await gateway.database.write(erasing.erase, ids, reason, member_id, sign)
    for digest in unused:
        await gateway.files.remove(digest)
    return _count(link)


def _count(link: Link | None) -> int:
    return 0 if link is None else link.count
