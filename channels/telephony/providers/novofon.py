"""What does Novofon of the first version tell? What Zadarma does: the vendor's library differs by its name and host.

Novofon 2.0 has another API, that of UIS (uis.py).
"""

from __future__ import annotations

from typing import ClassVar

from channels.telephony.providers.zadarma import Zadarma


class Novofon(Zadarma):
    """A Novofon exchange, API version 1."""

    api: ClassVar[str] = "https://api.novofon.com"
    hosts: ClassVar[tuple[str, ...]] = (".novofon.com",)


PROVIDER = Novofon
