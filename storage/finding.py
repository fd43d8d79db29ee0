"""Where is what somebody looks for? Conversations, messages, contacts, deals and files, the newest first.

Words go by an index. A word that very many messages have is not sorted: the newest messages of whatever narrows the look
(a deal, clients, one's own conversations, else everything) are walked back, a bounded number. So is a look without words.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from sqlalchemy import Connection, Row, String, bindparam
from sqlalchemy import text as sql

from storage import batch, book, queue, search, sight
from storage.reach import Reach, mine_or_lent
from storage.search import MOST, stems, words_of
from storage.transaction import for_this_transaction

RARE = 3000
"""So many hits of an index are all looked at; of what has more, the newest have it often enough."""
WINDOW = 50_000
"""Messages that a walk looks at."""
CANDIDATES = 1000
"""Hits whose rights are looked at for one page."""
LARGEST_OWN: Final = 500
"""Of one's own conversations, the newest so many are walked."""
HIGHEST: Final = "~"
"""Behind every id."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is looked for: words, and what narrows them. `contacts` and `authors` are who said it: clients and our people."""

    words: str = ""
    contacts: tuple[str, ...] | None = None
    authors: tuple[str, ...] = ()
    sources: tuple[str, ...] | None = None
    deal: int | None = None
    since: int | None = None
    until: int | None = None
    files: bool = False
    kinds: tuple[str, ...] = ()

    @property
    def stems(self) -> list[str]:
        """The words in the form that is compared."""
        return stems(self.words).split()

    @property
    def narrowed(self) -> bool:
        """Whether anything but words is said."""
        return self != replace(Wanted(), words=self.words)


@dataclass(frozen=True, slots=True)
class Eyes:
    """Whose conversations, contacts and deals whoever looks may see."""

    talks: Reach
    contacts: Reach
    deals: Reach


@dataclass(frozen=True, slots=True)
class Found:
    """One page. `hidden`: conversations that fit and are other people's; `next`: the cursor of the next page."""

    rows: Sequence[Any]
    next: str | None = None
    hidden: int = 0


# --- messages ------------------------------------------------------------------------------------------------------


def messages(connection: Connection, wanted: Wanted, eyes: Eyes, before: str, limit: int) -> Found:
    """Messages with every word in any form; rows with all that a line shows."""
    page = _seen(connection, _candidates(connection, wanted, eyes, before), eyes, limit)
    rows = batch.select(
        connection,
        "SELECT m.id, m.conversation_id, m.text, m.content, m.at, m.kind, m.direction, m.author_kind, m.author_id,"
        " m.author_name, m.source_id, c.name FROM {wanted} JOIN message m ON m.id = w.id"
        " JOIN contact c ON c.id = m.contact_id ORDER BY w.n",
        {"id": [row.id for row in page.rows]},
    )
    return replace(page, rows=rows)


def _seen(connection: Connection, candidates: Sequence[Any], eyes: Eyes, limit: int) -> Found:
    """The first of these that the member may see; what is somebody's private life is not even counted."""
    places = sorted({row.conversation_id for row in candidates})
    seen = queue.visible(connection, places, eyes.talks)
    hidden = set(places) - seen
    hidden -= sight.private(connection, sorted(hidden)).keys()
    shown = [row for row in candidates if row.conversation_id in seen]
    following: str | None = None
    if len(shown) > limit:
        following = str(shown[limit - 1].id)
    elif len(candidates) == CANDIDATES:
        following = str(candidates[-1].id)
    return Found(shown[:limit], following, len(hidden))


def _candidates(connection: Connection, wanted: Wanted, eyes: Eyes, before: str) -> list[Row[Any]]:
    """Messages (id, conversation_id) that fit, whoever may see them, newest first."""
    sought = wanted.stems
    if not sought and (wanted.words or not wanted.narrowed):
        return []
    found: dict[str, Row[Any]] = {}
    indexed = _indexed(connection, sought) if sought else []
    if indexed:
        found = {row.id: row for row in _fitting(connection, wanted, indexed)}
    if not sought or len(indexed) == RARE:
        found |= {row.id: row for row in _walked(connection, wanted, sought, eyes, before or HIGHEST)}
    ids = sorted((one for one in found if one < (before or HIGHEST)), reverse=True)[:CANDIDATES]
    return [found[one] for one in ids]


