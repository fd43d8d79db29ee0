"""What do we say when we refuse? A fixed list of codes, each with one English sentence; screens translate them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from storage.errors import Conflict

CODES: Final[dict[str, str]] = {
    "bad_request": "The request is not of the form it should have.",
    "signed_out": "Sign in first.",
    "forbidden": "Your roles do not allow this.",
    "not_found": "There is no such thing, or you may not see it.",
    "too_large": "The body is larger than allowed.",
    "too_many": "Too many attempts; wait a little.",
    "unsupported_type": "This content type is not understood here.",
    "unreadable": "What was received cannot be read.",
    "unavailable": "The service cannot do this right now; try again shortly.",
    "failed": "Something went wrong on our side; the log has the details.",
    "window_closed": "The reply window is closed.",
    "by_hand_only": "Only a person may write now.",
    "no_links": "Links are not allowed now.",
    "no_promotion": "Promotion is not allowed now.",
    "never_opened": "The client has not written here yet.",
    "blocked_by_client": "The client does not take our messages.",
    "no_permission": "The network does not let us write to this person.",
    "unreachable": "This address cannot be written to.",
    "source_down": "The source is not working.",
    "no_address": "There is no address to write to.",
    "read_only": "This conversation is somebody else's.",
    "stale_context": "A colleague answered while you were writing.",
    "text_too_long": "The text is longer than the network takes.",
    "text_empty": "There is nothing to send.",
    "file_too_large": "The file is larger than the network takes.",
    "file_kind": "The network does not take files of this kind.",
    "cannot_share": "The network has no message of this kind.",
    "too_late": "It has already left.",
    "not_now": "That cannot be done in its present state.",
    "cannot_answer": "This source cannot be answered in.",
    "cannot_edit": "This message cannot be changed.",
    "edit_too_late": "The network lets messages be changed for a shorter time.",
    "edit_too_long": "The new text needs another number of messages than the one that left.",
    "cannot_delete": "This message cannot be taken back.",
    "delete_too_late": "The network lets messages be taken back for a shorter time.",
    "cannot_react": "The network does not take this reaction here.",
    "no_recipient": "A letter needs somebody to go to.",
    "bad_address": "This is no mail address.",
    "too_many_recipients": "A letter cannot go to so many at once.",
    "too_many_files": "A letter cannot carry so many files.",
    "override_forbidden": "This window may not be overridden.",
    "changed": "A colleague changed it a moment ago.",
    "taken": "Somebody else took it.",
    "expired": "The time for it is over.",
    "withdrawn": "It was taken back.",
    "draft_conflict": "The draft was changed elsewhere.",
    "no_public_url": "This needs a public address.",
    "bad_design": "What is to be published lacks something.",
    "bad_settings": "The settings are not right.",
    "code_taken": "Another ready answer has this code.",
    "too_many_kept": "No more can be kept; remove some.",
    "no_extension": "Your profile has no extension: your telephone cannot be rung.",
    "cannot_call": "No telephone system that could call is connected.",
    "call_failed": "The telephone system did not place the call.",
    "asks_first": "It is early or late; calling asks first.",
    "queue_empty": "The queue has no member or no head.",
}


class Refusal(Exception):
    """A refusal with a code of the list, an HTTP status and what its text needs. It changes nothing."""

    def __init__(self, code: str, status: int = 409, **params: str | int | float | bool | None) -> None:
        super().__init__(CODES[code])
        self.code = code
        self.status = status
        self.params = params


@contextmanager
def refusing() -> Iterator[None]:
    """Say a storage conflict as a refusal."""
    try:
        yield
    except Conflict as conflict:
        raise Refusal(conflict.code, conflict.status, **conflict.params) from conflict
