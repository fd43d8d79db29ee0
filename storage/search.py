"""How is something said found again? Stemmed words in one column, the same on both databases."""

from __future__ import annotations

import re
import threading
from collections.abc import Sequence
from functools import lru_cache

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
    """People use the same words again and again; a stem is found once. A number is its own."""
    if word.isdigit():
        return word
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


def contacts(connection: Connection, words: str, limit: int) -> list[str]:
    """Contacts by name, number, mail or nickname, in either keyboard layout, the last changed first."""
    variants = dict.fromkeys((words, other_layout(words)))
    found = dict.fromkeys(ref for variant in variants for ref in _contacts(connection, variant, limit))
    return list(found)[:limit]


MOST = 200
"""Contacts looked at one way: who finds more than that has to say more."""


def _contacts(connection: Connection, words: str, limit: int) -> list[str]:
    found = {
        *_by_name(connection, words),
        *_by_address(connection, words.lstrip("@").casefold()),
        *_by_phone(connection, words),
    }
    rows = batch.select(
        connection,
        "SELECT c.id FROM {wanted} JOIN contact c ON c.id = w.id AND c.merged_into IS NULL"
        " ORDER BY c.updated_at DESC, c.id DESC LIMIT :limit",
        {"id": sorted(found)},
        limit=limit,
    )
    return [row.id for row in rows]


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
        named = f"SELECT i.id FROM identity i WHERE i.{column} <> '' AND i.{column}"
        if connection.dialect.name == "postgresql":
            escaped = begin.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
            found += _owners(connection, f"{named} LIKE :begin", {"begin": f"{escaped}%"})
        else:
            between = {"begin": begin, "end": begin + "\U0010ffff"}
            found += _owners(connection, f"{named} >= :begin AND i.{column} < :end", between)
    return found


_written_as_phone = re.compile(r"[\d\s()+.\-\u2010-\u2015]+")
TAIL = 4
"""So many last digits are indexed by themselves (migration 0029)."""


def _by_phone(connection: Connection, words: str) -> list[str]:
    """Contacts with a telephone number that begins or ends with these digits, four at least, however they are written."""
    digits = "".join(sign for sign in words if sign.isdigit())
    if len(digits) < TAIL or not _written_as_phone.fullmatch(words):
        return []
    own = (
        digits[1:] if digits[0] in "78" else digits
    )  # without the country's code, or the 8 that stands for it
    ending = own if len(digits) == 11 else digits
    postgres = connection.dialect.name == "postgresql"
    last = f"right(i.value, {TAIL})" if postgres else f"substr(i.value, -{TAIL})"
    phone = "SELECT i.id FROM identity i WHERE i.kind = 'phone' AND"
    begins = "i.value LIKE :begin" if postgres else "i.value >= :low AND i.value < :high"
    found: dict[str, None] = {}
    for start in dict.fromkeys((f"+{digits}", f"+7{digits}", f"+7{own}")):
        values = {"begin": f"{start}%"} if postgres else {"low": start, "high": f"{start}:"}
        found |= dict.fromkeys(_owners(connection, f"{phone} {begins}", values))
    values = {"tail": digits[-TAIL:], "end": f"%{ending}"}
    found |= dict.fromkeys(_owners(connection, f"{phone} {last} = :tail AND i.value LIKE :end", values))
    return list(found)


def _owners(connection: Connection, identities: str, values: dict[str, str]) -> list[str]:
    """Whose these identities are."""
    links = "JOIN contact_identity l ON l.identity_id = found.id"
    statement = f"SELECT l.contact_id FROM ({identities} LIMIT {MOST}) AS found {links}"
    return [row.contact_id for row in connection.execute(sql(statement), values)]


def words_of(text: str) -> list[str]:
    """The words of a text as an index knows them: folded, ё is е."""
    return _words.findall(text.casefold().replace("ё", "е"))


def words_as_they_stand(text: str) -> list[str]:
    """The words of a text, each once, as they are written there."""
    return list(dict.fromkeys(_words.findall(text)))


SHOWN = 160
BEFORE = 40
"""Signs of a text that are shown, and how many of them before the first word that was looked for."""


def excerpt(text: str, wanted: Sequence[str]) -> tuple[str, list[str]]:
    """The part of a text around the first word with one of these stems, and all its words that have one, as they stand."""
    flat = " ".join(text[:LIMIT].split())
    sought = set(wanted)
    hits = [hit for hit in _words.finditer(flat) if _stem(hit[0].casefold().replace("ё", "е")) in sought]
    found = list(dict.fromkeys(hit[0] for hit in hits))
    first = hits[0].start() if hits else 0
    if first + BEFORE < SHOWN:
        return flat[:SHOWN], found
    start = flat.rfind(" ", 0, first - BEFORE) + 1
    return f"…{flat[start : start + SHOWN]}", found