def _indexed(connection: Connection, sought: Sequence[str]) -> list[str]:
    """Messages with these stems by the index of words; the embedded database gives the newest."""
    if connection.dialect.name == "postgresql":
        for_this_transaction(connection, "SET LOCAL enable_seqscan = off")
        rows = connection.execute(
            sql(f"SELECT m.id FROM message m WHERE {HAS} LIMIT {RARE}"), {"stems": list(sought)}
        )
    else:
        rows = connection.execute(
            sql("SELECT m.id FROM message_fts f JOIN message m ON m.rowid = f.rowid WHERE message_fts MATCH :query"
                f" ORDER BY f.rowid DESC LIMIT {RARE}"),
            {"query": " AND ".join(f'"{stem}"' for stem in sought)},
        )  # fmt: skip
    return [row.id for row in rows]


HAS = "string_to_array(m.stems, ' ') @> CAST(:stems AS text[])"
"""As migration 0010 indexes it."""
COLUMNS = "id, conversation_id, contact_id, source_id, deal_id, direction, author_id, attachments, at, stems, deleted, state"


def _fitting(connection: Connection, wanted: Wanted, ids: Sequence[str]) -> list[Row[Any]]:
    """Those of the messages that fit what narrows the look."""
    where, values = _narrowing(wanted)
    statement = f"SELECT m.id, m.conversation_id FROM message m WHERE m.id IN :ids AND {where}"
    return _rows(connection, statement, {**values, "ids": list(ids)})


def _walked(
    connection: Connection, wanted: Wanted, sought: Sequence[str], eyes: Eyes, before: str
) -> list[Row[Any]]:
    """Those that fit among the newest messages of whatever narrows the look."""
    where, values = _narrowing(wanted)
    if sought and connection.dialect.name == "postgresql":
        where, values = f"{where} AND {HAS}", {**values, "stems": list(sought)}
    elif sought:
        likes = {f"stem{place}": f"% {stem} %" for place, stem in enumerate(sought)}
        where = " AND ".join([where, *(f"' ' || m.stems || ' ' LIKE :{name}" for name in likes)])
        values |= likes
    found: list[Row[Any]] = []
    for scope, more in _scopes(connection, wanted, eyes):
        # An expression instead of the id itself: what a scope's own index finds is sorted, never the whole table walked.
        order = "id || ''" if scope else "id"
        inner = (
            f"SELECT {COLUMNS} FROM message WHERE {scope}id < :before ORDER BY {order} DESC LIMIT {WINDOW}"
        )
        statement = f"SELECT m.id, m.conversation_id FROM ({inner}) AS m WHERE {where} ORDER BY m.id DESC LIMIT {CANDIDATES}"
        start = before if scope or wanted.until is None else min(before, _latest(wanted.until))
        found += _rows(connection, statement, {**values, **more, "before": start})
    return found


def _scopes(connection: Connection, wanted: Wanted, eyes: Eyes) -> list[tuple[str, dict[str, Any]]]:
    """What is walked: conditions on messages, each with an index of its own; "" is everything."""
    if wanted.deal is not None:
        return [("deal_id IN (SELECT id FROM deal WHERE number = :deal) AND ", {})]
    if wanted.contacts is not None:
        theirs = [("contact_id IN :contacts AND ", {"contacts": list(wanted.contacts)})]
        return [*theirs, ("", {})] if wanted.authors else theirs
    if not eyes.talks.everybody:
        return [
            (
                "conversation_id IN :own AND ",
                {"own": sight.conversations(connection, eyes.talks, LARGEST_OWN)},
            )
        ]
    return [("", {})]


def _latest(at: int) -> str:
    """No id that was made before this moment is greater."""
    when = f"{max(at, 0) // 1000:012x}"
    return f"{when[:8]}-{when[8:]}"


