"""What can go wrong at the edge, sorted by what the gateway does next?

ChannelError
├── WebhookRefused      nobody proved this request is theirs: answer 403, keep nothing
├── PayloadUnreadable   it is theirs, but we cannot read it: keep the envelope, set it aside
└── SendFailed          the answer did not leave, or we cannot know
    ├── TryLater        busy or down, and it surely was not sent: the outbox tries again
    ├── Refused         this message will never pass: tell the operator why
    ├── Unreachable     this person cannot be written to here: mark the address
    ├── WindowClosed    the network's own reply window is shut
    ├── SentInPart      it left, but not for every addressee
    ├── Disconnected    our own key is wrong: pause the source and call an administrator
    └── OutcomeUnknown  a time-out, reset or 5xx: it may have left; a person decides
"""

from __future__ import annotations

from collections.abc import Mapping


class ChannelError(Exception):
    """Any failure at the edge. `code` is stable and has a text in the channel's `about.py`."""

    code = "channel_error"

    def __init__(self, detail: str = "", *, code: str | None = None) -> None:
        super().__init__(detail or type(self).code)
        self.detail = detail
        if code is not None:
            self.code = code


class WebhookRefused(ChannelError):
    """The request does not prove who sent it."""

    code = "webhook_refused"


class PayloadUnreadable(ChannelError):
    """The provider sent it, and we cannot read it."""

    code = "payload_unreadable"


class SendFailed(ChannelError):
    """The message did not leave, or nobody can say."""

    code = "send_failed"


class TryLater(SendFailed):
    """Certainly not sent; `after` is how many seconds the network asks us to wait, None: our own back-off.

    `whole_source` says that the pause holds for the account, not only for this conversation.
    """

    code = "try_later"

    def __init__(
        self,
        detail: str = "",
        *,
        code: str | None = None,
        after: float | None = None,
        whole_source: bool = False,
    ) -> None:
        super().__init__(detail, code=code)
        self.after = after
        self.whole_source = whole_source


class Refused(SendFailed):
    """This message will never pass as it is."""

    code = "refused"


class Unreachable(SendFailed):
    """This person cannot be written to on this source until they come back."""

    code = "unreachable"


class WindowClosed(SendFailed):
    """The network refuses because its own reply window is shut."""

    code = "provider_window_closed"


class SentInPart(SendFailed):
    """A letter that was taken for some of its addressees; `others` is what is true of each of the rest.

    Without `ids` nobody was taken."""

    code = "sent_in_part"

    def __init__(self, ids: tuple[str, ...], others: Mapping[str, SendFailed]) -> None:
        super().__init__(", ".join(others))
        self.ids = ids
        self.others = others


class Disconnected(SendFailed):
    """The account's own key or login is refused; nothing can be sent until somebody mends it."""

    code = "disconnected"


class OutcomeUnknown(SendFailed):
    """It may have been delivered: never sent again without a key that makes it harmless."""

    code = "outcome_unknown"
