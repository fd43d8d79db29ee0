"""What does the made-up VK answer to a method? It refuses what VK refuses."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from channels.vk.fake_state import MISSING, Community, Server, VkError, whole
from channels.vk.fake_talk import Talk
from channels.vk.wire import Json

MOST_ATTACHMENTS = 10
LONGEST = 9000
Confirm = Callable[[Server], Awaitable[None]]
Sent = Callable[[Json, Mapping[str, str]], Awaitable[None]]


class Methods(Talk):
    """A community's methods. `confirm` asks a server for the string; `sent` hears of each new message."""

    def __init__(self, community: Community, confirm: Confirm, sent: Sent) -> None:
        super().__init__(community)
        self.base = ""
        self._confirm = confirm
        self._sent = sent

    async def call(self, method: str, values: Mapping[str, str]) -> Any:
        """The method's response. Raises VkError."""
        if "v" not in values:
            raise VkError(8, "Invalid request: v (version) is required")
        if values.get("access_token") != self._community.token:
            raise VkError(5, "User authorization failed: invalid access_token (4).")
        name = method.replace(".", "_").lower()
        found = getattr(self, f"_{name}", None)
        if found is None:
            raise VkError(3, "Unknown method passed")
        return await found(values)

    def _need(self, right: str) -> None:
        if right not in self._community.rights:
            raise VkError(15, "Access denied: no access to call this method")

    def _own(self, values: Mapping[str, str]) -> None:
        if whole(values, "group_id") != self._community.group_id:
            raise VkError(15, "Access denied: group mismatch")

    # the community

    async def _groups_getbyid(self, values: Mapping[str, str]) -> Any:
        group = {
            "id": self._community.group_id, "name": self._community.name,
            "screen_name": f"club{self._community.group_id}", "photo_200": f"{self.base}/file/0/club.jpg",
        }  # fmt: skip
        return {"groups": [group], "profiles": []}

    async def _groups_gettokenpermissions(self, values: Mapping[str, str]) -> Any:
        rows = [{"name": name, "setting": 1} for name in sorted(self._community.rights)]
        return {"mask": len(rows), "permissions": rows}

    async def _groups_getcallbackconfirmationcode(self, values: Mapping[str, str]) -> Any:
        self._need("manage")
        self._own(values)
        return {"code": self._community.code}

    async def _groups_getcallbackservers(self, values: Mapping[str, str]) -> Any:
        self._need("manage")
        self._own(values)
        rows = [
            {
                "id": server.id, "title": server.title, "creator_id": 1, "url": server.url,
                "secret_key": server.secret, "status": server.status,
            }
            for server in self._community.servers.values()
        ]  # fmt: skip
        return {"count": len(rows), "items": rows}

    async def _groups_addcallbackserver(self, values: Mapping[str, str]) -> Any:
        self._need("manage")
        self._own(values)
        if len(self._community.servers) >= 10:
            raise VkError(2000, "Servers number limit is reached")
        server = Server(self._community.next("server"), values["url"], values.get("secret_key", ""))
        server.title, server.status = values["title"][:14], "wait"
        self._community.servers[server.id] = server
        await self._confirm(server)
        return {"server_id": server.id}

    async def _groups_editcallbackserver(self, values: Mapping[str, str]) -> Any:
        server = self._server(values)
        server.url, server.secret = values["url"], values.get("secret_key", "")
        server.title, server.status = values["title"][:14], "wait"
        await self._confirm(server)
        return 1

    async def _groups_deletecallbackserver(self, values: Mapping[str, str]) -> Any:
        del self._community.servers[self._server(values).id]
        return 1

    async def _groups_setcallbacksettings(self, values: Mapping[str, str]) -> Any:
        self._server(values).events = {name for name, value in values.items() if value == "1"}
        return 1

    async def _groups_getcallbacksettings(self, values: Mapping[str, str]) -> Any:
        on = self._server(values).events
        return {"api_version": "5.199", "events": dict.fromkeys(on, 1)}

    def _server(self, values: Mapping[str, str]) -> Server:
        self._need("manage")
        self._own(values)
        found = self._community.servers.get(whole(values, "server_id"))
        if found is None:
            raise VkError(104, "Not found")
        return found

    async def _groups_setlongpollsettings(self, values: Mapping[str, str]) -> Any:
        self._need("manage")
        self._own(values)
        self._community.poll_on = values.get("enabled") == "1"
        self._community.polled = {name for name, value in values.items() if value == "1"}
        return 1

    async def _groups_getlongpollsettings(self, values: Mapping[str, str]) -> Any:
        self._need("manage")
        self._own(values)
        events = dict.fromkeys(self._community.polled, 1)
        return {"api_version": "5.199", "is_enabled": self._community.poll_on, "events": events}

    async def _groups_getlongpollserver(self, values: Mapping[str, str]) -> Any:
        self._own(values)
        if not self._community.poll_on:
            raise VkError(100, f"{MISSING}: longpoll for this group is not enabled")
        return {
            "key": self._community.poll_key, "server": f"{self.base}/lp", "ts": str(self._community.ts),
        }  # fmt: skip

    # people

    async def _users_get(self, values: Mapping[str, str]) -> Any:
        people = []
        for value in values.get("user_ids", "").split(","):
            name, _ = self._community.names.get(int(value), ("Клиент Тестовый", ""))
            first, _, last = name.partition(" ")
            person = {
                "id": int(value), "first_name": first, "last_name": last, "domain": f"id{value}",
                "photo_200": f"{self.base}/file/0/face.jpg",
            }  # fmt: skip
            people.append(person)
        return people

    # messages

    async def _messages_send(self, values: Mapping[str, str]) -> Any:
        self._need("messages")
        random_id = whole(values, "random_id")
        peer = whole(values, "peer_ids" if "peer_ids" in values else "peer_id")
        if not -(2**31) <= random_id < 2**31:
            raise VkError(100, f"{MISSING}: random_id")
        known = self._community.randoms.get((peer, random_id)) if random_id else None
        item = known or await self._send(peer, random_id, values)
        return [item] if "peer_ids" in values else item["message_id"]

    async def _send(self, peer: int, random_id: int, values: Mapping[str, str]) -> Json:
        names = [name for name in values.get("attachment", "").split(",") if name]
        self._refuse(values, names)
        if peer not in self._community.allowed:
            error = {"code": 901, "description": "Can't send messages for users without permission"}
            return {"peer_id": peer, "message_id": 0, "error": error}
        more: Json = {"attachments": [self._attachment(name) for name in names], "random_id": random_id}
        if "lat" in values:
            place = {"latitude": float(values["lat"]), "longitude": float(values["long"])}
            more["geo"] = {"type": "point", "coordinates": place}
        if "sticker_id" in values:
            more["attachments"].append(self._sticker(whole(values, "sticker_id")))
        more |= {name: json.loads(values[name]) for name in ("keyboard", "format_data") if name in values}
        if quoted := self._quoted(peer, values.get("forward", "")):
            more["reply_message"] = quoted
        message = self._community.message(peer, -self._community.group_id, values.get("message", ""), **more)
        cmid = message["conversation_message_id"]
        item = {"peer_id": peer, "message_id": message["id"], "conversation_message_id": cmid}
        if random_id:
            self._community.randoms[peer, random_id] = item
        await self._sent(message, values)
        return item

    def _refuse(self, values: Mapping[str, str], names: list[str]) -> None:
        text = values.get("message", "")
        if not text and not names and "lat" not in values and "sticker_id" not in values:
            raise VkError(100, f"{MISSING}: message is empty")
        if len(text) > LONGEST:
            raise VkError(914, "Message is too long")
        if len(names) > MOST_ATTACHMENTS or any(name not in self._community.saved for name in names):
            raise VkError(100, f"{MISSING}: attachment")

    def _attachment(self, name: str) -> Json:
        kind = "photo" if name.startswith("photo") else "doc"
        owner, number, key = name.lstrip("abcdefghijklmnopqrstuvwxyz_").split("_")
        own = {"owner_id": int(owner), "id": int(number), "access_key": key}
        return {"type": kind, kind: {**own, "title": self._community.saved[name], "text": ""}}

    def _sticker(self, number: int) -> Json:
        picture = {"url": f"{self.base}/file/0/sticker.png", "width": 128, "height": 128}
        return {"type": "sticker", "sticker": {"sticker_id": number, "product_id": 1, "images": [picture]}}

    def _quoted(self, peer: int, forward: str) -> Json | None:
        if not forward:
            return None
        asked = json.loads(forward)
        found = self._community.messages.get((asked["peer_id"], asked["conversation_message_ids"][0]))
        if found is None or asked["peer_id"] != peer or asked.get("is_reply") is not True:
            raise VkError(921, "Can't forward these messages")
        return found

    async def _messages_getbyid(self, values: Mapping[str, str]) -> Any:
        wanted = whole(values, "message_ids")
        items = [message for message in self._community.messages.values() if message["id"] == wanted]
        return {"count": len(items), "items": items}

    # files

    async def _photos_getmessagesuploadserver(self, values: Mapping[str, str]) -> Any:
        self._need("photos")
        return {"upload_url": f"{self.base}/upload/photo?hash=h", "album_id": -64, "group_id": 0}

    async def _photos_savemessagesphoto(self, values: Mapping[str, str]) -> Any:
        number = self._uploaded(values.get("photo", ""))
        return [{**self._save("photo", number), "sizes": []}]

    async def _docs_getmessagesuploadserver(self, values: Mapping[str, str]) -> Any:
        self._need("docs")
        if values.get("type") not in ("doc", "audio_message", "graffiti"):
            raise VkError(100, f"{MISSING}: type")
        return {"upload_url": f"{self.base}/upload/{values['type']}?hash=h"}

    async def _docs_save(self, values: Mapping[str, str]) -> Any:
        kind, _, number = values.get("file", "").partition("|")
        self._uploaded(number)
        if kind == "doc" and values.get("title"):
            self._community.files[number] = (values["title"], self._community.files[number][1])
        return {"type": kind, kind: self._save(kind, number)}

    def _uploaded(self, number: str) -> str:
        if number not in self._community.files:
            raise VkError(129, "Invalid photo")
        return number

    def _save(self, kind: str, number: str) -> Json:
        thing = {"id": 456_000_000 + int(number), "owner_id": -self._community.group_id, "access_key": "k"}
        name = f"{kind}{thing['owner_id']}_{thing['id']}_{thing['access_key']}"
        self._community.saved[name] = self._community.files[number][0]
        return thing
