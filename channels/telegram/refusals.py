"""What does a refusal of the Bot API mean to us?

The descriptions are the server's own (tdlib/telegram-bot-api), compared by what they contain.
"""

from __future__ import annotations

from typing import Final

from channels.errors import (
    Disconnected,
    OutcomeUnknown,
    Refused,
    SendFailed,
    TryLater,
    Unreachable,
    WindowClosed,
)

LONGEST_PAUSE: Final = 3600.0

UNREACHABLE: Final = (
    ("bot was blocked", "blocked_by_client"),
    ("user is deactivated", "address_dead"),
    ("can't initiate conversation", "no_permission_at_provider"),
    ("chat not found", "no_permission_at_provider"),
    ("peer_id_invalid", "no_permission_at_provider"),
)
REFUSED: Final = (
    ("was kicked", "not_in_group"),
    ("not a member", "not_in_group"),
    ("chat was deleted", "not_in_group"),
    ("not enough rights", "no_rights"),
    ("have no rights", "no_rights"),
    ("chat_write_forbidden", "no_rights"),
    ("business_connection_invalid", "business_disconnected"),
    ("business connection not found", "business_disconnected"),
    ("business_peer_invalid", "business_disconnected"),
    ("message is not modified", "unchanged"),
    ("can't be edited", "cannot_edit"),
    ("to edit not found", "message_gone"),
    ("to delete not found", "message_gone"),
    ("to react not found", "message_gone"),
    ("message_id_invalid", "message_gone"),
    ("can't be deleted", "cannot_delete"),
    ("reaction_invalid", "reaction_refused"),
    ("too long", "too_long"),
    ("text is empty", "empty"),
    ("file is too big", "too_large"),
    ("wrong file_id", "file_unavailable"),
    ("voice_messages_forbidden", "voice_forbidden"),
    ("topic_closed", "topic_closed"),
    ("thread not found", "topic_closed"),
)


def our_error(
    status: int, description: str, *, after: float | None = None, group: bool = False
) -> SendFailed:
    """The error that says what to do next. `after` is what a flood asks us to wait, seconds."""
    said = description.lower()
    detail = description[:200]
    match status:
        case 429:
            return TryLater(detail, code="slow_down", after=_pause(after), whole_source=not group)
        case 404 if "method not found" in said:
            return Refused(detail, code="not_supported")  # an older server of one's own
        case 401 | 404:
            return Disconnected(detail, code="token_wrong")
        case 409:
            return TryLater(detail, code="webhook_elsewhere" if "webhook" in said else "other_reader")
        case 413:
            return Refused(detail, code="too_large")
        case _ if status >= 500:
            return OutcomeUnknown(detail, code="server_error")
        case _ if "business_peer_usage_missing" in said:
            return WindowClosed(detail)
        case _:
            return _refused(said, detail, group)


def _refused(said: str, detail: str, group: bool) -> SendFailed:
    for part, code in UNREACHABLE:
        if part in said:
            # A group is not a person: nobody's address is to be marked.
            return Refused(detail, code="not_in_group") if group else Unreachable(detail, code=code)
    code = next((code for part, code in REFUSED if part in said), "refused")
    return Refused(detail, code=code)


def _pause(after: float | None) -> float:
    return min(max(after or 1.0, 0.0), LONGEST_PAUSE)
