"""What does the made-up VK answer to later acts on a dialog, and to whoever reads it back? It refuses what VK refuses."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Mapping
from typing import Any

from channels.vk.fake_state import MISSING, Community, VkError, whole
from channels.vk.reactions import LAST
from channels.vk.wire import Json

DAY = 86_400
READ = re.compile(r"var peers=(\[.*?\]);var offsets=(\[.*?\]);.*\"count\":(\d+)")


class Talk:
    """Methods about messages that are there already."""

    def __init__(self, community: Community) -> None:
        self._community = community
        self.reactions: dict[tuple[int, int], int] = {}
        """(peer, number in the dialog) -> our reaction."""
        self.typed: list[int] = []
        """Peers to whom we showed that somebody writes."""
        self.answered: list[tuple[str, str]] = []
        """(event, what was said) of each button whose wait was ended."""
        self.pinned: list[int] = []
        """Peers whose dialogs stand before newer ones."""
        self.shut: dict[int, int] = {}
        """Peer -> the error of VK that reading its dialog meets; inside `execute` it stands as `false`."""

    def _ours(self, values: Mapping[str, str], cmid: int, too_late: int) -> Json:
        message = self._community.messages.get((whole(values, "peer_id"), cmid))
        if message is None or message["from_id"] != -self._community.group_id:
            raise VkError(100, f"{MISSING}: cmid")
        if time.time() - message["date"] > DAY:
            raise VkError(too_late, "Can't edit this message, because it's too old")
        return message

    async def _messages_edit(self, values: Mapping[str, str]) -> Any:
        message = self._ours(values, whole(values, "cmid"), 909)
        named = [name for name in values.get("attachment", "").split(",") if name]
        message["text"], message["update_time"] = values.get("message", ""), int(time.time())
        message["version"] += 1
        message["attachments"] = [one for one in message["attachments"] if _name(one) in named]
        message["format_data"] = json.loads(values.get("format_data", "{}"))
        return 1

    async def _messages_delete(self, values: Mapping[str, str]) -> Any:
        peer, answers = whole(values, "peer_id"), []
        for cmid in map(int, values["cmids"].split(",")):
            answer: Json = {"peer_id": peer, "conversation_message_id": cmid}
            try:
                if (peer, cmid) in self._community.messages:
                    self._ours(values, cmid, 924)
                    del self._community.messages[peer, cmid]
                answers.append({**answer, "response": 1})
            except VkError:
                refusal = {"code": 924, "description": "Can't delete this message for everybody"}
                answers.append({**answer, "error": refusal})
        return answers

    async def _messages_sendreaction(self, values: Mapping[str, str]) -> Any:
        chosen = whole(values, "reaction_id")
        if not 0 < chosen <= LAST:
            raise VkError(1009, "Unknown reaction passed")
        self.reactions[whole(values, "peer_id"), whole(values, "cmid")] = chosen
        return 1

    async def _messages_deletereaction(self, values: Mapping[str, str]) -> Any:
        self.reactions.pop((whole(values, "peer_id"), whole(values, "cmid")), None)
        return 1

    async def _messages_setactivity(self, values: Mapping[str, str]) -> Any:
        self.typed.append(whole(values, "peer_id"))
        return 1

    async def _messages_sendmessageeventanswer(self, values: Mapping[str, str]) -> Any:
        self.answered.append((values["event_id"], values.get("event_data", "")))
        return 1

    async def _messages_getbyconversationmessageid(self, values: Mapping[str, str]) -> Any:
        peer = whole(values, "peer_id")
        wanted = [int(one) for one in values["conversation_message_ids"].split(",")]
        items = [
            self._community.messages[peer, one] for one in wanted if (peer, one) in self._community.messages
        ]
        return {"count": len(items), "items": items}

    # reading back

    async def _messages_getconversations(self, values: Mapping[str, str]) -> Any:
        newest = {peer: message for (peer, _), message in self._community.messages.items()}

        def place(one: tuple[int, Json]) -> tuple[bool, int]:
            return one[0] in self.pinned, one[1]["date"]

        items = [
            {"conversation": {"peer": {"id": peer, "type": "user"}}, "last_message": message}
            for peer, message in sorted(newest.items(), key=place, reverse=True)
        ]
        offset = int(values.get("offset", 0))
        return {"count": len(items), "items": items[offset : offset + int(values.get("count", 20))]}

    async def _messages_gethistory(self, values: Mapping[str, str]) -> Any:
        peer = whole(values, "peer_id")
        if peer in self.shut:
            raise VkError(self.shut[peer], "Not now")
        return self._history(peer, whole(values, "offset"), whole(values, "count"))

    def _history(self, peer: int, offset: int, count: int) -> Json:
        said = [message for (whose, _), message in self._community.messages.items() if whose == peer][::-1]
        return {"count": len(said), "items": said[offset : offset + count]}

    async def _execute(self, values: Mapping[str, str]) -> Any:
        """The one script that we send."""
        found = READ.search(values.get("code", ""))
        if found is None:
            raise VkError(12, "Unable to compile code")
        peers, offsets, count = json.loads(found[1]), json.loads(found[2]), int(found[3])
        if len(peers) > 25:
            raise VkError(13, "Runtime error occurred during code invocation: Too many api calls")
        asked = zip(peers, offsets, strict=True)
        return [peer not in self.shut and self._history(peer, offset, count) for peer, offset in asked]


def _name(attachment: Json) -> str:
    """An attachment as messages.edit takes it."""
    kind = attachment["type"]
    body = attachment[kind]
    return f"{kind}{body.get('owner_id')}_{body.get('id')}_{body.get('access_key')}"
