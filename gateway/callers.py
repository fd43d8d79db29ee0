"""Who calls, as far as the proxies before us may be believed?"""

from __future__ import annotations

import ipaddress
from functools import lru_cache

from aiohttp import web


def address_of(request: web.Request, proxies: int) -> str:
    """The caller's address. `proxies` reverse proxies stand before us, each of which appended who called it: what lies
    further left in X-Forwarded-For was written by the caller and is not believed. "" for what is no address."""
    if proxies <= 0:
        return plain(request.remote or "")
    told = [one for header in request.headers.getall("X-Forwarded-For", []) for one in header.split(",")]
    chain = [*told, request.remote or ""]
    return plain(chain[-(proxies + 1)] if len(chain) > proxies else chain[0])


@lru_cache(maxsize=4096)
def plain(told: str) -> str:
    """An address as it is compared and kept, "" for anything else."""
    try:
        address = ipaddress.ip_address(told.strip().strip("[]").partition("%")[0])
    except ValueError:
        return ""
    return str(getattr(address, "ipv4_mapped", None) or address)
