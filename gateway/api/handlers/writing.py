"""How does a person write? Answers, notes, drafts, and what to do with what did not leave."""

from __future__ import annotations

import re
from typing import Literal

from pydantic import Field

from channels.events import SpanStyle
from gateway import afterwards, post, replies
from gateway.api import build, shapes
from gateway.api.handlers.inbox import item_of, items_of, row_of
from gateway.api.layer import Body, Call, Query, route
from gateway.api.rights import must_see, sees
from gateway.api.views import draft_of
from gateway.courtesies import TYPING
from gateway.refusals import Refusal
from routing.text import Stretch, crossing
from storage import acts, drafts, timeline
from storage.amending import Wish
from storage.letters import Addressee

REPLY = "conversation.reply"
LINKS = ("https://", "http://", "mailto:", "tel:")
_uuid7 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")


class SpanGiven(Body):
    start: int = Field(ge=0, le=100_000)
    length: int = Field(ge=1, le=100_000)
    style: SpanStyle
    url: str = Field(default="", max_length=2000)


class AddresseeGiven(Body):
    address: str = Field(max_length=400)
    name: str = Field(default="", max_length=200)


class LetterGiven(Body):
    """How a letter is addressed. Left out of an answer, it goes to who wrote, with the usual quote and signature."""

    to: list[AddresseeGiven] = Field(default_factory=list, max_length=100)
    cc: list[AddresseeGiven] = Field(default_factory=list, max_length=100)
    bcc: list[AddresseeGiven] = Field(default_factory=list, max_length=100)
    subject: str = Field(default="", max_length=500)
    quote: str | None = None
    """The message that is repeated below."""
    forward: bool = False
    files: list[str] = Field(default_factory=list, max_length=20)
    """Attachments of the quoted letter that go along."""
    signed: bool = True
    inline: list[str] = Field(default_factory=list, max_length=20)
    """Those of `file_ids` that are pictures inside the letter."""

    def wish(self) -> post.Wish:
        """The same as the gateway takes it."""
        by_kind = (("to", self.to), ("cc", self.cc), ("bcc", self.bcc))
        people = tuple(
            Addressee(address=one.address, name=one.name, kind=kind)
            for kind, given in by_kind
            for one in given
        )
        return post.Wish(
            to=people, subject=self.subject, quote=self.quote, forward=self.forward, carried=tuple(self.files),
            signed=self.signed, inline=frozenset(self.inline),
        )  # fmt: skip


class LocationGiven(Body):
    latitude: float = Field(ge=-90, le=90)
    longitude: float = Field(ge=-180, le=180)
    title: str = Field(default="", max_length=200)
    address: str = Field(default="", max_length=300)


class CardGiven(Body):
    name: str = Field(min_length=1, max_length=200)
    phones: list[str] = Field(default_factory=list, max_length=5)
    emails: list[str] = Field(default_factory=list, max_length=5)


class NewMessage(Body):
    id: str
    text: str = Field(default="", max_length=100_000)
    spans: list[SpanGiven] = Field(default_factory=list, max_length=100)
    file_ids: list[str] = Field(default_factory=list, max_length=20)
    reply_to: str | None = None
    last_seen: str | None = None
    hold_ms: int | None = Field(default=None, ge=0, le=60_000)
    override_reason: str | None = Field(default=None, max_length=500)
    anyway: bool = False
    letter: LetterGiven | None = None
    location: LocationGiven | None = None
    card: CardGiven | None = None
    sticker: str | None = None
    """One of the conversation's `stickers`."""


class NewLetter(Body):
    id: str
    source_id: str
    letter: LetterGiven
    text: str = Field(default="", max_length=100_000)
    spans: list[SpanGiven] = Field(default_factory=list, max_length=100)
    file_ids: list[str] = Field(default_factory=list, max_length=20)
    hold_ms: int | None = Field(default=None, ge=0, le=60_000)
    anyway: bool = False


class BlankQuery(Query):
    way: Literal["reply", "all", "forward", "new"] = "reply"
    message: str | None = None


class NewWords(Body):
    text: str = Field(max_length=100_000)
    spans: list[SpanGiven] = Field(default_factory=list, max_length=100)


