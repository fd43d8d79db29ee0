"""What stands in a letter before a person writes a word, and what goes out with their words?

Whom an answer goes to, its subject, the signature and the quoted original are worked out here, once, for the composer
and for programs alike; what is accepted is frozen with the message.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, tzinfo
from email.utils import parseaddr
from typing import Any, Literal, TypeAlias
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from channels.base import OutboundMessage, QuotedLetter, Recipient
from gateway.clock import new_id
from gateway.context import Gateway
from gateway.refusals import Refusal
from gateway.sources import Live
from routing.threads import answering, forwarding
from routing.times import SECOND
from storage import company, posting
from storage.letters import Addressee, Letter
from storage.team import Account

Way: TypeAlias = Literal["reply", "all", "forward", "new"]
ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63})+")
MOST_REFERENCES = 30
LONGEST_QUOTE = 200_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Wish:
    """How a person wants a letter addressed. `quote` is the message that is repeated below."""

    to: tuple[Addressee, ...]
    subject: str
    quote: str | None = None
    forward: bool = False
    carried: tuple[str, ...] = ()
    """Attachments of the quoted letter that go along."""
    signed: bool = True
    inline: frozenset[str] = field(default_factory=frozenset)


@dataclass(frozen=True, kw_only=True, slots=True)
class Blank:
    """A letter that nobody has written yet."""

    way: Way
    sender: str
    to: tuple[Addressee, ...]
    subject: str
    signature: str
    quote: str | None
    quoted: str
    """The beginning of what is repeated, for the screen."""
    files: tuple[Mapping[str, Any], ...]


def as_letter(
    message: OutboundMessage, letter: Mapping[str, Any], waiting: tuple[str, ...]
) -> OutboundMessage:
    """The outgoing message with what its part keeps of the letter."""
    quoted = letter.get("quoted")
    return replace(
        message,
        recipients=tuple(Recipient(**one) for one in letter["recipients"]),
        waiting=waiting,
        subject=letter["subject"],
        signature=letter["signature"],
        references=tuple(letter["references"]),
        reply_to=letter["answers"],
        quoted=None if quoted is None else QuotedLetter(**quoted),
    )


def posts(live: Live) -> bool:
    """Whether what is said on this source is a letter with addressees."""
    return live.channel.can().recipients > 0


async def blank(
    gateway: Gateway,
    account: Account,
    live: Live,
    way: Way,
    conversation_id: str | None,
    message_id: str | None,
) -> Blank:
    """The letter that answers or hands on a message (None: the newest), or a new one. Raises Refusal."""
    if not posts(live):
        raise Refusal("cannot_answer")
    found = None
    if conversation_id is not None:
        found = await gateway.database.read(posting.letter_of, conversation_id, message_id, way == "forward")
        if found is None and message_id is not None:
            raise Refusal("not_found", 404)
    own = live.channel.own_addresses()
    subject = found.subject if found is not None else ""
    to = () if way in ("forward", "new") else _answered(found, own, everybody=way == "all")
    if not to and way in ("reply", "all") and conversation_id is not None:
        to = tuple(await gateway.database.read(posting.known_addresses, conversation_id))[:1]
    return Blank(
        way=way,
        sender=next(iter(own), ""),
        to=to,
        subject=forwarding(subject) if way == "forward" else answering(subject) if subject else "",
        signature=await signature(gateway, account, live, to[0].name if to else ""),
        quote=found.id if found is not None and way != "new" else None,
        quoted=" ".join(found.text[:600].split())[:200] if found is not None else "",
        files=tuple(found.files) if found is not None and way == "forward" else (),
    )


def _answered(
    found: posting.Original | None, own: Sequence[str], *, everybody: bool
) -> tuple[Addressee, ...]:
    """Whom an answer goes to: who wrote (or to whom we wrote), and with `everybody` all the others too."""
    if found is None:
        return ()
    first = found.author if found.inbound else [one for one in found.to if one.kind == "to"]
    people = [replace(one, kind="to") for one in first]
    if everybody:
        people += [replace(one, kind="to") for one in found.to if one.kind == "to"]
        people += [replace(one, kind="cc") for one in found.to if one.kind == "cc"]
    unique = {one.address: one for one in reversed(people) if one.address not in own}
    return tuple(reversed(unique.values()))


async def signature(gateway: Gateway, account: Account, live: Live, client: str) -> str:
    """What stands below: the source's own words with the member's, filled in."""
    own = str(account.prefs.get("signature", ""))
    house = await gateway.database.read(company.company)
    values = {"member": account.name, "own": own, "client": client, "company": str(house.get("name", ""))}
    template = live.channel.signature() or "{own}"
    return re.sub(r"\{(\w+)\}", lambda found: values.get(found[1], found[0]), template).strip()


async def letter_for(
    gateway: Gateway, account: Account, live: Live, conversation_id: str | None, wish: Wish | None
) -> Letter | None:
    """What is frozen with a message to this source; None: it knows no letters. Without a wish: an ordinary answer."""
    if not posts(live):
        if wish is not None:
            raise Refusal("bad_request", 422, field="letter")
        return None
    if wish is None:
        form = await blank(gateway, account, live, "reply", conversation_id, None)
        wish = Wish(to=form.to, subject=form.subject, quote=form.quote)
    people = checked(wish.to, live.channel.can().recipients)
    original = None
    if wish.quote is not None:
        original = await gateway.database.read(posting.letter_of, None, wish.quote, True)
        if original is None:
            raise Refusal("bad_request", 422, field="letter.quote")
    signed = await signature(gateway, account, live, people[0].name) if wish.signed else ""
    answers = original is not None and not wish.forward
    return Letter(
        recipients=people,
        subject=" ".join(wish.subject.split())[:500],
        signature=signed,
        references=_references(original) if original is not None and answers else (),
        answers=original.external_id if original is not None and answers else "",
        quoted=None if original is None else _quoted(original, await _zone(gateway), forwarded=wish.forward),
        carried=tuple(_carried(original, wish.carried)) if original is not None else (),
        inline=wish.inline,
    )


def checked(people: Iterable[Addressee], most: int) -> tuple[Addressee, ...]:
    """Addressees as they are kept, each once. Raises Refusal no_recipient, bad_address or too_many_recipients."""
    found: dict[str, Addressee] = {}
    for one in people:
        address = normal(one.address)
        if not ADDRESS.fullmatch(address):
            raise Refusal("bad_address", 422, address=one.address[:200])
        found.setdefault(address, replace(one, address=address, name=" ".join(one.name.split())[:200]))
    if not found:
        raise Refusal("no_recipient", 422)
    if len(found) > most:
        raise Refusal("too_many_recipients", 422, limit=most)
    return tuple(found.values())


def normal(address: str) -> str:
    """Lower case, the domain in ASCII; «Имя <адрес>» gives the address."""
    plain = parseaddr(address)[1] if "<" in address else address
    local, _, domain = plain.strip().rpartition("@")
    try:
        domain = (
            domain.strip(".").encode("idna").decode("ascii") if not domain.isascii() else domain.strip(".")
        )
    except UnicodeError:
        return ""
    return f"{local}@{domain}".lower()


def _references(original: posting.Original) -> tuple[str, ...]:
    """The thread's ids, oldest first; the first and the last ones when there are many."""
    ids = tuple(
        dict.fromkeys([*original.references, *([original.external_id] if original.external_id else [])])
    )
    return ids if len(ids) <= MOST_REFERENCES else (ids[0], *ids[-(MOST_REFERENCES - 1) :])


