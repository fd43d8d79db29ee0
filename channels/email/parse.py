"""What happened, going by this letter?

Order of the questions: ours? a bounce? a receipt? a machine's? spam? else a person wrote. The thread of a
letter is its oldest known ancestor together with who wrote it: the same for all letters of one exchange in
whatever order they come, and out of reach for a stranger who copies the ids.
"""

from __future__ import annotations

import hashlib
import re

from channels.base import Envelope
from channels.email import classify, letter, reply
from channels.email.headers import Address, addresses, date_of, message_ids, normal, text_of, thread_index
from channels.email.ids import PROBE, key_of, ours_in_address
from channels.email.mailbox import Mailbox
from channels.email.mime import Part, split
from channels.email.signature import signed
from channels.errors import PayloadUnreadable
from channels.events import (
    Attachment,
    DeliveryUpdate,
    Event,
    Identity,
    InboundMessage,
    MailHeaders,
    Micros,
    Nature,
    OutgoingSeen,
    Person,
    WeakThread,
)

NAMELESS = "letter"
"""Identity kind of a writer who left no address: each such letter stands for itself."""
LONGEST_SUBJECT = 500
LONGEST_THREAD = 500
TEN_YEARS = 10 * 365 * 86_400 * 1_000_000
YEAR_2000 = 946_684_800_000_000
DAY = 86_400 * 1_000_000
LONGEST_MARKED = 400_000
MOST_PEOPLE = 100
SHORTEST_SUBJECT = 4
_GENERIC = (
    "заказ|вопрос|без темы|(без темы)|заявка|счет|счёт|документы|привет|здравствуйте|добрый день|hello|question|order"
    "|invoice|no subject|(no subject)|test|тест"
)
GENERIC = frozenset(_GENERIC.split("|"))
"""Subjects that tell two letters of one person not apart."""
CAME_TO = ("x-original-to", "delivered-to", "envelope-to", "x-gm-original-to", "x-forwarded-to", "to", "cc")
_MARK = re.compile(r'data-gw="([^"\s]{10,400})"')
WHOLE = "whole:"
"""Prefix of the ref of a letter that was not kept whole: it can still be fetched from the mailbox."""


def parse(envelope: Envelope, mailbox: Mailbox, secret: str) -> tuple[Event, ...]:
    """The facts in one letter. Raises PayloadUnreadable when it is no letter at all."""
    root = split(envelope.body)
    if not root.fields:
        raise PayloadUnreadable("no header field in it")
    read = _Letter(root, envelope, mailbox, secret)
    if read.key is not None:
        return () if read.key.startswith(PROBE) else read.outgoing()
    if envelope.headers.get("role") == "sent":
        return read.outgoing() if read.from_us and not classify.automatic(root, read.subject) else ()
    return read.reported() or (read.message(),)