def _narrowing(wanted: Wanted) -> tuple[str, dict[str, Any]]:
    """What a message has to be, besides its words."""
    parts, values = ["NOT (m.deleted = 1 AND m.state = 'cancelled')"], dict[str, Any]()
    if wanted.deal is not None:
        parts.append("m.deal_id IN (SELECT id FROM deal WHERE number = :deal)")
        values["deal"] = wanted.deal
    if wanted.sources is not None:
        parts.append("m.source_id IN :sources")
        values["sources"] = list(wanted.sources)
    if wanted.since is not None:
        parts.append("m.at >= :since")
        values["since"] = wanted.since
    if wanted.until is not None:
        parts.append("m.at < :until")
        values["until"] = wanted.until
    if wanted.contacts is not None:
        parts.append("(m.direction = 'in' AND m.contact_id IN :contacts OR m.author_id IN :authors)")
        values |= {"contacts": list(wanted.contacts), "authors": list(wanted.authors)}
    if wanted.files:
        parts.append("m.attachments > 0")
    if wanted.kinds:
        parts.append("EXISTS (SELECT 1 FROM attachment a WHERE a.message_id = m.id AND a.kind IN :kinds)")
        values["kinds"] = list(wanted.kinds)
    return " AND ".join(parts), values


LISTS: Final = frozenset({"ids", "contacts", "authors", "sources", "own", "kinds"})


def _rows(connection: Connection, statement: str, values: dict[str, Any]) -> list[Row[Any]]:
    """Rows of a statement; its lists may be of any length, none too."""
    used = {name: value for name, value in values.items() if f":{name}" in statement}
    lists: list[Any] = [
        bindparam(name, expanding=True, type_=String()) for name in sorted(used.keys() & LISTS)
    ]
    return list(connection.execute(sql(statement).bindparams(*lists), used))


# --- conversations -------------------------------------------------------------------------------------------------


def conversations(connection: Connection, wanted: Wanted, eyes: Eyes, before: str, limit: int) -> Found:
    """Conversations with whom is named so, on the first page, and those in which it was said; rows (id, message_id, …)."""
    found: dict[str, str | None] = {}
    hidden = 0
    if not before:
        named = _conversations_with(connection, wanted, limit)
        seen = queue.visible(connection, named, eyes.talks)
        others = set(named) - seen
        hidden = len(others - sight.private(connection, sorted(others)).keys())
        found = {ref: None for ref in named if ref in seen}
    candidates = _candidates(connection, wanted, eyes, before)
    newest = dict[str, Row[Any]]()
    for row in candidates:
        newest.setdefault(row.conversation_id, row)
    page = _seen(connection, list(newest.values()), eyes, limit)
    following = page.next or (candidates[-1].id if len(candidates) == CANDIDATES else None)
    for row in page.rows:
        found[row.conversation_id] = found.get(row.conversation_id) or row.id
    return Found(_conversation_rows(connection, found), following, hidden + page.hidden)


def _conversations_with(connection: Connection, wanted: Wanted, limit: int) -> list[str]:
    """Conversations of the contacts that are named, the last used first."""
    if wanted.files or wanted.authors:
        return []
    people = _people(connection, wanted)
    parts, values = ["k.contact_id IN :contacts"], dict[str, Any](contacts=people, limit=limit)
    if wanted.sources is not None:
        parts.append("k.source_id IN :sources")
        values["sources"] = list(wanted.sources)
    if wanted.deal is not None:
        parts.append("EXISTS (SELECT 1 FROM deal d WHERE d.number = :deal AND d.contact_id = k.contact_id)")
        values["deal"] = wanted.deal
    for name, sign in (("since", ">="), ("until", "<")):
        if (moment := getattr(wanted, name)) is not None:
            parts.append(f"k.last_at {sign} :{name}")
            values[name] = moment
    statement = f"SELECT k.id FROM conversation k WHERE {' AND '.join(parts)} ORDER BY k.last_at DESC, k.id LIMIT :limit"
    return [row.id for row in _rows(connection, statement, values)] if people else []


def _people(connection: Connection, wanted: Wanted) -> list[str]:
    """The contacts that the words or who said it name."""
    if not wanted.words:
        return list(wanted.contacts or ())
    named = search.contacts(connection, wanted.words, MOST)
    return named if wanted.contacts is None else [ref for ref in named if ref in wanted.contacts]


