"""How is something said found again? Stemmed words in one column, the same on both databases."""

from __future__ import annotations

import re
import threading
from functools import lru_cache
from typing import Any

import Stemmer
from sqlalchemy import Connection
from sqlalchemy import text as sql

_words = re.compile(r"[0-9a-zа-яё]+", re.IGNORECASE)
_here = threading.local()  # a stemmer is not safe to share between threads
LIMIT = 4000


def stems(text: str) -> str:
    """The text's words, folded (ё is е) and stemmed, each once, separated by spaces."""
    if not text:
        return ""
    words = dict.fromkeys(_words.findall(text[:LIMIT].casefold().replace("ё", "е")))
    return " ".join(dict.fromkeys(map(_stem, words)))


@lru_cache(maxsize=50_000)
def _stem(word: str) -> str:
    """People use the same words again and again; a stem is found once."""
    if not hasattr(_here, "russian"):
        _here.russian, _here.english = Stemmer.Stemmer("russian"), Stemmer.Stemmer("english")
    found: str = (_here.english if word.isascii() else _here.russian).stemWord(word)
    return found


LAYOUT = dict(zip("qwertyuiop[]asdfghjkl;'zxcvbnm,.`", "йцукенгшщзхъфывапролджэячсмитьбюё", strict=True))
BACK = {russian: latin for latin, russian in LAYOUT.items()}


def other_layout(words: str) -> str:
    """The same keys typed in the other keyboard layout."""
    folded = words.casefold()
    table = LAYOUT if folded.isascii() else BACK
    return "".join(table.get(sign, sign) for sign in folded)


def find(connection: Connection, words: str, limit: int) -> list[Any]:
    """Contacts, deals and messages that match, in either keyboard layout; contacts first."""
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for variant in dict.fromkeys((words, other_layout(words))):
        for hit in (*_contacts(connection, variant, limit), *_deals(connection, variant, limit)):
            found.setdefault((hit["kind"], hit["id"]), hit)
    for hit in _messages(connection, words, limit):
        found.setdefault((hit["kind"], hit["id"]), hit)
    return list(found.values())[: limit * 2]


def contacts(connection: Connection, words: str, limit: int) -> list[str]:
    """Contacts by name, number, mail or nickname, in either keyboard layout."""
    variants = dict.fromkeys((words, other_layout(words)))
    return [hit["id"] for variant in variants for hit in _contacts(connection, variant, limit)][:limit]


def _contacts(connection: Connection, words: str, limit: int) -> list[dict[str, Any]]:
    digits = "".join(sign for sign in words if sign.isdigit())
    numbers = digits[1:] if len(digits) == 11 and digits[0] in "78" else digits
    phone = f"%{numbers}%" if len(numbers) >= 4 else "-"
    variants = {words, words.capitalize(), words.title(), words.casefold(), words.upper()}
    likes = " OR ".join(f"c.name LIKE :name{place}" for place in range(len(variants)))
    rows = connection.execute(
        sql(
            "SELECT c.id, c.name, (SELECT k.id FROM conversation k WHERE k.contact_id = c.id ORDER BY k.last_at DESC LIMIT 1)"
            f" AS conversation_id, c.updated_at FROM contact c WHERE {likes} OR EXISTS (SELECT 1 FROM contact_identity l"
            " JOIN identity i ON i.id = l.identity_id WHERE l.contact_id = c.id AND ((i.kind = 'phone' AND i.value LIKE :phone)"
            " OR i.value LIKE :value OR i.username LIKE :value)) ORDER BY c.updated_at DESC LIMIT :limit"
        ),
        {
            **{f"name{place}": f"%{variant}%" for place, variant in enumerate(sorted(variants))},
            "phone": phone, "value": f"{words.lstrip('@').casefold()}%", "limit": limit,
        },
    )  # fmt: skip
    return [
        {
            "kind": "contact", "id": row.id, "conversation_id": row.conversation_id, "title": row.name, "snippet": "",
            "at": row.updated_at,
        }
        for row in rows
    ]  # fmt: skip


def _deals(connection: Connection, words: str, limit: int) -> list[dict[str, Any]]:
    number = words.lstrip("№# ")
    rows = connection.execute(
        sql(
            "SELECT d.id, d.number, d.title, d.conversation_id, d.last_activity_at FROM deal d WHERE d.number = :number"
            " ORDER BY d.last_activity_at DESC LIMIT :limit"
        ),
        {
            "number": int(number) if number.isascii() and number.isdigit() and len(number) < 15 else -1,
            "limit": limit,
        },
    )
    return [
        {
            "kind": "deal", "id": row.id, "conversation_id": row.conversation_id, "title": f"№{row.number} {row.title}",
            "snippet": "", "at": row.last_activity_at,
        }
        for row in rows
    ]  # fmt: skip


def _messages(connection: Connection, words: str, limit: int) -> list[dict[str, Any]]:
    """Messages that hold every word, in any form, among the newest."""
    wanted = stems(words).split()
    if not wanted:
        return []
    where = " AND ".join(f"(' ' || m.stems || ' ') LIKE :stem{place}" for place in range(len(wanted)))
    rows = connection.execute(
        sql(
            "SELECT m.id, m.conversation_id, m.text, m.at, c.name FROM message m JOIN contact c ON c.id = m.contact_id"
            f" WHERE {where} ORDER BY m.at DESC LIMIT :limit"
        ),
        {**{f"stem{place}": f"% {stem} %" for place, stem in enumerate(wanted)}, "limit": limit},
    )
    return [
        {
            "kind": "message", "id": row.id, "conversation_id": row.conversation_id, "title": row.name,
            "snippet": " ".join(row.text.split())[:160], "at": row.at,
        }
        for row in rows
    ]  # fmt: skip