class OwnReaction(Body):
    emoji: str = Field(min_length=1, max_length=16)


class NewNote(Body):
    id: str
    text: str = Field(min_length=1, max_length=20_000)
    mentions: list[str] = Field(default_factory=list, max_length=20)
    """Colleagues who are told of it."""


class Outcome(Body):
    outcome: Literal["sent", "not_sent"]


class DraftChange(Body):
    text: str = Field(default="", max_length=100_000)
    file_ids: list[str] = Field(default_factory=list, max_length=20)
    reply_to: str | None = None
    version: int = Field(default=0, ge=0)


def stretches(text: str, given: list[SpanGiven]) -> tuple[Stretch, ...]:
    """The styles of a text. Raises Refusal bad_request for ones that lie outside, cross, or link to no page."""
    found = tuple(
        Stretch(
            start=one.start, length=one.length, style=one.style, url=one.url if one.style == "link" else ""
        )
        for one in given
    )
    if crossing(found, len(text)) or any(
        one.style == "link" and not one.url.lower().startswith(LINKS) for one in found
    ):
        raise Refusal("bad_request", 422, field="spans")
    return found


def own_id(value: str) -> str:
    """An id made by the client. Raises Refusal bad_request when it is no UUIDv7."""
    if not _uuid7.fullmatch(value):
        raise Refusal("bad_request", 422, field="id")
    return value


@route("POST", "/conversations/{id}/messages", answer=shapes.Sent, body=NewMessage, needs=REPLY, status=201)
async def send(call: Call, body: NewMessage) -> shapes.Sent:
    """Answer a client; the same id again is the same message."""
    ref = call.path("id")
    await must_see(call, ref)
    ids, not_before = await replies.reply(
        call.gateway, call.me, ref, id=own_id(body.id), text=body.text, file_ids=body.file_ids, reply_to=body.reply_to,
        last_seen=body.last_seen, hold_ms=body.hold_ms, override_reason=body.override_reason, anyway=body.anyway,
        spans=stretches(body.text, body.spans), letter=await wish_of_letter(call, body.letter),
        shared=shared(body),
    )  # fmt: skip
    return {"items": await items_of(call.gateway, call.account, ids), "not_before": not_before}


def shared(body: NewMessage) -> replies.Shared:
    """The place, card and sticker as they are kept. Raises Refusal bad_request for a card that nobody can use."""
    card = None
    if body.card is not None:
        phones = [number for number in map(_phone, body.card.phones) if number]
        emails = [post.normal(one) for one in body.card.emails if one.strip()]
        if len(phones) + len(emails) < len(body.card.phones) + len(body.card.emails) or not (
            phones or emails
        ):
            raise Refusal("bad_request", 422, field="card.phones")
        if not all(post.ADDRESS.fullmatch(one) for one in emails):
            raise Refusal("bad_address", 422, address=body.card.emails[0][:200])
        card = {"name": " ".join(body.card.name.split()), "phones": phones, "emails": emails, "own": False}
    place = None if body.location is None else body.location.model_dump()
    return replies.Shared(location=place, card=card, sticker=body.sticker)


def _phone(given: str) -> str:
    """A number as every network takes it: digits with a plus; "" when it is none."""
    digits = "".join(one for one in given if one in "0123456789")
    if not 7 <= len(digits) <= 15 or re.search(r"[^\d\s()+.\-]", given):
        return ""
    if len(digits) == 11 and digits[0] == "8" and not given.strip().startswith("+"):
        digits = f"7{digits[1:]}"
    return f"+{digits}"


@route("GET", "/conversations/{id}/stickers", answer=shapes.Stickers, needs=REPLY)
async def stickers(call: Call) -> shapes.Stickers:
    """The newest stickers that clients sent by this source, each once: what may be answered with."""
    row = await row_of(call, call.path("id"))
    live = call.gateway.sources.get(row["source"]["id"])
    if live is None or not live.channel.can().stickers:
        return {"items": []}
    found = await call.gateway.database.read(timeline.stickers, live.row.id, sees(call.account))
    usable = [
        one for one in found if one.mime.startswith("image/") and live.channel.sticker(one.ref, one.name)
    ]
    return {"items": [{"id": one.id, "url": f"/api/v1/attachments/{one.id}"} for one in usable[:24]]}


