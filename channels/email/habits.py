"""Does the provider put what leaves by SMTP into Sent by itself? Proved at set-up, else the preset tells."""

from __future__ import annotations

import contextlib

from channels.base import Memory
from channels.email.mailbox import Mailbox

FILED = "sent"
"""What is remembered under this name: the mailbox it was proved for, and `yes` or `no`."""


class Habits:
    """What was learnt of one mailbox. It is asked anew each time: another process may have set the mailbox up."""

    def __init__(self, mailbox: Mailbox, memory: Memory | None) -> None:
        self._mailbox = mailbox
        self._memory = memory

    async def files_sent(self) -> bool:
        """True when what is not in Sent did not leave, and what is there needs no copy of ours. Never raises."""
        told = ""
        if self._memory is not None:
            with contextlib.suppress(Exception):  # a letter must not wait for it, nor seem to have failed
                told = (await self._memory.read()).get(FILED, "")
        proved = {self._mark("yes"): True, self._mark("no"): False}
        return proved.get(told, self._mailbox.files_sent)

    async def learn(self, files_sent: bool) -> None:
        """Remember what was seen. Raises TryLater."""
        if self._memory is None:
            return
        async with self._memory.alone():
            known = await self._memory.read()
            await self._memory.write({**known, FILED: self._mark("yes" if files_sent else "no")})

    def _mark(self, word: str) -> str:
        """Of this account at this server only: another one may do otherwise."""
        return f"{word} {self._mailbox.login} {self._mailbox.smtp.host}"
