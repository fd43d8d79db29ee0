"""Which bodies would somebody send who means harm, and how can a true one be bent?"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any, Final

import orjson

BODIES: Final[dict[str, bytes]] = {
    "nothing": b"",
    "not JSON": "это не JSON".encode(),
    "half of JSON": b'{"update_id": 1, "message": {"text": "',
    "a list": b"[]",
    "null": b"null",
    "a number": b"123",
    "a text": b'"text"',
    "an empty object": b"{}",
    "wrong types": b'{"update_id":"x","message":[],"type":{},"group_id":[],"object":7,"event_id":{}}',
    "wrong types inside": b'{"update_id":1,"message":{"chat":{"id":"x"}},"type":"message_new","object":[1]}',
    "a hundred thousand brackets": b"[" * 100_000,
    "a hundred thousand objects": b'{"object":' * 100_000,
    "deep and closed": b'{"update_id":1,"object":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "two megabytes of text": b'{"update_id":1,"text":"' + b"x" * (2 << 20) + b'"}',
    "two megabytes of noise": bytes(range(256)) * (8 << 10),
    "two megabytes of lines": b"a:b\r\n" * (400 << 10),
    "zero bytes": bytes(1000),
    "a zero byte in a text": b'{"update_id":1,"message":{"text":"\\u0000"}}',
    "a lone surrogate": b'{"update_id":1,"message":{"text":"\\ud800"},"type":"\\udfff"}',
    "not UTF-8": b'{"update_id":1,"text":"\xff\xfe\xc0"}',
    "a byte order mark": b'\xef\xbb\xbf{"update_id":1}',
    "a number of five thousand digits": b'{"update_id":' + b"9" * 5000 + b',"group_id":' + b"9" * 5000 + b"}",
    "a number beyond all": b'{"update_id":1e999,"group_id":-1e999}',
    "not a number": b'{"update_id":NaN,"group_id":Infinity}',
    "the same key twice": b'{"update_id":1,"update_id":"x","type":"a","type":[]}',
    "a bent form": b"a=%ff%00&=%zz&json=[&%5B%5D=" + b"&x=1" * 20_000,
    "a form of forms": b"json=%7B%22call_id%22%3A" + b"%5B" * 30_000,
    "parts without an end": b'--X\r\nContent-Disposition: form-data; name="a"; filename="',
    "a bent letter": b"From: =?utf-8?B?//\r\nContent-Type: multipart/mixed; boundary=a\r\n\r\n--a\r\n--a\r\n",
    "a letter of parts": b"Content-Type: multipart/mixed; boundary=a\r\n\r\n" + b"--a\r\n\r\n" * 20_000,
}
WRONG: Final[tuple[object, ...]] = (None, [], {}, "", "x", -1, 10**25, 1.5, True, "\u0000", ["x"], {"x": 1})
UNKNOWN: Final = {"deep": [1, {"more": None}], "text": "x", "id": 1}
LARGEST: Final = 60
"""Places of one fixture that are bent."""


def with_unknown_fields(body: bytes) -> bytes | None:
    """The JSON with an unknown field in every object; None when it is no JSON."""
    try:
        tree = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    return orjson.dumps(_widened(tree)) if isinstance(tree, dict | list) else None


def _widened(tree: Any) -> Any:
    if isinstance(tree, dict):
        return {key: _widened(value) for key, value in tree.items()} | {"field_of_tomorrow": UNKNOWN}
    return [_widened(value) for value in tree] if isinstance(tree, list) else tree


def bent(body: bytes) -> Iterator[bytes]:
    """The body cut off, with a byte changed, and, if it is JSON, with one value after another made wrong."""
    for part in (1, 2, 3):
        yield body[: len(body) * part // 4]
        place = len(body) * part // 4
        yield body[:place] + bytes((body[place] ^ 0x55,)) + body[place + 1 :] if place < len(body) else body
    try:
        tree = orjson.loads(body)
    except orjson.JSONDecodeError:
        return
    for number, path in enumerate(list(_places(tree))[:LARGEST]):
        for step in range(3):
            yield _with(tree, path, WRONG[(number * 5 + step * 7) % len(WRONG)])


def _places(tree: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    if path:
        yield path
    children = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    for key, value in children:
        yield from _places(value, (*path, key))


def _with(tree: Any, path: tuple[str | int, ...], value: object) -> bytes:
    changed = copy.deepcopy(tree)
    inner = changed
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    return _dumps(changed)


def _dumps(tree: Any) -> bytes:
    try:
        return orjson.dumps(tree)
    except TypeError:  # orjson writes no integers beyond 64 bits
        return json.dumps(tree, ensure_ascii=False).encode("utf-8", "surrogatepass")