async def wish_of_letter(call: Call, given: LetterGiven | None) -> post.Wish | None:
    """The wish of somebody who may see what is quoted in it. Raises Refusal not_found."""
    if given is None:
        return None
    if given.quote is not None:
        await item_of(call, given.quote)
    return given.wish()


@route("GET", "/conversations/{id}/letter", answer=shapes.LetterBlank, query=BlankQuery, needs=REPLY)
async def letter_blank(call: Call, query: BlankQuery) -> shapes.LetterBlank:
    """Whom an answer goes to, its subject, signature and what it repeats."""
    row = await row_of(call, call.path("id"))
    if query.message is not None:
        await item_of(call, query.message)
    target = replies.target_for(call.gateway, row["source"]["id"])
    live = call.gateway.sources.get(target.source_id)
    if live is None:
        raise Refusal("source_down")
    form = await post.blank(call.gateway, call.account, live, query.way, row["id"], query.message)
    return build.blank(call.gateway, live.row.id, form)


@route("GET", "/sources/{id}/letter", answer=shapes.LetterBlank, needs=REPLY)
async def new_letter_blank(call: Call) -> shapes.LetterBlank:
    """An empty letter from this source."""
    live = call.gateway.sources.get(call.path("id"))
    if live is None:
        raise Refusal("not_found", 404)
    return build.blank(
        call.gateway, live.row.id, await post.blank(call.gateway, call.account, live, "new", None, None)
    )


@route("POST", "/letters", answer=shapes.Posted, body=NewLetter, needs=REPLY, status=201)
async def write_letter(call: Call, body: NewLetter) -> shapes.Posted:
    """Begin a conversation with a letter to any address; the same id again is the same letter."""
    wish = await wish_of_letter(call, body.letter)
    assert wish is not None
    conversation_id, not_before = await replies.write_first(
        call.gateway, call.account, body.source_id, id=own_id(body.id), text=body.text, file_ids=body.file_ids,
        hold_ms=body.hold_ms, anyway=body.anyway, spans=stretches(body.text, body.spans), letter=wish,
    )  # fmt: skip
    items = await items_of(call.gateway, call.account, [body.id])
    return {"conversation_id": conversation_id, "items": items, "not_before": not_before}


@route("POST", "/conversations/{id}/typing", status=204, needs=REPLY)
async def typing(call: Call) -> None:
    """Let the client see that somebody writes, where the network shows it; once in a few seconds is enough."""
    row = await row_of(call, call.path("id"))
    if row["window"]["state"] in ("open", "none", "warn"):
        call.gateway.bells.ring([f"{TYPING}:{row['id']}"])


@route("POST", "/conversations/{id}/notes", answer=shapes.Sent, body=NewNote, needs=REPLY, status=201)
async def add_note(call: Call, body: NewNote) -> shapes.Sent:
    """Write a note that the client does not see."""
    ref = call.path("id")
    await must_see(call, ref)
    note_id = await call.gateway.database.write(
        acts.note, ref, call.me, own_id(body.id), body.text.strip(), body.mentions
    )
    return {"items": await items_of(call.gateway, call.account, [note_id]), "not_before": call.now}


@route("DELETE", "/messages/{id}", answer=shapes.Undone, needs=REPLY)
async def undo_message(call: Call) -> shapes.Undone:
    """Take a message back: one that is held never leaves, one that left is taken back where the network can."""
    item = await item_of(call, call.path("id"))
    if item["state"] in ("sent", "delivered", "read"):
        await afterwards.delete(call.gateway, wish_of(call, item), item["source"]["id"])
        return {"left": True, "text": "", "files": []}
    text, uploads = await replies.undo(call.gateway, call.me, item["id"])
    files = await call.gateway.database.read(drafts.uploads, uploads, call.me)
    return {"left": False, "text": text, "files": files}


def wish_of(call: Call, item: shapes.Item) -> Wish:
    """The member's wish to change a message; heads may change those of others within reach."""
    anyones = call.account.reach("conversation.assign").covers(item["author_id"])
    return Wish(member_id=call.me, message_id=item["id"], anyones=anyones)


