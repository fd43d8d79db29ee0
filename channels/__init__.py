"""Which networks are there?

A network is a folder here holding a class `CHANNEL` (channels.base.Channel), an `ABOUT` (channels.about.About) in its
`about.py` and, for tests and the demonstration, a `Fake` (channels.fakes.Fake) in its `fake.py`. The folder's name is
the channel's name; nothing else registers it.
"""

from __future__ import annotations

import importlib
from functools import cache
from pathlib import Path
from typing import cast

from channels.about import About
from channels.base import Channel
from channels.fakes import Fake


@cache
def names() -> tuple[str, ...]:
    """The folders that are channels, sorted."""
    return tuple(sorted(init.parent.name for init in Path(__file__).parent.glob("*/fake.py")))


@cache
def load(name: str) -> type[Channel]:
    """The channel's class. Raises KeyError for a name that is no folder."""
    if name not in names():
        raise KeyError(name)
    return cast(type[Channel], importlib.import_module(f"channels.{name}").CHANNEL)


@cache
def about(name: str) -> About:
    """How the channel presents itself. Raises KeyError for a name that is no folder."""
    if name not in names():
        raise KeyError(name)
    return cast(About, importlib.import_module(f"channels.{name}.about").ABOUT)


def fake(name: str) -> type[Fake]:
    """The channel's provider as a local server. Imported only by tests and the demonstration."""
    return cast(type[Fake], importlib.import_module(f"channels.{name}.fake").FAKE)
