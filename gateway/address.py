"""What can work with this public address? Networks call us only by https and by a name or number the world can reach."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit


def tidy(url: str) -> str:
    """The address without what people paste around it."""
    return url.strip().rstrip("/")


def problem_of(url: str) -> str:
    """Why networks cannot call us there; "" when they can."""
    if not url:
        return "none"
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return "not_an_address"
    if parts.scheme not in ("http", "https") or not host or parts.query or parts.fragment or parts.username:
        return "not_an_address"
    if parts.scheme != "https":
        return "not_https"
    if port not in (None, 443, 80, 88, 8443):
        return "port"
    return "private" if _private(host) else ""


def _private(host: str) -> bool:
    if host == "localhost" or host.endswith((".local", ".localhost", ".internal", ".lan")) or "." not in host:
        return True
    try:
        return not ipaddress.ip_address(host).is_global
    except ValueError:
        return False