@route("PATCH", "/messages/{id}", answer=shapes.Item, body=NewWords, needs=REPLY)
async def edit_message(call: Call, body: NewWords) -> shapes.Item:
    """Word a message of ours anew; the earlier words are kept."""
    item = await item_of(call, call.path("id"))
    spans = stretches(body.text, body.spans)
    await afterwards.edit(call.gateway, wish_of(call, item), item["source"]["id"], body.text, spans)
    return await item_of(call, item["id"])


@route("GET", "/messages/{id}/versions", answer=shapes.Versions, needs="conversation.read")
async def message_versions(call: Call) -> shapes.Versions:
    """The words a message had before, and the files that an edit replaced."""
    item = await item_of(call, call.path("id"))
    private = item["nature"] == "personal"
    rows = [] if private else await call.gateway.database.read(timeline.versions, item["id"])
    return {
        "items": [
            {"text": row.text, "until": row.at, "attachments": [build.attachment(file) for file in files]}
            for row, files in rows
        ]
    }


@route("PUT", "/messages/{id}/reaction", answer=shapes.Item, body=OwnReaction, needs=REPLY)
async def put_reaction(call: Call, body: OwnReaction) -> shapes.Item:
    """Put our reaction under what a client said."""
    return await _react(call, body.emoji)


@route("DELETE", "/messages/{id}/reaction", answer=shapes.Item, needs=REPLY)
async def drop_reaction(call: Call) -> shapes.Item:
    """Take our reaction away."""
    return await _react(call, "")


async def _react(call: Call, emoji: str) -> shapes.Item:
    item = await item_of(call, call.path("id"))
    await afterwards.react(call.gateway, call.me, item["id"], item["source"]["id"], emoji)
    return await item_of(call, item["id"])


@route("POST", "/messages/{id}/retry", answer=shapes.Item, needs=REPLY)
async def retry(call: Call) -> shapes.Item:
    """Try a failed message once more."""
    item = await item_of(call, call.path("id"))
    await replies.retry(call.gateway, call.me, item["id"])
    return await item_of(call, item["id"])


@route("POST", "/messages/{id}/resolve", answer=shapes.Item, body=Outcome, needs=REPLY)
async def resolve(call: Call, body: Outcome) -> shapes.Item:
    """Say what became of a message that nobody knows about."""
    item = await item_of(call, call.path("id"))
    await replies.resolve(call.gateway, call.me, item["id"], body.outcome)
    return await item_of(call, item["id"])


@route("POST", "/messages/{id}/cancel", answer=shapes.Item, needs=REPLY)
async def cancel(call: Call) -> shapes.Item:
    """Give a waiting message up."""
    item = await item_of(call, call.path("id"))
    await replies.cancel(call.gateway, call.me, item["id"])
    return await item_of(call, item["id"])


def _mode(call: Call) -> Literal["reply", "note"]:
    match call.path("mode"):
        case "reply":
            return "reply"
        case "note":
            return "note"
        case _:
            raise Refusal("not_found", 404)


@route("GET", "/drafts/{id}/{mode}", answer=shapes.Draft, needs=REPLY)
async def read_draft(call: Call) -> shapes.Draft:
    """One's own draft; an empty one when there is none."""
    return await draft_of(call.gateway, call.me, call.path("id"), _mode(call))


@route("PUT", "/drafts/{id}/{mode}", answer=shapes.Draft, body=DraftChange, needs=REPLY)
async def write_draft(call: Call, body: DraftChange) -> shapes.Draft:
    """Keep what is being written; `version` is the one this was made from."""
    ref, mode = call.path("id"), _mode(call)
    await must_see(call, ref)
    await call.gateway.database.write(
        drafts.save, call.me, ref, mode, body.text, body.file_ids, body.reply_to, body.version
    )
    return await draft_of(call.gateway, call.me, ref, mode)


@route("DELETE", "/drafts/{id}/{mode}", status=204, needs=REPLY)
async def drop_draft(call: Call) -> None:
    """Throw a draft away."""
    await call.gateway.database.write(drafts.drop, call.me, call.path("id"), _mode(call))
