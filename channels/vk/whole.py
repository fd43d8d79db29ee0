"""What does all of a message say that VK cropped for bots?"""

from __future__ import annotations

import json

from channels.base import Envelope
from channels.errors import Refused
from channels.vk.acts import place_of
from channels.vk.api import Api
from channels.vk.wire import SECOND, WHOLE, number, rows


async def whole(api: Api, group_id: int, thread: str, external_id: str) -> Envelope | None:
    """messages.getByConversationMessageId, as an event of our own; None: it is gone. Raises SendFailed's kin."""
    try:
        peer, cmid = place_of(thread, external_id)
        found = await api.call(
            "messages.getByConversationMessageId", peer_id=peer, conversation_message_ids=str(cmid)
        )
    except Refused:
        return None
    items = rows(found if isinstance(found, dict) else {}, "items")
    if not items:
        return None
    event = {"type": WHOLE, "group_id": group_id, "v": "5.199", "object": {"message": items[0]}}
    at = number(items[0], "update_time") or number(items[0], "date")
    return Envelope(
        body=json.dumps(event, ensure_ascii=False).encode(), received_at=at * SECOND, method="POLL"
    )
