"""Nothing that a stranger names leads into our own network, however it is written."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import aiohttp
import pytest

from channels.errors import SendFailed
from channels.outside import is_public, outside
from channels.webform.fetch import fetch

INSIDE = (
    "127.0.0.1", "localhost", "127.1", "2130706433", "0x7f000001", "017700000001", "0", "0.0.0.0", "127.0.0.1.",
    "①②⑦.⓪.⓪.①", "１２７.０.０.１", "127。0。0。1", "[::1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[2002:7f00:1::]",
)  # fmt: skip
"""This machine, as a name, in every base, and in digits of other scripts."""


@pytest.fixture
async def door() -> AsyncIterator[tuple[int, list[str]]]:
    """A port of this machine, and who came to it."""
    came: list[str] = []

    async def note(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        came.append(str(writer.get_extra_info("peername")))
        writer.close()

    server = await asyncio.start_server(note, ["127.0.0.1"], 0)
    yield server.sockets[0].getsockname()[1], came
    server.close()
    await server.wait_closed()


@pytest.mark.parametrize("host", INSIDE)
async def test_no_spelling_of_this_machine_is_connected_to(host: str, door: tuple[int, list[str]]) -> None:
    port, came = door
    async with aiohttp.ClientSession(connector=outside(), timeout=aiohttp.ClientTimeout(total=5)) as http:
        with pytest.raises((aiohttp.ClientError, OSError, ValueError)):
            await http.get(f"http://{host}:{port}/plan.pdf")
    assert came == []


@pytest.mark.parametrize("host", INSIDE)
async def test_a_file_that_a_form_only_links_to_is_not_got_from_inside(
    host: str, door: tuple[int, list[str]]
) -> None:
    """F18."""
    port, came = door
    with pytest.raises(SendFailed):
        _ = [piece async for piece in fetch(f"https://{host}:{port}/plan.pdf")]
    assert came == []


@pytest.mark.parametrize(
    ("host", "public"),
    [
        ("93.184.215.14", True), ("2606:4700::1111", True), ("files.example", True), ("10.1.2.3", False),
        ("169.254.169.254", False), ("192.168.1.1", False), ("100.64.0.1", False), ("fd00::1", False), ("fe80::1%lo", False),
        ("::ffff:10.0.0.1", False), ("2002:a00:1::", False), ("2002:808:808::", True),
    ],
)  # fmt: skip
def test_a_number_is_public_or_not(host: str, public: bool) -> None:
    assert is_public(host) is public
