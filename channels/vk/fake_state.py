"""What does the made-up VK know? One community, its people, dialogs and files."""

from __future__ import annotations

import copy
import time
import zlib
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from channels.vk.connect import EVENTS
from channels.vk.wire import Json

VERSION = "5.199"
MISSING = "One of the parameters specified was missing or invalid"


class VkError(Exception):
    """An error that VK answers inside HTTP 200."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.code = code
        self.text = text


@dataclass
class Server:
    """A callback server of the community."""

    id: int
    url: str
    secret: str
    title: str = "pasted"
    status: str = "ok"
    events: set[str] = field(default_factory=set)


@dataclass
class Community:
    """Everything that lasts."""

    group_id: int = 210000001
    name: str = "Мебель Тест"
    token: str = "vk1.a.fake-community-token"
    secret: str = "fakeSecret1"
    code: str = "a1b2c3d4"
    rights: set[str] = field(default_factory=lambda: {"manage", "messages", "photos", "docs"})
    servers: dict[int, Server] = field(default_factory=dict)
    polled: set[str] = field(default_factory=lambda: set(EVENTS))
    """Event types that the long poll brings."""
    poll_on: bool = True
    names: dict[int, tuple[str, str]] = field(default_factory=dict)
    """User id -> (name, ref)."""
    allowed: set[int] = field(default_factory=set)
    counts: Counter[int] = field(default_factory=Counter)
    messages: dict[tuple[int, int], Json] = field(default_factory=dict)
    randoms: dict[tuple[int, int], Json] = field(default_factory=dict)
    files: dict[str, tuple[str, bytes]] = field(default_factory=dict)
    saved: dict[str, str] = field(default_factory=dict)
    """Attachment as messages.send takes it -> name of the file."""
    history: list[tuple[int, Json]] = field(default_factory=list)
    poll_key: str = "key1"
    ts: int = 1
    oldest: int = 1
    total: int = 0
    events: int = 0
    unique: defaultdict[str, int] = field(default_factory=lambda: defaultdict(int))

    def user(self, ref: str, name: str) -> int:
        """A person's id, the same for the same ref."""
        user_id = 700_000_000 + zlib.crc32(ref.encode()) % 99_999_999
        self.names[user_id] = (name, ref)
        return user_id

    def next(self, what: str) -> int:
        """The next number of a kind of thing."""
        self.unique[what] += 1
        return self.unique[what]

    def message(self, peer: int, author: int, text: str, seconds_ago: float = 0, **more: Any) -> Json:
        """A new message of the dialog, kept."""
        self.counts[peer] += 1
        self.total += 1
        ours = author == -self.group_id
        found: Json = {
            "id": self.total, "date": int(time.time() - seconds_ago), "peer_id": peer, "from_id": author,
            "out": int(ours), "version": 10_000_000 + self.total,
            "conversation_message_id": self.counts[peer], "text": text,
            "attachments": [], "fwd_messages": [], "important": False, "is_hidden": False,
            "random_id": 0, **more,
        }  # fmt: skip
        self.messages[peer, self.counts[peer]] = found
        return found

    def last(self, peer: int, author: int) -> Json | None:
        """The newest message of an author in a dialog."""
        for cmid in range(self.counts[peer], 0, -1):
            if self.messages[peer, cmid]["from_id"] == author:
                return self.messages[peer, cmid]
        return None

    def event(self, name: str, body: Any) -> Json:
        """An event with a number of its own: what was so when it happened."""
        self.events += 1
        event_id = f"{self.group_id:010x}{self.events:030x}"
        return {
            "type": name, "group_id": self.group_id, "event_id": event_id, "v": VERSION, "object": copy.deepcopy(body),
        }  # fmt: skip

    def record(self, event: Json) -> None:
        """Put it where the long poll finds it."""
        if self.poll_on and (event["type"] in self.polled or event["type"] not in EVENTS):
            self.history.append((self.ts, event))
            self.ts += 1

    def keep_file(self, name: str, content: bytes) -> str:
        """Its number, by which it is fetched."""
        number = str(self.next("file"))
        self.files[number] = (name, content)
        return number


def whole(values: Mapping[str, str], name: str) -> int:
    """A number of a call. Raises VkError 100."""
    try:
        return int(values[name])
    except (KeyError, ValueError):
        raise VkError(100, f"{MISSING}: {name} is undefined") from None
