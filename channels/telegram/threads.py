"""How are chats and messages of Telegram named on a source?

A private chat is `<chat>`, a group's topic `<chat>:<topic>`, a chat of a business connection
`business:<connection>:<chat>`.
"""

from __future__ import annotations

from channels.values import value

BUSINESS = "business:"


@value(frozen=True, kw_only=True, slots=True)
class ChatAddress:
    """Where a message goes: a chat, perhaps in the name of a business connection, perhaps in a topic."""

    chat: int
    topic: int | None = None
    business: str = ""

    @property
    def group(self) -> bool:
        """Groups and supergroups have negative ids (Bot API: Chat)."""
        return self.chat < 0

    @property
    def thread(self) -> str:
        """The conversation's name."""
        return f"{self.chat}:{self.topic}" if self.topic is not None else self._prefix

    @property
    def _prefix(self) -> str:
        return f"{BUSINESS}{self.business}:{self.chat}" if self.business else str(self.chat)

    def external_id(self, message_id: int) -> str:
        """The message's name on the source: its number alone repeats in other chats."""
        return f"{self._prefix}:{message_id}"

    def number_of(self, external_id: str) -> int | None:
        """The message's number here; None when the name belongs to another chat or is no message's."""
        prefix, _, number = external_id.rpartition(":")
        return int(number) if self._is_of(prefix) and _is_number(number) else None

    def _is_of(self, prefix: str) -> bool:
        """An account that was lent again has another connection and the same messages."""
        before = address_of(prefix) if self.business else None
        return prefix == self._prefix or (
            before is not None and bool(before.business) and before.chat == self.chat
        )


def address_of(thread: str) -> ChatAddress | None:
    """The chat of this name; None when there is no such name."""
    business, rest = "", thread
    if thread.startswith(BUSINESS):
        business, _, rest = thread.removeprefix(BUSINESS).rpartition(":")
        if not business:
            return None
    chat, _, topic = rest.partition(":")
    if not _is_number(chat.removeprefix("-")) or (topic and not _is_number(topic)):
        return None
    return ChatAddress(chat=int(chat), topic=int(topic) if topic else None, business=business)


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 16
