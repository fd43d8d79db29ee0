"""What does the payload of a link mean: a campaign, and perhaps a deal?

`t.me/bot?start=PAYLOAD` and `vk.me/club?ref=PAYLOAD` carry up to 64 of the characters A-Z a-z 0-9 _ -. A link to a deal is a
label and a token of 128 random bits behind two hyphens. The token stands for the deal in a table: nobody can guess another
one, and a link can be taken back.
"""

from __future__ import annotations

import re
from typing import Final

from routing.values import value

LABEL_MAX: Final = 40
TOKEN_LENGTH: Final = 22
_made: Final = re.compile(
    rf"(?P<label>[A-Za-z0-9_-]{{0,{LABEL_MAX}}})--(?P<token>[A-Za-z0-9_-]{{{TOKEN_LENGTH}}})"
)


@value(frozen=True, kw_only=True, slots=True)
class Link:
    """What a payload may say. Whether the token stands for a deal is for its table to say."""

    campaign: str
    token: str = ""


NOTHING: Final = Link(campaign="")


def read(payload: str) -> Link:
    """The parts of a payload; what does not look like a link to a deal is a campaign as a whole."""
    if not payload:  # as good as always
        return NOTHING
    found = _made.fullmatch(payload)
    return Link(campaign=found["label"], token=found["token"]) if found else Link(campaign=payload)


def payload_of(label: str, token: str) -> str:
    """The payload of a link to a deal. Raises ValueError for what no link can carry."""
    payload = f"{label}--{token}"
    if not _made.fullmatch(payload):
        raise ValueError(f"no link can carry {payload!r}")
    return payload
