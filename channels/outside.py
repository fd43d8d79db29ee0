"""How is something got from the internet at an address that somebody else chose?

Whoever writes the address chooses where we go, so: to public addresses only, and the connection is made to the very address
that was looked at.
"""

from __future__ import annotations

import ipaddress
import socket

from aiohttp.abc import ResolveResult
from aiohttp.resolver import ThreadedResolver


def is_public(host: str) -> bool:
    """Whether a number leads to the internet and nowhere inside; a name is judged when it is resolved."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return True
    return (getattr(address, "ipv4_mapped", None) or address).is_global


class PublicOnly(ThreadedResolver):
    """Gives only addresses of the internet, so that a name cannot lead into our own network."""

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        found = await super().resolve(host, port, family)
        public = [one for one in found if is_public(one["host"])]
        if not public:
            raise OSError(None, "no public address")
        return public
