"""What may a channel serve, be designed as, and be taught?"""

from __future__ import annotations

import abc
from collections.abc import Mapping, Sequence
from typing import ClassVar

from channels.base import Check
from channels.envelopes import Envelope, Reply
from channels.events import Event
from channels.values import value


class HostedPages(abc.ABC):
    """A channel that shows pages of its own to the public, under `/f/{slug}`."""

    @abc.abstractmethod
    def page(self, path: str, envelope: Envelope) -> Reply | None:
        """The page at `path` ("" or a file name); None: 404. Pure."""


class Designed(abc.ABC):
    """A channel with a description that people work on, kept in versions by the gateway and handed over as a setting."""

    design: ClassVar[str]
    """The setting that holds the published description. The number of its version stands in `<design>_version`."""
    along: ClassVar[Mapping[str, str]] = {}
    """Settings that a publication sets besides, so that the description is what counts."""

    @abc.abstractmethod
    def examine(self, content: str) -> Sequence[Check]:
        """What a description lacks before it may be published. Codes have texts in `about.py`. Pure."""


class DesignedPages(Designed, HostedPages):
    """Hosted pages that people design."""

    @abc.abstractmethod
    def preview(self, content: str, envelope: Envelope) -> Reply:
        """The page as it would be, not to be sent. Pure."""


@value(frozen=True, kw_only=True, slots=True)
class Leaf:
    """One value of a received sample: where it lies, what it is, and what it is taken for ("": nothing)."""

    path: str
    value: str
    target: str = ""


class Taught(abc.ABC):
    """A channel that reads what any program sends, and is taught what the fields mean by clicking on a sample."""

    lessons: ClassVar[str]
    """The setting that holds them: a JSON object, path -> one of the targets of `about.py`."""

    @abc.abstractmethod
    def sample(self, envelope: Envelope) -> tuple[Leaf, ...]:
        """The values of an envelope in their order. Raises PayloadUnreadable. Pure."""

    @abc.abstractmethod
    def read_as(self, lessons: str, envelope: Envelope) -> tuple[Event, ...]:
        """What would be read with these lessons. Raises PayloadUnreadable. Pure."""


@value(frozen=True, kw_only=True, slots=True)
class Trial:
    """A test call that somebody made so that we learn: what came meanwhile, oldest first. `kind` is answered, missed or
    outgoing; `number` is the outer number that took part, as it was typed."""

    kind: str
    number: str
    envelopes: Sequence[Envelope]


class Learner(Designed):
    """A channel that learns to read an unknown system's calls from trials. Lessons are a JSON object of the channel's own:
    `fields` (path -> target of `about.py`) and `meanings` (path -> value -> meaning of `about.py`); what else stands in
    them is kept."""

    @property
    @abc.abstractmethod
    def learns(self) -> bool:
        """Whether this account is one that is taught."""

    @abc.abstractmethod
    def leaves(self, envelope: Envelope) -> tuple[Leaf, ...]:
        """The values of an envelope in their order. Raises PayloadUnreadable. Pure."""

    @abc.abstractmethod
    def guess(self, trials: Sequence[Trial], members: frozenset[str]) -> str:
        """Lessons as they seem to be; `members` are the extensions of our people. Pure."""

    @abc.abstractmethod
    def designed(self, lessons: str) -> str:
        """The description that lessons come to. Raises ValueError with a `code`. Pure."""

    @abc.abstractmethod
    def read_by(self, content: str, envelope: Envelope) -> tuple[Event, ...]:
        """What would be read by this description. Raises PayloadUnreadable, ValueError with a `code`. Pure."""
