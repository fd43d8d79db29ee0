"""Which addresses may we call? VK's own hosts by https, and a stand-in of the settings on this machine."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

from channels.errors import Refused

API = "https://api.vk.ru"
"""The address vk_api has built in."""
OF_VK = (
    "vk.com", "vk.ru", "vk.me", "vkontakte.ru", "userapi.com", "vkuser.net", "vkuserapi.com",
    "vkuserphoto.ru", "vkuseraudio.net", "vkuseraudio.com", "vkuservideo.net", "vkuservideo.com",
    "vkuserlive.net", "vk-cdn.net", "vk-cdn.me", "vk-portal.net", "mycdn.me", "okcdn.ru", "vkvideo.ru",
)  # fmt: skip
"""VK and its file servers; a host is one of these or below one of them."""


def base_of(settings_value: str) -> str:
    """The API's address, no slash at its end. One that is neither https nor on this machine is ignored."""
    base = settings_value.strip().rstrip("/")
    parts = _split(base)
    if parts is None or parts[0] not in ("https", "http"):
        return API
    return base if parts[0] == "https" or is_loopback(parts[1]) else API


def is_loopback(host: str) -> bool:
    """Whether a host name or address is this machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def is_public_https(url: str) -> bool:
    """Whether a provider outside could call it."""
    parts = _split(url)
    if parts is None or parts[0] != "https":
        return False
    host = parts[1]
    try:
        return ipaddress.ip_address(host).is_global
    except ValueError:
        return "." in host and not host.endswith((".local", ".localhost", ".internal", ".lan", ".home.arpa"))


def allowed(url: str, base: str) -> str:
    """The address itself. Raises Refused unless it is VK's, or lies on the machine that stands in for VK."""
    parts = _split(url)
    if parts is not None:
        scheme, host, port = parts
        if scheme == "https" and port in (None, 443) and of_vk(host):
            return url
        stand_in = _split(base)
        if stand_in is not None and is_loopback(stand_in[1]) and parts == stand_in:
            return url
    raise Refused("not an address of VK", code="foreign_address")


def of_vk(host: str) -> bool:
    """Whether the host belongs to VK."""
    return any(host == name or host.endswith(f".{name}") for name in OF_VK)


def _split(url: str) -> tuple[str, str, int | None] | None:
    """Scheme, host and port; None for what is no plain address (a name and password in it, say)."""
    try:
        parts = urlsplit(url)
        if parts.username is not None or parts.password is not None or not parts.hostname:
            return None
        return parts.scheme.lower(), parts.hostname.lower().rstrip("."), parts.port
    except ValueError:
        return None
