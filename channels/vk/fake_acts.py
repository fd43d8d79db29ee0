"""What does a made-up client's act look like on VK?"""

from __future__ import annotations

import json
import struct
import zlib
from dataclasses import replace
from typing import Any

from channels.fakes import Act
from channels.vk.fake_state import Community
from channels.vk.wire import Json

MP3 = b"ID3\x04\x00\x00\x00\x00\x00\x00" + bytes(64)


def _chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


PIXEL = b"".join(
    (
        b"\x89PNG\r\n\x1a\n",
        _chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0)),
        _chunk(b"IDAT", zlib.compress(b"\x00\x33\x66\x99")),
        _chunk(b"IEND", b""),
    )
)
"""A picture of one point."""


class Acts:
    """Makes events of acts. `base` is where the files lie."""

    def __init__(self, community: Community, base: str) -> None:
        self._community = community
        self._base = base

    def event(self, user: int, act: Act) -> tuple[str, Any]:
        """The event's type and object."""
        match act.doing:
            case "block":
                self._community.allowed.discard(user)
                return "message_deny", {"user_id": user}
            case "unblock":
                self._community.allowed.add(user)
                return "message_allow", {"user_id": user, "key": act.attribution.campaign}
            case "edit":
                return "message_edit", self._edited(user, act)
            case "reaction":
                return "message_reaction_event", self._reaction(user, act)
            case "button":
                return "message_event", self._press(user, act)
            case "broken":
                return "message_new", "not an object"
            case _:
                return "message_new", {"client_info": {"keyboard": True}, "message": self._said(user, act)}

    def _said(self, user: int, act: Act) -> Json:
        self._community.allowed.add(user)
        more = self._more(user, act)
        if act.attribution.campaign:
            more["ref"] = act.attribution.campaign
        if act.attribution.referrer:
            more["ref_source"] = act.attribution.referrer
        peer, _, cmid = act.reply_to.partition(":")
        if cmid.isdecimal() and (quoted := self._community.messages.get((int(peer), int(cmid)))):
            more["reply_message"] = quoted
        text = act.text or ("Начать" if act.doing == "start" else "")
        return self._community.message(user, user, text, act.seconds_ago, **more)

    def _more(self, user: int, act: Act) -> Json:
        """What the message carries beside its words."""
        match act.doing:
            case "start":
                return {"payload": '{"command":"start"}'}
            case "location":
                spot = {"latitude": 55.75, "longitude": 37.61}
                return {"geo": {"type": "point", "coordinates": spot, "place": {"title": "Москва, Россия"}}}
            case "text":
                return {"payload": act.fields["payload"]} if "payload" in act.fields else {}
            case _:
                kind, body = self._thing(user, act)
                return {"attachments": [{"type": kind, kind: body}]}

    def _thing(self, user: int, act: Act) -> tuple[str, Json]:
        own = {"id": 457_000_000 + self._community.next("thing"), "owner_id": user}
        match act.doing:
            case "photo":
                url = self._stored(act.file or PIXEL, act.file_name or "photo.png")
                return "photo", {
                    **own,
                    "text": "",
                    "sizes": [{"type": "x", "width": 604, "height": 403, "url": url}],
                }
            case "voice":
                url = self._stored(act.file or MP3, "voice.mp3")
                return "audio_message", {**own, "duration": 7, "waveform": [0, 5, 9], "link_mp3": url}
            case "video":
                return "video", {**own, "title": act.file_name or "Видео", "duration": 12}
            case "sticker":
                image = {"url": self._stored(PIXEL, "sticker.png"), "width": 128, "height": 128}
                return "sticker", {"sticker_id": 9019, "product_id": 279, "images": [image]}
            case "file":
                return "doc", {**own, **self._doc_of(act)}
            case _:
                state = {"initiator_id": user, "receiver_id": self._community.group_id, "duration": 0}
                return "call", {**state, "state": "canceled_by_initiator", "time": 1790000000}

    def _doc_of(self, act: Act) -> Json:
        """A document's address sends on to a file server, as VK's does."""
        name, content = act.file_name or "file.txt", act.file or b"a file\n"
        number = self._community.keep_file(name, content)
        ending = name.rpartition(".")[2]
        return {
            "title": name,
            "ext": ending,
            "size": len(content),
            "type": 8,
            "url": f"{self._base}/doc/{number}",
        }

    def _stored(self, content: bytes, name: str) -> str:
        return f"{self._base}/file/{self._community.keep_file(name, content)}/{name}"

    def _edited(self, user: int, act: Act) -> Json:
        message = self._community.last(user, user)
        assert message is not None, "nothing to edit"
        message["text"], message["update_time"] = act.text, message["date"] + 5
        message["version"] += 1
        if act.file:
            kind, body = self._thing(user, replace(act, doing="file"))
            message["attachments"] = [{"type": kind, kind: body}]
        return message

    def _reaction(self, user: int, act: Act) -> Json:
        """To our newest message there, else to their own; `fields["reaction_id"]`, "" takes it away."""
        message = self._community.last(user, -self._community.group_id) or self._community.last(user, user)
        assert message is not None, "nothing to react to"
        body: Json = {"reacted_id": user, "peer_id": user, "cmid": message["conversation_message_id"]}
        chosen = act.fields.get("reaction_id", "4")
        return {**body, "reaction_id": int(chosen)} if chosen else body

    def _press(self, user: int, act: Act) -> Json:
        self._community.allowed.add(user)
        payload = json.loads(act.fields.get("payload", '{"cmd":"price"}'))
        press: Json = {
            "user_id": user, "peer_id": user, "event_id": f"press{self._community.next('press')}",
            "payload": payload,
        }  # fmt: skip
        message = self._community.last(user, -self._community.group_id)
        return {**press, "conversation_message_id": message["conversation_message_id"]} if message else press
