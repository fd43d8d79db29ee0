"""How does a file get to VK? Three steps: ask for an address, put the file there, have it saved.

Blocking, on the community's thread. Source: dev.vk.com/api/upload/overview. The body is streamed: requests'
own multipart would hold a 200 MB document in memory twice.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import IO, Any, Literal

from channels.errors import Refused
from channels.vk.hosts import allowed
from channels.vk.session import Session, our_errors, refused_by_http

BLOCK = 64 * 1024
Way = Literal["photo", "doc", "audio_message"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Upload:
    """A file on its way: read from its beginning, `size` bytes."""

    way: Way
    name: str
    mime: str
    size: int
    content: IO[bytes]


class Multipart:
    """A form with one file, read block by block; `check` may end it at any block by raising."""

    def __init__(self, field: str, upload: Upload, check: Callable[[], None]) -> None:
        self.boundary = uuid.uuid4().hex
        ending = PurePosixPath(upload.name).suffix[:12]
        name = f"file{ending}" if ending.isascii() and '"' not in ending else "file"
        self._head = (
            f'--{self.boundary}\r\nContent-Disposition: form-data; name="{field}"; filename="{name}"\r\n'
            f"Content-Type: {_header(upload.mime)}\r\n\r\n"
        ).encode()
        self._tail = f"\r\n--{self.boundary}--\r\n".encode()
        self._upload = upload
        self._check = check

    def __len__(self) -> int:
        return len(self._head) + self._upload.size + len(self._tail)

    def __iter__(self) -> Iterator[bytes]:
        yield self._head
        while block := self._upload.content.read(BLOCK):
            self._check()
            yield block
        yield self._tail


def _header(mime: str) -> str:
    plain = mime.isascii() and mime.isprintable() and len(mime) < 100
    return mime if mime and plain else "application/octet-stream"


def put(session: Session, base: str, peer: int, upload: Upload) -> str:
    """The file as messages.send takes it: `photo1_2_key`. Raises SendFailed's kin."""
    if upload.way == "photo":
        return _photo(session, base, peer, upload)
    return _document(session, base, peer, upload)


def _photo(session: Session, base: str, peer: int, upload: Upload) -> str:
    place = session.call("photos.getMessagesUploadServer", {"peer_id": peer})
    given = _send(session, base, place, "photo", upload)
    if given.get("photo") in (None, "", "[]"):
        raise Refused("VK took no picture from it", code="file_refused")
    values = {name: given.get(name) for name in ("server", "photo", "hash")}
    saved = session.call("photos.saveMessagesPhoto", values)
    with our_errors():
        return _reference("photo", saved[0])


def _document(session: Session, base: str, peer: int, upload: Upload) -> str:
    place = session.call("docs.getMessagesUploadServer", {"type": upload.way, "peer_id": peer})
    given = _send(session, base, place, "file", upload)
    if not given.get("file"):
        raise Refused(f"VK: {str(given.get('error', 'no file'))[:100]}", code="file_refused")
    saved = session.call("docs.save", {"file": given["file"], "title": upload.name[:128]})
    with our_errors():
        kind = str(saved["type"])
        return _reference(kind, saved[kind])


def _send(session: Session, base: str, place: Any, field: str, upload: Upload) -> dict[str, Any]:
    upload.content.seek(0)
    body = Multipart(field, upload, session.check_wanted)
    with our_errors():
        url = allowed(str(place["upload_url"]), base)
        headers = {"Content-Type": f"multipart/form-data; boundary={body.boundary}"}
        # requests takes any iterable that knows its length as a body of that length.
        answer = session.http.post(url, data=body, headers=headers, allow_redirects=False)
        if answer.status_code != 200:
            raise refused_by_http(answer)
        return dict(answer.json())


def _reference(kind: str, saved: Any) -> str:
    reference = f"{kind}{int(saved['owner_id'])}_{int(saved['id'])}"
    key = saved.get("access_key")
    return f"{reference}_{key}" if key else reference