class _Letter:
    """One letter while it is read."""

    def __init__(self, root: Part, envelope: Envelope, mailbox: Mailbox, secret: str) -> None:
        self.root, self.envelope, self.mailbox, self.secret = root, envelope, mailbox, secret
        self.subject = text_of(root.header("subject"))[:LONGEST_SUBJECT]
        self.senders = addresses(root.headers("from"))
        told = next(iter(message_ids(root.headers("message-id"))), "")
        minted = key_of(secret, told)
        self.key = minted if self.from_us else None
        """The outbox key of a letter that we sent from here; None: it is another's."""
        # A stranger may have copied our id: under it the letter would be taken for one we know.
        own_name = bool(told) and (minted is None or self.key is not None)
        self.external_id = told if own_name else f"sha256:{hashlib.sha256(envelope.body).hexdigest()}"
        self.answered = message_ids(root.headers("in-reply-to"))
        self.references = message_ids(root.headers("references"))
        self.cut = int(envelope.headers.get("cut", "0") or "0")
        self.withheld = "withheld" in envelope.headers
        self.content = letter.read(root, subject=self.subject, answers=bool(self.answered or self.references))

    @property
    def from_us(self) -> bool:
        return bool(self.senders) and self.senders[0].email in self.mailbox.aliases

    def reported(self) -> tuple[Event, ...]:
        """What a bounce or a receipt tells about a letter of ours; () when this is none, or not about
        ours."""
        imported = self.envelope.headers.get("imported") == "1"
        bounce = classify.bounce_of(self.root, self.content.text)
        if bounce is not None and bounce.failed and not imported:
            for original in bounce.originals:
                if key_of(self.secret, original) is not None:
                    return tuple(
                        DeliveryUpdate(
                            state="undelivered", at=self.at, external_id=original, reason=bounce.failure,
                            hard=bounce.hard, address=address, detail=bounce.detail,
                        )
                        for address in bounce.recipients or ("",)
                    )  # fmt: skip
        receipt = classify.receipt_of(self.root)
        if receipt and not imported and key_of(self.secret, receipt) is not None:
            return (DeliveryUpdate(state="read", at=self.at, external_id=receipt),)
        return ()

    def message(self) -> InboundMessage:
        """A client's letter, or a machine's."""
        sender = classify.answers_to(self.root, self._sender(), self.mailbox.aliases)
        person = _person(sender, self.external_id, text_of(self.root.header("from"))[:200])
        return InboundMessage(
            external_id=self.external_id,
            thread=self._thread(person.identity.value),
            also_threads=self._also(),
            proven=self._proven(),
            weak_threads=self._weak(person.identity.value),
            sender=person,
            at=self.at,
            seq=self._uid,
            kind="mail",
            subject=self.subject,
            text=self.content.new,
            html=self.content.html,
            attachments=self._files(),
            reply_to=(self.answered or self.references[-1:] or ("",))[0],
            nature=self._nature(sender),
            mail=self._headers(),
            signed=signed(self.content.text),
            unsupported=self._unsupported(),
        )

    def outgoing(self) -> tuple[Event, ...]:
        """A letter that one of ours wrote, here or in another program. Without anybody to write to it is
        nothing."""
        to = [*addresses(self.root.headers("to")), *addresses(self.root.headers("cc"))]
        others = [one for one in to if one.email not in self.mailbox.aliases]
        if not others or self.envelope.headers.get("imported") == "1":
            return ()
        person = _person(others[0], self.external_id, "")
        return (
            OutgoingSeen(
                external_id=self.external_id,
                thread=self._thread(person.identity.value),
                also_threads=self._also(),
                proven=self._proven(),
                weak_threads=self._weak(person.identity.value),
                to=person,
                at=self.at,
                seq=self._uid,
                kind="mail",
                subject=self.subject,
                text=self.content.new,
                html=self.content.html,
                attachments=self._files(),
                author=self.senders[0].name if self.senders else "",
                reply_to=(self.answered or self.references[-1:] or ("",))[0],
                mail=self._headers(),
            ),
        )

    @property
    def at(self) -> Micros:
        """When the mailbox got it: the order people saw. Else the letter's own date, if it can be true."""
        told = self.envelope.headers.get("internaldate", "")
        received = self.envelope.received_at
        if told.isdecimal() and len(told) < 18 and int(told) > YEAR_2000:
            return min(int(told), received + DAY)
        date = date_of(self.root.header("date"))
        return date if date is not None and received - TEN_YEARS < date <= received else received

    @property
    def _uid(self) -> int:
        uid = self.envelope.headers.get("uid", "")
        return int(uid) if uid.isdecimal() and len(uid) < 12 else 0

    def _sender(self) -> Address | None:
        named = addresses(self.root.headers("sender")) if len(self.senders) > 1 else ()
        found = (*named, *self.senders)
        return found[0] if found else None

    def _thread(self, person: str) -> str:
        ancestor = (self.references or self.answered or (self.external_id,))[0]
        thread = f"{ancestor}~{person}"
        if len(thread) > LONGEST_THREAD:
            return f"sha256:{hashlib.sha256(thread.encode('utf-8', 'surrogatepass')).hexdigest()}"
        return thread

    def _also(self) -> tuple[str, ...]:
        """Every letter it refers to, the surest first: by the address it came to, by what it answers, by our mark in
        what it quotes."""
        came_to = (ours_in_address(self.secret, one.email, self.mailbox.domain) for one in self._came_to())
        marks = _MARK.findall(self.content.html[:LONGEST_MARKED])[:20]
        marked = [mark for mark in marks if key_of(self.secret, mark) is not None]
        named = [*filter(None, came_to), *self.answered, *reversed(self.references), *marked]
        return tuple(one for one in dict.fromkeys(named) if one != self.external_id)

    def _proven(self) -> frozenset[str]:
        """Ids of ours: nobody makes them up, so whoever names one was written to."""
        return frozenset(one for one in self._also() if key_of(self.secret, one) is not None)

    def _came_to(self) -> tuple[Address, ...]:
        return addresses([value for name in CAME_TO for value in self.root.headers(name)])

    def _weak(self, person: str) -> tuple[WeakThread, ...]:
        """Exchange's mark of a thread, and the subject between the same people."""
        found = []
        index = thread_index(text_of(self.root.header("thread-index")))
        if index:
            found.append(WeakThread(key=f"index:{index}~{person}"[:LONGEST_THREAD], days=90))
        subject = reply.bare_subject(self.subject).lower()
        if len(subject) >= SHORTEST_SUBJECT and subject not in GENERIC:
            digest = hashlib.sha256(f"{subject}~{person}".encode("utf-8", "surrogatepass")).hexdigest()
            found.append(
                WeakThread(key=f"subject:{digest}", days=14, asked=bool(reply.PREFIX.match(self.subject)))
            )
        return tuple(found)

    def _nature(self, sender: Address | None) -> Nature | None:
        headers = self.envelope.headers
        if headers.get("imported") == "1":
            return "imported"
        bounced = classify.bounce_of(self.root, self.content.text) is not None
        if (
            bounced
            or classify.receipt_of(self.root) is not None
            or classify.automatic(self.root, self.subject)
        ):
            return "automatic"
        if sender is not None and sender.email in self.mailbox.aliases:
            return "automatic"  # our own address outside Sent: a reminder to oneself, or a forgery
        return "spam" if headers.get("role") == "junk" or classify.marked_spam(self.root) else None

    def _headers(self) -> MailHeaders:
        root = self.root
        return MailHeaders(
            sender=str(self.senders[0]) if self.senders else text_of(root.header("from"))[:300],
            to=tuple(map(str, addresses(root.headers("to"))[:50])),
            cc=tuple(map(str, addresses(root.headers("cc"))[:50])),
            reply_to=", ".join(map(str, addresses(root.headers("reply-to"))[:5])),
            references=tuple(dict.fromkeys([*self.references, *self.answered])),
            others=self._others(),
            mark=self._mark(),
        )

    def _mark(self) -> str:
        """Who wrote, when and about what, as it stands in the header: the same wherever the letter is found."""
        told = b"\0".join(self.root.header(name) for name in ("from", "date", "subject"))
        return hashlib.sha256(told).hexdigest()[:16]

    def _others(self) -> tuple[str, ...]:
        names = ("from", "reply-to", "to", "cc")
        found = addresses([value for name in names for value in self.root.headers(name)])
        return tuple(one.email for one in found if one.email not in self.mailbox.aliases)[:MOST_PEOPLE]

    def _files(self) -> tuple[Attachment, ...]:
        if not (self.cut or self.withheld):
            return self.content.files
        headers = self.envelope.headers
        ref = f"{WHOLE}{headers.get('validity', '')}:{self._uid}:{headers.get('folder', '')}"
        told = headers.get("withheld", "")
        size = int(told) if told.isdecimal() and len(told) < 12 else self.cut
        return (Attachment(kind="file", ref=ref, name="letter.eml", mime="message/rfc822", size=size),)

    def _unsupported(self) -> str:
        """Why some of it cannot be shown; "" when all can."""
        if self.withheld:
            return "letter_not_given"
        if self.cut:
            return "letter_too_large"
        if self.content.sealed:
            return "letter_encrypted"
        if self.content.clipped:
            return "letter_too_many_parts"
        nothing = not (self.content.new.strip() or self.content.html or self.content.files or self.subject)
        return "letter_empty" if nothing else ""


def _person(address: Address | None, external_id: str, told: str) -> Person:
    if address is None:
        digest = hashlib.sha256(external_id.encode("utf-8", "surrogatepass")).hexdigest()[:32]
        return Person(identity=Identity(kind=NAMELESS, value=digest), name=told)
    return Person(identity=Identity(kind="email", value=normal(address.email)), name=address.name)
