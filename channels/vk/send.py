"""How does an answer reach a dialog?

One messages.send a message, with a `random_id` made of our own key: VK ignores a second call with the same
one, so whatever is doubtful is tried again. Source: dev.vk.com/method/messages.send.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from typing import IO, TYPE_CHECKING, Any

from channels.base import Button, FileKind, OutboundFile, OutboundMessage
from channels.errors import Refused, TryLater
from channels.vk.api import Api
from channels.vk.failures import failure
from channels.vk.styles import format_data

if TYPE_CHECKING:
    from channels.vk.session import Session
    from channels.vk.upload import Upload, Way

IN_MEMORY = 4 * 1024 * 1024
BUTTONS, ROWS, COLUMNS, LABEL, PAYLOAD = 10, 6, 5, 40, 255
PICTURES = frozenset({"image/jpeg", "image/png"})
"""VK makes photos of these; other pictures go as documents and stay what they are."""


def random_id(key: str) -> int:
    """Our key as VK's int32: the same at every attempt, positive, never 0 (0 switches the check off)."""
    return int.from_bytes(hashlib.sha256(key.encode()).digest()[:4], "big") & 0x7FFFFFFF or 1


async def send(api: Api, message: OutboundMessage, limits: Mapping[FileKind, int]) -> tuple[str, ...]:
    """The message's id, "<peer>:<number in the dialog>"; () when VK tells none. Raises SendFailed's kin."""
    peer = _peer(message)
    values = _values(message, peer)
    if not (message.text or message.files or message.location or message.sticker):
        raise Refused("nothing to send", code="bad_request")
    with ExitStack() as opened:
        held = [(file, await _hold(file, limits, opened)) for file in message.files]
        return await api.run(lambda session: _deliver(session, api.base, peer, values, held))


def _peer(message: OutboundMessage) -> int:
    for value in (message.thread, message.to.value):
        if value.lstrip("-").isdecimal() and value.isascii():
            return int(value)
    raise Refused("not a dialog of VK", code="bad_request")


def _values(message: OutboundMessage, peer: int) -> dict[str, Any]:
    """`peer_ids` with one peer, not `peer_id`: only so does VK tell the message's number in its dialog."""
    values: dict[str, Any] = {
        "peer_ids": str(peer), "random_id": random_id(message.key), "message": message.text,
        "disable_mentions": 1,
    }  # fmt: skip
    if message.location is not None:
        values["lat"], values["long"] = message.location.latitude, message.location.longitude
    if message.sticker:
        values["sticker_id"] = message.sticker
    quoted_peer, _, number = message.reply_to.partition(":")
    if quoted_peer == str(peer) and number.isdecimal():
        quoted = {"peer_id": peer, "conversation_message_ids": [int(number)], "is_reply": True}
        values["forward"] = json.dumps(quoted)
    if styled := format_data(message.text, message.spans):
        values["format_data"] = styled
    if message.buttons:
        values["keyboard"] = _keyboard(message.buttons)
    return values


def _keyboard(buttons: Sequence[Sequence[Button]]) -> str:
    """An inline keyboard (dev.vk.com/api/bots/development/keyboard). Raises Refused for what VK would not take."""
    rows = [[_button(one) for one in row] for row in buttons]
    if sum(map(len, rows)) > BUTTONS or len(rows) > ROWS or any(len(row) > COLUMNS for row in rows):
        raise Refused("more buttons than VK takes", code="buttons_too_many")
    return json.dumps({"inline": True, "buttons": rows}, ensure_ascii=False)


def _button(button: Button) -> dict[str, Any]:
    label = button.label[:LABEL]
    if button.url:
        return {"action": {"type": "open_link", "link": button.url, "label": label}}
    payload = json.dumps(button.payload, ensure_ascii=False)
    if len(payload) > PAYLOAD:
        raise Refused("a longer payload than VK takes", code="buttons_too_many")
    return {"action": {"type": "callback", "label": label, "payload": payload}}


async def _hold(file: OutboundFile, limits: Mapping[FileKind, int], opened: ExitStack) -> IO[bytes]:
    """The file's bytes where a thread can read them. Raises Refused for a size or kind VK does not take."""
    limit = limits.get(file.kind)
    if limit is None:
        raise Refused(f"no {file.kind}", code="file_kind")
    if file.size > limit:
        raise Refused(f"{file.size} bytes", code="too_large")
    held: IO[bytes] = opened.enter_context(tempfile.SpooledTemporaryFile(max_size=IN_MEMORY))  # noqa: SIM115
    read = 0
    async for block in file.read():
        read += len(block)
        if read > limit:
            raise Refused(f"over {limit} bytes", code="too_large")
        held.write(block)
    return held


def _deliver(
    session: Session, base: str, peer: int, values: dict[str, Any], held: list[tuple[OutboundFile, IO[bytes]]]
) -> tuple[str, ...]:
    from channels.vk.upload import put

    references = [put(session, base, peer, _upload(file, content)) for file, content in held]
    if references:
        values = {**values, "attachment": ",".join(references)}
    return _number(session, peer, session.call("messages.send", values, tries=1))


def _upload(file: OutboundFile, content: IO[bytes]) -> Upload:
    from channels.vk.upload import Upload

    way: Way = "doc"
    if file.kind == "photo" and file.mime in PICTURES:
        way = "photo"
    elif file.kind == "voice":
        way = "audio_message"
    size = content.seek(0, 2)
    return Upload(way=way, name=file.name, mime=file.mime, size=size, content=content)


def _number(session: Session, peer: int, answer: Any) -> tuple[str, ...]:
    """The id in VK's answer. Any answer without an error is a success, a repeated `random_id` included."""
    item = answer[0] if isinstance(answer, list) and answer else answer
    if not isinstance(item, dict):
        return _looked_up(session, peer, item)
    error = item.get("error")
    if isinstance(error, dict):
        raise failure(_integer(error.get("code")), str(error.get("description", "")))
    cmid = _integer(item.get("conversation_message_id")) or _integer(item.get("cmid"))
    return (f"{peer}:{cmid}",) if cmid else _looked_up(session, peer, item.get("message_id"))


def _looked_up(session: Session, peer: int, message_id: Any) -> tuple[str, ...]:
    """Ask for the number in the dialog by the community's own number; () when nobody tells: it was sent."""
    if not _integer(message_id):
        return ()
    try:
        found = session.call("messages.getById", {"message_ids": message_id})
        cmid = _integer(found["items"][0]["conversation_message_id"])
    except (Refused, TryLater, KeyError, IndexError, TypeError):
        return ()
    return (f"{peer}:{cmid}",) if cmid else ()


def _integer(value: Any) -> int:
    return value if type(value) is int and value > 0 else 0
