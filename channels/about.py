"""How does a channel present itself to people?

Everything the console shows about a network is data of this shape, made in the channel's own `about.py` and served at
`/api/v1/channels`. Texts are pairs: Russian first, English second.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias


@dataclass(frozen=True, kw_only=True, slots=True)
class Text:
    ru: str
    en: str


FieldKind: TypeAlias = Literal[
    "text", "long", "secret", "number", "choice", "switch", "email", "host", "mapping", "design", "lessons"
]


@dataclass(frozen=True, kw_only=True, slots=True)
class Choice:
    value: str
    label: Text


@dataclass(frozen=True, kw_only=True, slots=True)
class Setting:
    """One field of the connection form."""

    key: str
    label: Text
    kind: FieldKind = "text"
    help: Text | None = None
    required: bool = True
    default: str = ""
    pattern: str = ""
    """A regular expression the whole value must match (the same in Python and JavaScript); "" is none."""
    choices: tuple[Choice, ...] = ()
    step: int = 1
    """Which wizard step asks for it (1-based)."""
    advanced: bool = False
    suggests: bool = False
    """What is typed here may tell other settings: the channel is asked for them."""
    shown_if: tuple[str, str] | None = None
    """(key, value) of another setting that must be chosen for this one to be asked; "a|b" is either."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Copy:
    """A value the person copies into the provider's page. `value` may hold {hook_url}, {public_url}, {slug}, {secret}."""

    label: Text
    value: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """One of the five wizard steps."""

    title: Text
    text: Text
    """Plain text; lines beginning with "1. " are a list; `code` in backquotes."""
    copies: tuple[Copy, ...] = ()
    link: str = ""
    texts: tuple[str, Mapping[str, Text]] | None = None
    """(key, value -> text) of a setting whose choice has a text of its own in place of `text`."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Template:
    """A ready description to begin a designed page with (a setting of kind `design`), in both languages."""

    key: str
    title: Text
    summary: Text
    content: Text


@dataclass(frozen=True, kw_only=True, slots=True)
class About:
    """A channel as the catalogue, the wizard and the queue show it."""

    title: Text
    mark: str
    """Two letters or a glyph name: Tg, VK, @, form, phone."""
    colour: Literal["tg", "vk", "mail", "form", "call", "other"]
    summary: Text
    needs: Text
    minutes: int
    settings: tuple[Setting, ...]
    steps: tuple[Step, ...]
    test_prompt: Text
    """What the person does in the live test."""
    templates: tuple[Template, ...] = ()
    targets: tuple[Choice, ...] = ()
    """What a field of a received sample can be made to mean, for channels that are taught by clicking."""
    meanings: Mapping[str, tuple[Choice, ...]] = field(default_factory=dict)
    """Target -> what its values can mean, for channels that learn from test calls."""
    aliases: tuple[str, ...] = ()
    """What people call it for short, in a search."""
    place: tuple[Copy, ...] = ()
    """What to put on the site or in print once it works."""
    errors: Mapping[str, Text] = field(default_factory=dict)
    """Every error and check code this channel can give, in words with what to do."""
    kinds: Mapping[str, Text] = field(default_factory=dict)
    """Names of the identity kinds it brings."""
    notes: Mapping[str, Text] = field(default_factory=dict)
    """System lines for `Noted.code`; `{name}` is the person, other braces are the event's params."""
    profile_links: Mapping[str, str] = field(default_factory=dict)
    """Identity kind -> URL pattern with {value} or {username}."""
    needs_public_url: bool = False
    """True: nothing arrives without a public address."""
    polls_without_public_url: bool = False
