"""Which reply window holds for a conversation, and may we write there at all?"""

from __future__ import annotations

from typing import Any, Final

from routing.window import NO_WINDOW, WindowPolicy

STANDING: Final = "c.nature AS talk, c.connection, x.active AS lent_active, x.can_reply AS lent_reply"
JOINED: Final = "LEFT JOIN connection x ON x.source_id = c.source_id AND x.key = c.connection"
"""With `conversation c`: what the two questions look at."""
ANCHOR: Final = "CASE WHEN c.connection = '' THEN a.last_client_at ELSE c.anchor_at END AS last_client_at"
"""With `conversation c` and its `address a`: the window's anchor. A right to answer on somebody's private account is that chat's
alone: what the same person writes to the source itself opens nothing there, nor the other way round."""
UNREACHABLE: Final = "CASE WHEN c.connection = '' THEN coalesce(a.unreachable, 0) ELSE c.unreachable END"
REASON: Final = "CASE WHEN c.connection = '' THEN a.reason ELSE c.reason END"
"""With the same: whether it can be written to, and why not. Who blocked the bot may well talk to the account's owner."""


def policy_of(row: Any, own: WindowPolicy, lent: WindowPolicy) -> WindowPolicy:
    """A group has no window, a chat on a lent account the network's, all others the source's `own`."""
    if row.talk == "group":
        return NO_WINDOW
    return lent if row.connection else own


def may_speak(row: Any) -> bool:
    """Whether we may still write in the owner's name; an account that nobody has told of yet may."""
    return not row.connection or row.lent_active is None or bool(row.lent_active and row.lent_reply)