async def _zone(gateway: Gateway) -> tzinfo:
    house = await gateway.database.read(company.company)
    try:
        return ZoneInfo(str(house.get("timezone") or "UTC"))
    except (ZoneInfoNotFoundError, ValueError):
        return UTC


def _quoted(original: posting.Original, zone: tzinfo, *, forwarded: bool) -> dict[str, Any]:
    from gateway.letters import quotable  # its library is loaded with the first letter

    author = ", ".join(f"{a.name} <{a.address}>" if a.name else a.address for a in original.author)
    html = quotable(original.html) if original.html else ""
    when = datetime.fromtimestamp(original.at / SECOND, zone).strftime("%d.%m.%Y, %H:%M")
    return {
        "author": author or original.author_name, "when": when, "text": original.text[:LONGEST_QUOTE],
        "html": html if len(html) <= LONGEST_QUOTE else "", "subject": original.subject,
        "to": ", ".join(one.address for one in original.to if one.kind == "to")[:1000], "forwarded": forwarded,
    }  # fmt: skip


def _carried(original: posting.Original, wanted: Sequence[str]) -> Iterable[dict[str, Any]]:
    files = {file["id"]: file for file in original.files}
    for ref in wanted:
        file = files.get(ref)
        if file is None:
            raise Refusal("bad_request", 422, field="letter.files")
        if file["state"] != "ready":
            raise Refusal("not_now", reason="file_not_here")
        yield {
            "id": new_id(), "digest": file["digest"], "name": file["name"], "mime": file["mime"],
            "kind": file["kind"], "size": file["size"],
        }  # fmt: skip
