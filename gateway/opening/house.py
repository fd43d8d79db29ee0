"""What must a batch know of the installation itself? Policies and names, read before the transaction."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from routing.deals import AttachPolicy
from routing.schedule import Schedule
from routing.times import Micros
from routing.window import WindowPolicy


@dataclass(frozen=True, kw_only=True, slots=True)
class SourceRules:
    """What holds for one source. `target`: the first answer is due after so much working time, `next_target`: later ones."""

    id: str
    name: str
    window: WindowPolicy
    lent: WindowPolicy
    """Of chats on private accounts."""
    attach: AttachPolicy
    target: Micros
    next_target: Micros
    queue_id: str | None
    operator_first: bool
    answers: bool
    """Whether it can be answered in at all, on this source or through another address."""
    demo: int
    staff: bool = False
    """Set apart for our own people: nobody who writes there is a client."""
    pipeline: tuple[str, str] | None = None
    """Pipeline and first stage of its leads; None: the house's own."""
    confirms_by: str = ""
    """The source that sends letters of thanks for its enquiries, "" is none."""
    confirms_to: str = ""
    """The kind of identity they go to."""
    confirms_echo: Callable[[str], str] = str
    """Key -> how that source's network will name a letter."""


@dataclass(frozen=True, kw_only=True, slots=True)
class House:
    """The installation as a batch sees it."""

    sources: Mapping[str, SourceRules]
    mute: frozenset[str]
    """Sources whose enquiries have no way back of their own: forms, calls."""
    schedule: Schedule
    lead_stage_id: str
    pipeline_id: str
