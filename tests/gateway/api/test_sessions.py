"""Who gets in, and who does not."""

from __future__ import annotations

from tests.gateway.api.house import House


async def test_nobody_reads_without_signing_in(house: House) -> None:
    found = await (await house.person()).call("GET", "/conversations")
    assert (found.status, found.code) == (401, "signed_out")