def _conversation_rows(connection: Connection, found: dict[str, str | None]) -> list[Any]:
    return batch.select(
        connection,
        "SELECT k.id, k.source_id, k.state, k.last_at, k.last_text, c.id AS contact_id, c.name, m.id AS message_id, m.text,"
        " m.at FROM {wanted} JOIN conversation k ON k.id = w.id JOIN contact c ON c.id = k.contact_id"
        " LEFT JOIN message m ON m.id = w.message ORDER BY w.n",
        {"id": list(found), "message": [ref or "" for ref in found.values()]},
    )


# --- contacts and deals --------------------------------------------------------------------------------------------


def contacts(connection: Connection, wanted: Wanted, eyes: Eyes, before: str, limit: int) -> Found:
    """Contacts by name, number in any form, mail or nickname; rows as `book.lines` makes them. The cursor is a place."""
    people = _people(connection, wanted)
    if wanted.deal is not None:
        of_deal = [row.contact_id for row in _rows(connection, OF_DEAL, {"deal": wanted.deal})]
        people = [ref for ref in people if ref in of_deal] if people or wanted.words else of_deal
    mine = "" if eyes.contacts.everybody else f" AND {eyes.contacts.contact('c.id')}"
    fits = f"{book.PEOPLE} AND {NOT_PRIVATE}{mine}"
    statement = f"SELECT c.id FROM {{wanted}} JOIN contact c ON c.id = w.id AND {fits} ORDER BY w.n"
    there = batch.select(connection, statement, {"id": people}, **eyes.contacts.given(statement))
    place = int(before) if before.isdigit() and len(before) < 6 else 0
    ids = [row.id for row in there][place : place + limit]
    following = str(place + limit) if len(there) > place + limit else None
    return Found(book.lines(connection, ids), following)


NOT_PRIVATE: Final = (
    "(NOT EXISTS (SELECT 1 FROM conversation k WHERE k.contact_id = c.id) OR EXISTS (SELECT 1 FROM conversation k"
    f" WHERE k.contact_id = c.id AND (k.nature <> 'personal' OR {mine_or_lent('k')})))"
)
"""Whoever is known from somebody's private life alone is found by nobody else."""
OF_DEAL: Final = "SELECT contact_id FROM deal WHERE number = :deal"


def deals(connection: Connection, wanted: Wanted, eyes: Eyes, before: str, limit: int) -> Found:
    """Deals by number, words of the title, or the client's name, the last active first. The cursor is a place."""
    ids = list(dict.fromkeys(_deal_ids(connection, wanted)))
    own = "" if eyes.deals.everybody else f" AND {eyes.deals.deal('d')}"
    more = eyes.deals.given(own)
    where, values = _deal_narrowing(wanted)
    statement = f"SELECT d.id FROM deal d WHERE d.id IN :ids{where}{own} ORDER BY d.open DESC, d.last_activity_at DESC, d.id"
    there = [row.id for row in _rows(connection, statement, {**values, **more, "ids": ids})]
    place = int(before) if before.isdigit() and len(before) < 6 else 0
    rows = batch.select(
        connection,
        "SELECT d.id, d.number, d.title, d.stage_kind, d.conversation_id, d.last_activity_at, d.source_id, d.contact_id,"
        " c.name, s.name AS stage, m.name AS owner FROM {wanted} JOIN deal d ON d.id = w.id"
        " JOIN contact c ON c.id = d.contact_id JOIN stage s ON s.id = d.stage_id LEFT JOIN member m ON m.id = d.owner_id"
        " ORDER BY w.n",
        {"id": there[place : place + limit]},
    )
    return Found(rows, str(place + limit) if len(there) > place + limit else None)


SIGNS: Final = "._-()[]+,;&@#№/"
SPACES: Final = " " * len(SIGNS)
TITLE_WORDS: Final = (
    f"to_tsvector('simple', translate(replace(lower(t.{{column}}), 'ё', 'е'), '{SIGNS}', '{SPACES}'))"
)
"""As migration 0029 indexes it."""


