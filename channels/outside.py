"""How is something got from the internet at an address that somebody else chose?

Whoever writes the address chooses where we go, so: to public addresses only. It is looked at when the connection is made:
what a name leads to, and how a number is read that is written in the digits of another script, is known only then.
"""

from __future__ import annotations

import errno
import ipaddress
import socket

import aiohttp


def is_public(host: str) -> bool:
    """Whether a number leads to the internet and nowhere inside; a name is judged when the connection is made."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return True
    inner = getattr(address, "ipv4_mapped", None) or getattr(address, "sixtofour", None) or address
    return inner.is_global


def outside() -> aiohttp.TCPConnector:
    """Connections to the internet only. Others fail as if nobody were there."""
    return aiohttp.TCPConnector(socket_factory=_socket)


def _socket(where: aiohttp.AddrInfoType) -> socket.socket:
    family, kind, protocol, _, address = where
    if not is_public(str(address[0])):
        raise OSError(errno.EHOSTUNREACH, "no public address")
    return socket.socket(family, kind, protocol)
