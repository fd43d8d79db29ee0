"""What clients sent is kept by its bytes, shown small, served in pieces to those who may see it, and tried again on demand."""

from __future__ import annotations

import hashlib
import io
from collections.abc import AsyncIterator
from typing import Any

import pytest
from PIL import Image

from tests.gateway.api import paper
from tests.gateway.api.house import House
from tests.gateway.town import until


def picture() -> bytes:
    """A real one, larger than its thumbnail."""
    made = io.BytesIO()
    Image.new("RGB", (900, 600), "orange").save(made, "PNG")
    return made.getvalue()


async def file_of(house: House, ref: str, *states: str) -> dict[str, Any]:
    """The newest file of a conversation, once it stands in one of these states."""
    found: dict[str, Any] = {}

    async def there() -> bool:
        items = (await house.admin.get(f"/conversations/{ref}/messages"))["items"]
        found.clear()
        found.update(items[-1]["attachments"][0])
        return found["state"] in states

    await until(there, lambda: str(found))
    return found


async def test_a_file_is_served_whole_and_in_ranges_and_small(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paper, "PICTURE", picture())
    file = await file_of(house, await house.hears("anna", "look", files=["photo"]), "ready")
    path = f"/attachments/{file['id']}"
    whole = await house.admin.call("GET", path)
    assert (whole.status, whole.body) == (200, paper.PICTURE)
    assert whole.headers["X-Content-Type-Options"] == "nosniff"
    part = await house.admin.call("GET", path, headers={"Range": "bytes=8-15"})
    assert (part.status, part.body) == (206, paper.PICTURE[8:16])
    assert part.headers["Content-Range"] == f"bytes 8-15/{len(paper.PICTURE)}"
    tail = await house.admin.call("GET", path, headers={"Range": "bytes=-4"})
    assert (tail.status, tail.body) == (206, paper.PICTURE[-4:])
    assert (await house.admin.call("GET", path, headers={"Range": "bytes=9999999-"})).status == 416
    small = await house.admin.call("GET", f"{path}/thumb")
    with Image.open(io.BytesIO(small.body)) as thumb:
        assert (thumb.format, thumb.size) == ("JPEG", (480, 320))
    assert (file["width"], file["height"]) == (900, 600)


async def test_the_same_bytes_lie_there_once(house: House) -> None:
    for chat in ("anna", "boris"):
        await file_of(house, await house.hears(chat, "look", files=["photo"]), "ready")
    digest = hashlib.sha256(paper.PICTURE).hexdigest()
    rows = await house.rows('SELECT "references" AS used FROM file WHERE digest = :digest', digest=digest)
    assert [row.used for row in rows] == [2]


async def test_a_file_is_served_only_to_who_may_see_its_message(house: House) -> None:
    file = await file_of(house, await house.hears("anna", "look", files=["photo"]), "ready")
    for person in (await house.person("manager"), await house.person("marketer"), await house.person()):
        for path in (f"/attachments/{file['id']}", f"/attachments/{file['id']}/thumb"):
            assert (await person.call("GET", path)).status in (401, 403, 404)


async def test_what_could_not_be_fetched_says_why_and_can_be_tried_again(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    ref = await house.hears("anna", "look", files=["gone photo"])
    file = await file_of(house, ref, "failed")
    assert file["reason"] == "file_gone"
    assert (await house.admin.call("GET", f"/attachments/{file['id']}")).status == 404

    async def found_again(_: paper.Paper, ref: str) -> AsyncIterator[bytes]:
        yield paper.PICTURE

    monkeypatch.setattr(paper.Paper, "download", found_again)
    again = await house.admin.post(f"/attachments/{file['id']}/retry")
    assert again["attachments"][0]["state"] in ("fetch", "ready")
    assert (await file_of(house, ref, "ready"))["reason"] == ""
