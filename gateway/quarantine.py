"""How is what was taken for spam let out?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from channels.base import MARKS, RELEASED
from gateway.context import Gateway
from storage import quarantine


async def release(gateway: Gateway, message_ids: Sequence[str], by: str) -> int:
    """Open these messages' envelopes anew, as a client's words; how many."""
    return await gateway.database.write(quarantine.release, message_ids, by, _released)


async def release_conversation(gateway: Gateway, conversation_id: str, by: str) -> int:
    """Let out all that a conversation holds under spam."""
    return await release(
        gateway, await gateway.database.read(quarantine.of_conversation, conversation_id), by
    )


def _released(headers: Mapping[str, str]) -> Mapping[str, str]:
    return {**headers, MARKS: " ".join([*headers.get(MARKS, "").split(), RELEASED])}
