"""What does Sipuni tell? Its mapping says it (mappings/sipuni.json); telephony.md, 3.5.

- Every notification must be answered {"success": true}, or Sipuni stops sending; so must the bare ping on saving.
- Nothing is signed: the secret lies in the address.
- Whom to ring is asked with `fromnum` and answered with the number of a scheme's branch (setting `routes`).
- A call is placed by `callback/call_number`, its parameters signed by an MD5 with the secret of the integration.
- It has no question for its history that is documented.
"""

from __future__ import annotations

from typing import ClassVar

from channels.telephony.providers.generic import Generic


class Sipuni(Generic):
    """A Sipuni exchange."""

    preset: ClassVar[str] = "sipuni"
    hosts: ClassVar[tuple[str, ...]] = (".sipuni.com",)

    def _can_call(self) -> bool:
        return bool(self.account.settings.get("api_user") and self.account.settings.get("secret"))


PROVIDER = Sipuni
