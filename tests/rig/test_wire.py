"""A wire does to connections what networks do."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator

import pytest

from tests.rig.wire import LoopThread, Wire, wire


@pytest.fixture
def echo() -> Iterator[int]:
    """The port of a server that says everything back."""
    thread = LoopThread("echo")

    async def serve() -> int:
        async def say_back(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            while data := await reader.read(100):
                writer.write(data)
            writer.close()

        return await thread.serve(lambda: asyncio.StreamReaderProtocol(asyncio.StreamReader(), say_back))

    yield thread.call(serve())
    thread.close()


@pytest.fixture
def between(echo: int) -> Iterator[Wire]:
    with wire(echo) as made:
        yield made


def connected(between: Wire, timeout: float = 5) -> socket.socket:
    return socket.create_connection(("127.0.0.1", between.port), timeout)


def test_it_carries_both_ways(between: Wire) -> None:
    with connected(between) as client:
        client.sendall(b"ping")
        assert client.recv(10) == b"ping"
    assert between.opened == 1


def test_what_was_said_before_hanging_up_arrives(between: Wire) -> None:
    said = b"x" * 300_000
    with connected(between) as client:
        client.sendall(said)
        client.shutdown(socket.SHUT_WR)
        heard = bytearray()
        while part := client.recv(65536):
            heard += part
    assert bytes(heard) == said


def test_cutting_resets_what_is_open(between: Wire) -> None:
    with connected(between) as client:
        client.sendall(b"ping")
        client.recv(10)
        between.cut()
        with pytest.raises(ConnectionResetError):
            client.recv(10)
    with connected(between) as client:
        client.sendall(b"again")
        assert client.recv(10) == b"again"


def test_a_stalled_wire_loses_nothing(between: Wire) -> None:
    with connected(between, 0.1) as client:
        between.stall()
        client.sendall(b"ping")
        with pytest.raises(TimeoutError):
            client.recv(10)
        between.mend()
        client.settimeout(5)
        assert client.recv(10) == b"ping"


def test_a_refusing_wire_drops_newcomers(between: Wire) -> None:
    between.refuse()
    with pytest.raises(ConnectionResetError), connected(between) as client:
        client.recv(10)
    between.mend()
    with connected(between) as client:
        client.sendall(b"ping")
        assert client.recv(10) == b"ping"


def test_a_wire_to_nobody_hangs_up() -> None:
    with wire(1) as nowhere, pytest.raises(ConnectionResetError), connected(nowhere) as client:
        client.recv(10)
