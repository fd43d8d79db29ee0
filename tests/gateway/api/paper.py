"""A made-up network for the tests: JSON hooks proved by a secret, replies kept in a list, a file or two."""

from __future__ import annotations

import hmac
from collections.abc import AsyncIterator, Sequence
from typing import Any, ClassVar

import orjson

from channels.about import About, Setting, Text
from channels.base import (
    Admitted,
    Capabilities,
    Check,
    Envelope,
    OutboundEdit,
    OutboundMessage,
    WebhookChannel,
    WindowRule,
)
from channels.errors import PayloadUnreadable, Refused, SendFailed, WebhookRefused
from channels.events import (
    Attachment,
    Attribution,
    Connection,
    Event,
    Identity,
    InboundMessage,
    MessageDeleted,
    MessageEdited,
    Person,
    Quoted,
    Reaction,
    Span,
    Started,
)

SECRET = "paper-secret-0001"
PICTURE = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c4944415408d763f8cfc000000301010018dd"
    "8db00000000049454e44ae426082"
)


class Paper(WebhookChannel):
    """One account of the made-up network."""

    capabilities = Capabilities(
        window=WindowRule(hours=24, enforcement="block"), lent=WindowRule(hours=24, fixed=True), text_max=100, reply_to=True,
        files={"photo": 10_000, "file": 10_000}, files_per_message=2, edit=True, edit_hours=48, delete=True,
        reactions=("👍", "❤"), styles=frozenset({"bold", "link"}), typing=True,
    )  # fmt: skip
    secrets: ClassVar[tuple[str, ...]] = ("token",)
    sent: ClassVar[list[OutboundMessage]] = []
    acts: ClassVar[list[tuple[str, ...]]] = []
    """What was done later: (act, whose or what, words)."""
    faults: ClassVar[list[SendFailed]] = []
    """What the next later acts fail with."""

    def admit(self, envelope: Envelope) -> Admitted:
        given = envelope.headers.get("x-paper", "").encode()
        if not hmac.compare_digest(given, self.settings["token"].encode()):
            raise WebhookRefused("wrong secret")
        try:
            said = orjson.loads(envelope.body)
        except orjson.JSONDecodeError:
            return Admitted()
        return Admitted(key=said.get("id"), lane=said.get("chat", ""))

    def parse(self, envelope: Envelope) -> tuple[Event, ...]:
        try:
            said = orjson.loads(envelope.body)
        except orjson.JSONDecodeError as error:
            raise PayloadUnreadable("not JSON") from error
        person = Person(
            identity=Identity(kind="paper", value=said["chat"]), name=said.get("name", said["chat"]),
            also=tuple(Identity(kind=kind, value=value) for kind, value in said.get("also", ())),
            stated=said.get("stated", False),
        )  # fmt: skip
        files = tuple(
            Attachment(kind="photo", ref=ref, name=f"{ref}.png", mime="image/png", inline_id=ref)
            for ref in said.get("files", ())
        )
        html = said.get("html", "")
        if "about" in said:
            return (_change(said, person),)
        if "lends" in said:
            return (
                Connection(
                    key=said["lends"],
                    owner=person,
                    at=said["at"],
                    active=said.get("active", True),
                    can_reply=said.get("can_reply", True),
                ),
            )
        if "start" in said:
            return (
                Started(
                    thread=said["chat"], person=person, at=said["at"], payload=said["start"],
                    attribution=Attribution(campaign=said["start"]),
                ),
            )  # fmt: skip
        return (
            InboundMessage(
                external_id=said["id"], thread=said["chat"], sender=person, at=said["at"], seq=said.get("seq", 0),
                kind="mail" if html else "text", text=said["text"], html=html, attachments=files,
                connection=said.get("connection", ""), reply_to=said.get("reply_to", ""),
                callback=said.get("callback", ""), quote=said.get("quote", ""),
                attribution=Attribution(campaign=said.get("campaign", "")),
                spans=tuple(Span(**span) for span in said.get("spans", ())),
                forwards=tuple(Quoted(author=one["author"], text=one["text"]) for one in said.get("forwards", ())),
            ),
        )  # fmt: skip

    async def send(self, message: OutboundMessage) -> tuple[str, ...]:
        if "refuse" in message.text:
            raise Refused("no", code="refused_by_test")
        self.sent.append(message)
        return (f"out-{message.key}",)

    async def edit(self, edit: OutboundEdit) -> None:
        self._fail()
        styles = ",".join(f"{one.style}:{one.start}+{one.length}" for one in edit.spans)
        self.acts.append(("edit", edit.external_id, edit.text, styles))

    async def delete(self, thread: str, to: Identity, external_ids: Sequence[str]) -> None:
        self._fail()
        self.acts.append(("delete", *external_ids))

    async def react(self, thread: str, to: Identity, external_id: str, emoji: str) -> None:
        self._fail()
        self.acts.append(("react", external_id, emoji))

    async def typing(self, thread: str, to: Identity) -> None:
        self.acts.append(("typing", thread))

    async def acknowledge(self, callback: str, text: str = "") -> None:
        self.acts.append(("acknowledge", callback))

    def _fail(self) -> None:
        if self.faults:
            raise self.faults.pop(0)

    async def download(self, ref: str) -> AsyncIterator[bytes]:
        if ref.startswith("gone"):
            raise Refused("gone", code="file_gone")
        yield PICTURE

    async def check(self) -> Sequence[Check]:
        good = self.settings["token"] == SECRET
        return (Check(code="key", ok=good, detail="paper account" if good else ""),)

    def campaign_link(self, label: str) -> str:
        return f"https://paper.example/start?code={label}"

    def test_link(self, code: str) -> str:
        return f"https://paper.example/start?code={code}"


def _change(said: dict[str, Any], person: Person) -> Event:
    """What became of the message `about`."""
    match said["becomes"]:
        case "deleted":
            return MessageDeleted(external_ids=(said["about"],), at=said["at"])
        case "liked":
            return Reaction(external_id=said["about"], person=person, at=said["at"], emojis=("👍",))
        case words:
            return MessageEdited(external_id=said["about"], at=said["at"], text=words)


def text(words: str) -> Text:
    return Text(ru=words, en=words)


ABOUT = About(
    title=text("Paper"), mark="Pp", colour="other", summary=text("letters on paper"), needs=text("a pen"), minutes=1,
    settings=(
        Setting(key="token", label=text("secret"), kind="secret"),
        Setting(key="colour", label=text("colour"), required=False),
    ),
    steps=(), test_prompt=text("write"), kinds={"paper": text("paper")},
    profile_links={"paper": "https://paper.example/{value}"},
)  # fmt: skip
