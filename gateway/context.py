"""What does every part of the gateway work with? One object a process, made by gateway.app."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from gateway.apart import Apart
from gateway.config import Config
from gateway.vault import Vault
from storage.bells import Bells
from storage.database import Database
from storage.files import FileStore

if TYPE_CHECKING:
    from gateway.sources import Sources


@dataclass(frozen=True, slots=True)
class Gateway:
    """The rooms' common tools. `now` is microseconds UTC."""

    config: Config
    database: Database
    bells: Bells
    files: FileStore
    sources: Sources
    vault: Vault
    now: Callable[[], int]
    holder: str
    """This process's name in leases: host, pid and a random part."""
    apart: Apart = field(default_factory=Apart)
    """Reads what could hang us."""
