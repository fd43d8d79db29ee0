"""Was anything lost? A signed word on what came, what became of it, what is missing, and whether the journal is untouched.

Nothing lost means: every account agrees with its rows, the chain holds, and no network counted events that we never saw. What
waits, is set aside or is of unknown fate is not lost, and is named.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import orjson

from gateway.clock import new_id
from gateway.context import Gateway
from gateway.metrics import BALANCED, CERTIFIED_AT, GAPS, SET_ASIDE, WAITING_AGE
from gateway.sealer import seal_up, signer_of
from gateway.verifying import Verification, verify
from routing.times import SECOND
from storage import certificates
from storage.account import Balance
from storage.certificates import Certificate, Found
from storage.gaps import Gap

FORM: Final = 1
"""Version of the document."""
MOST: Final = 100
"""Gaps and problems listed; all of them are counted."""


async def certify(gateway: Gateway, member_id: str | None = None, *, bodies: bool = True) -> Certificate:
    """Look at everything, sign what was found and keep it. Not `bodies`: trust the bodies that were read before.

    Raises Unavailable.
    """
    began = gateway.now()
    before = await gateway.database.read(certificates.newest, 1)
    await seal_up(gateway)
    anchors = await gateway.database.read(certificates.anchors)
    first = 0 if bodies or not before else before[0].document.get("chain", {}).get("head", 0) + 1
    chain = await verify(gateway, bodies_from=first, anchors=anchors)
    found = await gateway.database.read_whole(certificates.look)
    document = document_of(found, chain, since=before[0].at if before else 0, until=began)
    sign = await signer_of(gateway)
    signature = sign(orjson.dumps(document, option=orjson.OPT_SORT_KEYS)).hex()
    made = Certificate(
        id=new_id(), at=gateway.now(), since=document["since"], until=began, balanced=document["nothing_lost"],
        document=document, signature=signature, public_key=sign.public, member_id=member_id,
    )  # fmt: skip
    await gateway.database.write(certificates.keep, made)
    show(made)
    return made


def document_of(found: Found, chain: Verification, *, since: int, until: int) -> dict[str, Any]:
    """The document, ready to be signed: numbers, ids and codes, never a client's words."""
    by_source: dict[str, list[Gap]] = {}
    for gap in found.gaps:
        by_source.setdefault(gap.source_id, []).append(gap)
    sources = [_source(found, one, by_source.get(one.source_id, [])) for one in found.balances]
    balanced = all(one.balanced for one in found.balances)
    return {
        "form": FORM,
        "since": since,
        "until": until,
        "nothing_lost": balanced and not found.gaps and not chain.found,
        "balanced": balanced,
        "gaps": sum(gap.count for gap in found.gaps),
        "set_aside": sum(many for many, _ in found.aside.values()),
        "chain": _chain(chain),
        "sources": sources,
    }


def _source(found: Found, one: Balance, missing: list[Gap]) -> dict[str, Any]:
    many, oldest = found.aside.get(one.source_id, (0, []))
    return {
        "id": one.source_id,
        "name": found.names.get(one.source_id, ""),
        "account": {name: one.kept[name] for name in sorted(one.kept)},
        "differences": {name: list(pair) for name, pair in sorted(one.differences.items())},
        "waiting_since": found.waiting_since.get(one.source_id),
        "set_aside": {"count": many, "oldest": oldest},
        "gaps": {
            "count": sum(gap.count for gap in missing),
            "spans": [
                {"first": gap.first, "last": gap.last, "after_at": gap.after_at, "before_at": gap.before_at}
                for gap in missing[:MOST]
            ],
        },
    }


def _chain(chain: Verification) -> dict[str, Any]:
    return {
        "links": chain.links,
        "envelopes": chain.envelopes,
        "unread": chain.unread,
        "erased": chain.erased,
        "removed": chain.removed,
        "head": chain.head,
        "digest": chain.digest,
        "found": chain.found,
        "problems": [
            {"kind": one.kind, "link": one.link, "envelope": one.envelope} for one in chain.problems[:MOST]
        ],
    }


def show(made: Certificate) -> None:
    """Let the metrics say what the certificate says."""
    BALANCED.set(int(made.balanced))
    CERTIFIED_AT.set(made.at / SECOND)
    GAPS.set(made.document["gaps"])
    SET_ASIDE.set(made.document["set_aside"])
    oldest = [one["waiting_since"] for one in made.document["sources"] if one["waiting_since"] is not None]
    WAITING_AGE.set(max(0, made.until - min(oldest, default=made.until)) / SECOND)


def lines(made: Certificate) -> Iterable[str]:
    """The certificate in words, for a terminal."""
    document = made.document
    yield f"{'NOTHING LOST' if made.balanced else 'SOMETHING IS WRONG'}  certificate {made.id}"
    for one in document["sources"]:
        account = one["account"]
        yield (
            f"  {one['name'] or one['id']}: received {account['received']} = opened {account['opened']}"
            f" + ignored {account['ignored']} + set aside {account['set_aside']} + waiting {account['waiting']}"
        )
        yield (
            f"    accepted {account['accepted']} = sent {account['sent']} + undelivered {account['undelivered']}"
            f" + failed {account['failed']} + unknown {account['unknown']} + cancelled {account['cancelled']}"
            f" + waiting {account['leaving']}"
        )
        for name, (kept, counted) in one["differences"].items():
            yield f"    WRONG {name}: the account says {kept}, the rows {counted}"
        for span in one["gaps"]["spans"]:
            yield f"    MISSING the network's numbers {span['first']}..{span['last']} never came"
        for row in one["set_aside"]["oldest"]:
            yield f"    set aside: event {row['envelope']} {row['error']}"
    chain = document["chain"]
    yield (
        f"  chain: {chain['links']} links, {chain['envelopes']} events read again, {chain['erased']} erased,"
        f" head {chain['head']} {chain['digest'][:16]}"
    )
    for problem in chain["problems"]:
        yield f"    WRONG {problem['kind']} at link {problem['link']}, event {problem['envelope']}"
    yield f"  signed {made.signature[:32]}… by {made.public_key[:16]}…"
