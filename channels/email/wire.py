"""How is aioimaplib kept from its known faults?

Version 2.0.3 recurses once for each line of an answer and dies of it at about a thousand, does not tell
waiting commands that the connection is gone, and lets a refusing greeting hang. These two classes mend that
and nothing else.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import Callable
from typing import Any

from aioimaplib import aioimaplib as library

# At level DEBUG the library writes letters and passwords into the log.
logging.getLogger(library.__name__).setLevel(logging.WARNING)

LONGEST_LINE = 8 * 1024 * 1024


class Connection(library.IMAP4ClientProtocol):  # type: ignore[misc]
    """The protocol with a loop instead of the recursion, and with an end that everybody hears of."""

    def __init__(self, loop: asyncio.AbstractEventLoop, longest: int) -> None:
        super().__init__(loop)
        self.longest = longest
        self.lost = asyncio.Event()
        self.news = asyncio.Event()
        """Something changed in the open folder."""
        self.stirred = asyncio.Event()
        """Either of the two."""
        self.fault: Exception | None = None
        self.said: list[str] = []
        """What the server told us beside its answers: alerts, farewells."""

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self.fault = self.fault or exc
        self.lost.set()
        self.stirred.set()
        waiting = [self.pending_sync_command, *self.pending_async_commands.values()]
        for command in waiting:
            if command is not None and not command._event.is_set():
                command._exception = library.Abort("connection lost")
                command.close(b"", "KO")

    def data_received(self, d: bytes) -> None:
        try:
            if len(self.incomplete_line) > LONGEST_LINE:
                raise library.Abort("a line without an end")
            if self._more_than_consent(d):
                raise library.Abort("words before the encryption")
            super().data_received(d)
        except Exception as error:
            self._break(error)

    def _more_than_consent(self, data: bytes) -> bool:
        """Whether more than the consent to STARTTLS came: it would be believed as if it had come encrypted."""
        command = self.pending_sync_command
        if command is None or command.name != "STARTTLS":
            return False
        heard = self.incomplete_line + data
        at = heard.find(b"\n", max(0, heard.find(command.tag.encode() + b" ")))
        return command.tag.encode() in heard and 0 <= at < len(heard) - 1

    async def welcome(self, command: bytes) -> None:
        self._note_alert(command)
        try:
            await super().welcome(command)
        except Exception as error:
            self.said.append(command[:300].decode("utf-8", "replace"))
            self._break(error)

    def _break(self, error: Exception) -> None:
        self.fault = error
        if self.transport is not None:
            self.transport.abort()

    def _handle_responses(
        self, data: bytes, line_handler: Callable[[bytes, Any], Any], current_cmd: Any = None
    ) -> None:
        at, command = 0, current_cmd
        while True:
            if command is not None and command.wait_literal_data() and at < len(data):
                room = command._expected_size - len(command._resp_literal_data)
                command.append_literal_data(data[at : at + room])
                at += room
                if command.wait_literal_data():
                    raise library.IncompleteRead(command)
            if at >= len(data):
                self._all_read(command)
                return
            end = data.find(b"\r\n", at)
            if end < 0:
                raise library.IncompleteRead(command, data[at:])
            line, at = data[at:end], end + 2
            command = self._next_command(line, line_handler(line, command))

    def _all_read(self, command: Any) -> None:
        if self.pending_sync_command is not None:
            self.pending_sync_command.flush()
        if command is not None and command.wait_data():
            raise library.IncompleteRead(command)

    def _next_command(self, line: bytes, command: Any) -> Any:
        """The command that what follows belongs to; None: nothing is open."""
        literal = library.literal_data_re.match(line)
        if literal is None:
            return command if command is not None and command.wait_data() else None
        size = int(literal["size"])
        if size > self.longest:
            raise library.Abort("a literal over the limit")
        if command is None:
            command = library.Command("NIL", "unused")
        command.begin_literal_data(size)
        return command

    def _continuation(self, line: bytes) -> None:
        command = self.pending_sync_command
        if command is not None and command.name == "AUTHENTICATE":
            # A refused token is challenged once more (RFC 7628); without an empty answer both sides wait for ever.
            self._note(line)
            self.transport.write(b"\r\n")
            return
        super()._continuation(line)

    def _untagged_response(self, line: bytes) -> Any:
        words = line[:300].split(b" ", 3)
        if len(words) > 2 and words[1].isdigit() and words[2].upper() in (b"EXISTS", b"RECENT"):
            self.news.set()
            self.stirred.set()
        elif b"[ALERT]" in line or words[1:2] == [b"BYE"]:
            self._note(line)
        return super()._untagged_response(line)

    def _response_done(self, line: bytes) -> Any:
        self._note_alert(line)
        return super()._response_done(line)

    def _note_alert(self, line: bytes) -> None:
        """An alert may stand in the greeting and behind the answer to a command, too."""
        if b"[ALERT]" in line[:100]:
            self._note(line)

    def _note(self, line: bytes) -> None:
        self.said = [*self.said[-9:], line[:300].decode("utf-8", "replace")]


class Client(library.IMAP4):  # type: ignore[misc]
    """The client with the protocol above."""

    def __init__(
        self, host: str, port: int, *, tls: ssl.SSLContext | None, patience: float, longest: int
    ) -> None:
        self._longest = longest
        super().__init__(host, port, timeout=patience, ssl_context=tls)

    def create_client(
        self,
        host: str,
        port: int,
        loop: Any,
        conn_lost_cb: Any = None,
        ssl_context: ssl.SSLContext | None = None,
    ) -> None:
        running = asyncio.get_running_loop()
        self.protocol: Connection = Connection(running, self._longest)
        self._client_task = running.create_task(
            running.create_connection(lambda: self.protocol, host, port, ssl=ssl_context)
        )

    async def start_tls(self, tls: ssl.SSLContext, host: str) -> bool:
        """Go on encrypted (RFC 3501, 6.2.1). False: the server will not; the connection is as open as before."""
        protocol = self.protocol
        response = await protocol.execute(library.Command("STARTTLS", protocol.new_tag(), loop=protocol.loop))
        if response.result != "OK":
            return False
        protocol.transport = await asyncio.get_running_loop().start_tls(
            protocol.transport, protocol, tls, server_hostname=host
        )
        protocol.capabilities = set()  # what was said in the open may have been somebody else's words
        return True

    async def end(self) -> None:
        """Drop the connection and everything that waits on it."""
        if self._idle_waiter is not None:
            self._idle_waiter.cancel()
        tasks = [self._client_task, *self.tasks, *self.protocol.tasks]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self.protocol.transport is not None:
            self.protocol.transport.abort()
