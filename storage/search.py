"""How is something said found again? Stemmed words in one column, the same on both databases."""

from __future__ import annotations

import re
import threading
from functools import lru_cache
from typing import Any

import Stemmer
from sqlalchemy import Connection
from sqlalchemy import text as sql

from storage import batch

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


MOST = 200
"""Contacts looked at one way: who finds more than that has to say more."""


def _contacts(connection: Connection, words: str, limit: int) -> list[dict[str, Any]]:
    found = {
        *_by_name(connection, words),
        *_by_address(connection, words.lstrip("@").casefold()),
        *_by_phone(connection, "".join(sign for sign in words if sign.isdigit())),
    }
    rows = batch.select(
        connection,
        "SELECT c.id, c.name, (SELECT k.id FROM conversation k WHERE k.contact_id = c.id"
        " ORDER BY CASE WHEN k.nature = 'personal' THEN 1 ELSE 0 END, k.last_at DESC LIMIT 1)"
        " AS conversation_id, c.updated_at FROM {wanted} JOIN contact c ON c.id = w.id"
        " ORDER BY c.updated_at DESC LIMIT :limit",
        {"id": sorted(found)},
        limit=limit,
    )
    return [
        {
            "kind": "contact", "id": row.id, "conversation_id": row.conversation_id, "title": row.name, "snippet": "",
            "at": row.updated_at,
        }
        for row in rows
    ]  # fmt: skip


def _by_name(connection: Connection, words: str) -> list[str]:
    """Contacts whose name has words that begin so, each of them."""
    parts = _words.findall(words.casefold().replace("ё", "е"))
    if not parts:
        return []
    if connection.dialect.name == "postgresql":
        query = " & ".join(f"{part}:*" for part in parts)
        statement = (
            f"SELECT c.id FROM contact c WHERE {NAME_WORDS} @@ to_tsquery('simple', :query) LIMIT {MOST}"
        )
    else:
        query = " AND ".join(f'"{part}"*' for part in parts)
        statement = (
            "SELECT c.id FROM contact_fts f JOIN contact c ON c.rowid = f.rowid WHERE contact_fts MATCH :query"
            f" ORDER BY f.rowid DESC LIMIT {MOST}"
        )
    return [row.id for row in connection.execute(sql(statement), {"query": query})]


NAME_WORDS = "to_tsvector('simple', replace(lower(c.name), 'ё', 'е'))"
"""As migration 0010 indexes it."""


def _by_address(connection: Connection, begin: str) -> list[str]:
    """Contacts with an address or a nickname that begins so."""
    if not begin:
        return []
    found: list[str] = []
    for column in ("value", "username"):
        statement = (
            f"SELECT l.contact_id FROM (SELECT i.id FROM identity i WHERE i.{column} {{likes}} AND i.{column} <> ''"
            f" LIMIT {MOST}) AS i JOIN contact_identity l ON l.identity_id = i.id"
        )
        if connection.dialect.name == "postgresql":
            escaped = begin.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
            rows = connection.execute(sql(statement.format(likes="LIKE :begin")), {"begin": f"{escaped}%"})
        else:
            likes = f">= :begin AND i.{column} < :end"
            values = {"begin": begin, "end": begin + "\U0010ffff"}
            rows = connection.execute(sql(statement.format(likes=likes)), values)
        found += [row.contact_id for row in rows]
    return found


def _by_phone(connection: Connection, digits: str) -> list[str]:
    """Contacts with a telephone number that has these digits, four at least, in a row."""
    number = digits[1:] if len(digits) == 11 and digits[0] in "78" else digits
    if len(number) < 4:
        return []
    statement = (
        "SELECT l.contact_id FROM (SELECT i.id FROM identity i WHERE i.kind = 'phone' AND i.value LIKE :phone"
        f" LIMIT {MOST}) AS i JOIN contact_identity l ON l.identity_id = i.id"
    )
    return [row.contact_id for row in connection.execute(sql(statement), {"phone": f"%{number}%"})]


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
    """Messages that hold every word, in any form, the newest first."""
    wanted = stems(words).split()
    if not wanted:
        return []
    if connection.dialect.name == "postgresql":
        ids = _matching(connection, wanted, limit)
    else:
        ids = _matching_embedded(connection, wanted, limit)
    rows = batch.select(
        connection,
        "SELECT m.id, m.conversation_id, m.text, m.at, c.name FROM {wanted} JOIN message m ON m.id = w.id"
        " JOIN contact c ON c.id = m.contact_id ORDER BY m.at DESC, m.id DESC",
        {"id": ids},
    )
    return [
        {
            "kind": "message", "id": row.id, "conversation_id": row.conversation_id, "title": row.name,
            "snippet": " ".join(row.text.split())[:160], "at": row.at,
        }
        for row in rows
    ]  # fmt: skip


RARE = 3000
"""Up to so many messages are all found by the index and sorted; of a word that more have, the newest have it often enough."""
WINDOW = 50_000


def _matching(connection: Connection, wanted: list[str], limit: int) -> list[str]:
    """Ids by the index where the words are rare, else by walking back from the newest; both ways are bounded."""
    connection.execute(sql("SET LOCAL enable_seqscan = off"))
    match = "string_to_array(m.stems, ' ') @> CAST(:words AS text[])"
    rare = [
        row.id
        for row in connection.execute(
            sql(f"SELECT m.id FROM message m WHERE {match} LIMIT {RARE}"), {"words": wanted}
        )
    ]
    newest = sorted(rare, reverse=True)[:limit]  # ids begin with the time
    if len(rare) < RARE:
        return newest
    walked = connection.execute(
        sql(
            f"SELECT m.id FROM (SELECT id, stems FROM message ORDER BY id DESC LIMIT {WINDOW}) AS m"
            f" WHERE {match} LIMIT :limit"
        ),
        {"words": wanted, "limit": limit},
    )
    return sorted({*newest, *(row.id for row in walked)}, reverse=True)[:limit]


def _matching_embedded(connection: Connection, wanted: list[str], limit: int) -> list[str]:
    rows = connection.execute(
        sql(
            "SELECT m.id FROM message_fts f JOIN message m ON m.rowid = f.rowid WHERE message_fts MATCH :query"
            " ORDER BY f.rowid DESC LIMIT :limit"
        ),
        {"query": " AND ".join(f'"{stem}"' for stem in wanted), "limit": limit},
    )
    return [row.id for row in rows]
