"""What was said between two moments? For the time in which nothing reached us.

messages.getConversations names the dialogs, newest first; messages.getHistory reads each back. Both go through `execute`,
25 dialogs a call, so a busy community costs few of its twenty calls a second.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import AsyncIterator, Sequence
from typing import Any, Final

from channels.base import Envelope, PolledEnvelope
from channels.errors import Refused, TryLater
from channels.events import Micros
from channels.vk.api import Api
from channels.vk.wire import SECOND, Json, number, rows, table

PAGE: Final = 200
AT_ONCE: Final = 25
"""API calls that one `execute` may make (dev.vk.com/method/execute)."""
MOST_DIALOGS: Final = 1_000_000
"""More than any community has in a week: who tells more goes round in a circle."""
CODE: Final = (
    "var peers={peers};var offsets={offsets};var found=[];var at=0;while(at<peers.length){{found.push("
    'API.messages.getHistory({{"peer_id":peers[at],"offset":offsets[at],"count":{count}}}));at=at+1;}}return found;'
)


async def history(api: Api, group_id: int, since: Micros, until: Micros) -> AsyncIterator[PolledEnvelope]:
    """Each message of `[since, until)` as the callback would have brought it, newest first within a dialog."""
    left = dict.fromkeys(await _dialogs(api, since), 0)
    while left:
        peers = list(left)[:AT_ONCE]
        pages = await _pages(api, peers, [left[peer] for peer in peers])
        for peer, page in zip(peers, pages, strict=True):
            items = rows(page, "items")
            for message in items:
                if since <= number(message, "date") * SECOND < until:
                    yield _envelope(group_id, peer, message)
            oldest = min((number(message, "date") for message in items), default=0) * SECOND
            if len(items) < PAGE or oldest < since:
                del left[peer]
            else:
                left[peer] += PAGE


async def _dialogs(api: Api, since: Micros) -> list[int]:
    """Peers in which something was said since then. Raises TryLater when there is no end of them."""
    found: list[int] = []
    for offset in range(0, MOST_DIALOGS, PAGE):
        answer = await api.call("messages.getConversations", offset=offset, count=PAGE)
        page = rows(answer if isinstance(answer, dict) else {}, "items")
        fresh = [row for row in page if number(table(row, "last_message"), "date") * SECOND >= since]
        found += filter(None, (number(table(table(row, "conversation"), "peer"), "id") for row in fresh))
        if len(page) < PAGE or not fresh:  # pinned dialogs stand before newer ones
            return list(dict.fromkeys(found))
    raise TryLater("dialogs without end", code="vk_failed")


async def _pages(api: Api, peers: Sequence[int], offsets: Sequence[int]) -> list[Json]:
    code = CODE.format(peers=json.dumps(peers), offsets=json.dumps(offsets), count=PAGE)
    answer: Any = await api.call("execute", code=code)
    told = answer if isinstance(answer, list) else []
    padded = [*told, *[None] * len(peers)][: len(peers)]
    asked = zip(padded, peers, offsets, strict=True)
    return [page if isinstance(page, dict) else await _page(api, peer, at) for page, peer, at in asked]


async def _page(api: Api, peer: int, offset: int) -> Json:
    """A dialog that `execute` told as `false`, asked for by itself: only so does VK say whether to ask again later."""
    try:
        found = await api.call("messages.getHistory", peer_id=peer, offset=offset, count=PAGE)
    except Refused:
        return {}
    return found if isinstance(found, dict) else {}


def _envelope(group_id: int, peer: int, message: Json) -> PolledEnvelope:
    """With a key of its own: the event's id is not told here, but messages are known by their number in the dialog."""
    ours = number(message, "out") == 1 or number(message, "from_id") == -group_id
    event = {
        "type": "message_reply" if ours else "message_new", "group_id": group_id, "v": "5.199",
        "object": message if ours else {"message": message},
    }  # fmt: skip
    body = json.dumps(event, ensure_ascii=False).encode()
    cmid = number(message, "conversation_message_id")
    key = f"history:{peer}:{cmid}" if cmid else f"history:{hashlib.sha256(body).hexdigest()}"
    envelope = Envelope(body=body, received_at=number(message, "date") * SECOND, method="POLL")
    return PolledEnvelope(envelope=envelope, key=key, lane=str(peer))
