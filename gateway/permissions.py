"""Who may do what? A role is rows of permission and scope; these are the five presets and the whole list.

The server checks permissions, never roles' names. Scopes widen: own, team, below, all.
"""

from __future__ import annotations

from typing import Final

SCOPES: Final = ("own", "team", "below", "all")

PERMISSIONS: Final[dict[str, str]] = {
    "conversation.read": "See conversations and what was said in them.",
    "conversation.reply": "Answer, note, take, put off and finish conversations.",
    "conversation.assign": "Give conversations to others.",
    "recording.listen": "Listen to recorded calls.",
    "contact.read": "See contacts.",
    "contact.edit": "Change contacts.",
    "contact.import": "Bring whole address books in, and take that back.",
    "contact.export": "Take the contacts out as a file.",
    "deal.read": "See deals and leads, without what was said.",
    "deal.edit": "Change deals.",
    "deal.attach": "Move messages between deals.",
    "lead.accept": "Be offered leads and own them.",
    "lead.assign": "Give leads to others.",
    "source.read": "See sources and how they are.",
    "source.edit": "Connect and change sources.",
    "source.replay": "See and replay what was set aside.",
    "member.read": "See colleagues.",
    "member.edit": "Invite and change colleagues.",
    "member.grant": "Make administrators, and change them.",
    "queue.edit": "Change queues.",
    "company.edit": "Change hours and addresses.",
    "window.override": "Write past the company's own reply window, with a reason.",
    "token.edit": "Make access tokens for programs.",
    "demo.run": "Load demonstration data and play clients.",
}

SCOPED: Final = frozenset({
    "conversation.read", "conversation.reply", "conversation.assign", "recording.listen", "contact.read", "contact.edit",
    "deal.read", "deal.edit", "deal.attach", "lead.accept", "lead.assign", "member.edit", "queue.edit",
})  # fmt: skip
"""Those that may cover less than everything; the others are about what is nobody's, and are had or not."""

_reading = {"member.read": "all"}

PRESETS: Final[dict[str, dict[str, str]]] = {
    "operator": {
        **_reading, "conversation.read": "all", "conversation.reply": "all", "conversation.assign": "all",
        "recording.listen": "all",
        "contact.read": "all", "contact.edit": "all", "deal.read": "all", "deal.attach": "all",
        "lead.assign": "all", "demo.run": "all",
    },
    "manager": {
        **_reading, "conversation.read": "own", "conversation.reply": "own", "recording.listen": "own",
        "contact.read": "own", "contact.edit": "own",
        "deal.read": "own", "deal.edit": "own", "deal.attach": "own", "lead.accept": "own",
    },
    "marketer": {
        **_reading, "deal.read": "all", "source.read": "all", "source.edit": "all", "source.replay": "all",
    },
    "head": {
        **_reading, "conversation.read": "all", "conversation.reply": "all", "conversation.assign": "all",
        "recording.listen": "all",
        "contact.read": "all", "contact.edit": "all", "deal.read": "all", "deal.edit": "all", "deal.attach": "all",
        "lead.accept": "all", "lead.assign": "all", "source.read": "all", "source.replay": "all",
        "member.edit": "all", "queue.edit": "all", "company.edit": "all", "window.override": "all",
        "contact.import": "all", "contact.export": "all",
    },
    "admin": dict.fromkeys(PERMISSIONS, "all"),
}  # fmt: skip
