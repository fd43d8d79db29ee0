"""Who holds a lease, and is that process certainly dead?

A name says the machine's start, the space of process numbers, and the number: what is missing there will never come back, so
that whoever starts after a kill need not wait until its predecessor's leases run out.
"""

from __future__ import annotations

import os
import secrets
import socket
from pathlib import Path
from typing import Final

import structlog

from gateway.context import Gateway
from storage.leases import holders, take_from

log = structlog.get_logger(__name__)
BOOT: Final = Path("/proc/sys/kernel/random/boot_id")
SPACE: Final = Path("/proc/self/ns/pid")


def own_name() -> str:
    """This process's name in leases."""
    return f"{_home()}:{os.getpid()}:{secrets.token_hex(4)}"


def _home() -> str:
    """Where process numbers mean the same; one of its own where that cannot be told."""
    try:
        return f"{socket.gethostname()}:{BOOT.read_text().strip()[:13]}:{SPACE.readlink()}"
    except OSError:
        return f"{socket.gethostname()}:{secrets.token_hex(4)}"


def certainly_dead(holder: str) -> bool:
    """Whether the process has ended; False also when that cannot be known here."""
    home, _, rest = holder.rpartition(":")[0].rpartition(":")
    return home == _home() and rest.isdecimal() and not _lives(int(rest))


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


async def bury_the_dead(gateway: Gateway) -> None:
    """Free the leases of processes of this machine that were killed. Raises Unavailable."""
    dead = [name for name in await gateway.database.read(holders) if certainly_dead(name)]
    if dead:
        log.info("leases of dead processes freed", processes=len(dead))
        await gateway.database.write(take_from, dead)