def _deal_ids(connection: Connection, wanted: Wanted) -> Iterable[str]:
    if wanted.deal is not None:
        yield from (
            row.id
            for row in _rows(connection, "SELECT id FROM deal WHERE number = :deal", {"deal": wanted.deal})
        )
        return
    number = wanted.words.lstrip("№# ")
    if number.isascii() and number.isdigit() and len(number) < 15:
        rows = _rows(connection, "SELECT id FROM deal WHERE number = :number", {"number": int(number)})
        yield from (row.id for row in rows)
    for words in dict.fromkeys((wanted.words, search.other_layout(wanted.words))):
        yield from named(connection, "deal", "title", words)
    people = _people(connection, wanted)
    theirs = "SELECT d.id FROM deal d WHERE d.contact_id IN :contacts ORDER BY d.created_at DESC, d.id LIMIT :limit"
    yield from (row.id for row in _rows(connection, theirs, {"contacts": people, "limit": RARE}))


def _deal_narrowing(wanted: Wanted) -> tuple[str, dict[str, Any]]:
    parts, values = [""], dict[str, Any]()
    for name, column in (("contacts", "d.contact_id"), ("sources", "d.source_id")):
        if (refs := getattr(wanted, name)) is not None:
            parts.append(f"{column} IN :{name}")
            values[name] = list(refs)
    for name, sign in (("since", ">="), ("until", "<")):
        if (moment := getattr(wanted, name)) is not None:
            parts.append(f"d.last_activity_at {sign} :{name}")
            values[name] = moment
    return " AND ".join(parts), values


def named(connection: Connection, table: str, column: str, words: str) -> list[str]:
    """Things whose name has a word that begins as each of these words' stems does, in any form of the word."""
    parts = [stems(word) for word in words_of(words)]
    if not parts:
        return []
    if connection.dialect.name == "postgresql":
        for_this_transaction(connection, "SET LOCAL enable_seqscan = off")
        indexed = TITLE_WORDS.format(column=column)
        query = " & ".join(f"{part}:*" for part in parts)
        fits = f"t.{column} <> '' AND {indexed} @@ to_tsquery('simple', :query)"
        statement = f"SELECT t.id FROM {table} t WHERE {fits} LIMIT {RARE}"
    else:
        query = " AND ".join(f'"{part}"*' for part in parts)
        statement = (
            f"SELECT t.id FROM {table}_fts f JOIN {table} t ON t.rowid = f.rowid WHERE {table}_fts MATCH :query"
            f" ORDER BY f.rowid DESC LIMIT {RARE}"
        )
    return [row.id for row in connection.execute(sql(statement), {"query": query})]


# --- files ---------------------------------------------------------------------------------------------------------


def files(connection: Connection, wanted: Wanted, eyes: Eyes, before: str, limit: int) -> Found:
    """Files by name or by what was said with them, newest first; what only decorates a letter is none."""
    with_files = replace(wanted, files=True)
    found = {row.id: row for row in _candidates(connection, with_files, eyes, before)}
    by_name = [ref for words in dict.fromkeys((wanted.words, search.other_layout(wanted.words)))
               for ref in named(connection, "attachment", "name", words)]  # fmt: skip
    messages_of = batch.select(
        connection,
        "SELECT a.id, a.message_id FROM {wanted} JOIN attachment a ON a.id = w.id",
        {"id": by_name},
    )
    asked = sorted({row.message_id for row in messages_of if row.message_id < (before or HIGHEST)})
    held = {row.id: row for row in _fitting(connection, with_files, asked[-RARE:])}
    newest = sorted((found | held).values(), key=lambda row: str(row.id), reverse=True)[:CANDIDATES]
    page = _seen(connection, newest, eyes, limit)
    only = {row.id for row in messages_of}
    rows = batch.select(
        connection,
        "SELECT a.*, m.conversation_id, m.at, m.text, m.author_kind, m.author_id, m.author_name, c.name AS contact_name"
        " FROM {wanted} JOIN message m ON m.id = w.id JOIN contact c ON c.id = m.contact_id JOIN attachment a"
        " ON a.message_id = m.id AND a.version IS NULL AND a.kind <> 'sticker' AND (a.inline_id = '' OR m.kind <> 'mail')"
        " ORDER BY w.n, a.position, a.id",
        {"id": [row.id for row in page.rows]},
    )
    kept = [
        row
        for row in rows
        if (row.message_id in found or row.id in only) and (not wanted.kinds or row.kind in wanted.kinds)
    ]
    return replace(page, rows=kept)
