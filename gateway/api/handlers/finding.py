"""Where is what I look for? Search over conversations, messages, contacts, deals and files."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Any, Final, Literal

import orjson
from pydantic import Field

from gateway.api import build, shapes
from gateway.api.layer import Call, Query, route
from gateway.api.rights import CONTACTS, DEALS, READ
from gateway.asking import asked
from storage import finding, search
from storage.finding import Eyes, Found, Wanted
from storage.search import excerpt

SHORTEST: Final = 2
MIXED: Final = ("contacts", "deals", "messages")
"""What the palette shows of each, in this order."""
Tab = Literal["all", "conversations", "messages", "contacts", "deals", "files"]


class SearchQuery(Query):
    q: str = Field(default="", max_length=200)
    tab: Tab = "all"
    cursor: str = Field(default="", max_length=80)
    limit: int = Field(default=20, ge=1, le=50)


@route("GET", "/search", answer=shapes.Hits, query=SearchQuery, needs="contact.read")
async def find(call: Call, query: SearchQuery) -> shapes.Hits:
    """What fits words in any form, a name, a number, a mail, and «от: канал: сделка: до: после: есть:»; one kind of
    things a tab, or a few of each. Where nothing fits, the words are taken as typed in the other keyboard layout."""
    understood = await asked(call.gateway, call.account, query.q.strip())
    wanted, narrowed = understood.wanted, understood.wanted.narrowed
    if understood.unread or (len(wanted.words) < SHORTEST and not narrowed):
        return {"items": [], "next": None, "hidden": 0, "read_as": "", "unread": understood.unread}
    tabs = MIXED if query.tab == "all" else (query.tab,)
    read_as, found = "", await _look(call, tabs, wanted, query)
    if not found["items"] and not found["hidden"] and not query.cursor and wanted.words:
        other = replace(wanted, words=search.other_layout(wanted.words))
        again = await _look(call, tabs, other, query)
        if again["items"] or again["hidden"]:
            read_as, found = other.words, again
    return {**found, "read_as": read_as}


async def _look(call: Call, tabs: Sequence[str], wanted: Wanted, query: SearchQuery) -> shapes.Hits:
    """The hits of these tabs, one after the other; the cursor of one tab alone."""
    items: list[shapes.Hit] = []
    hidden, following = 0, None
    for tab in tabs:
        permission, look, show = TABS[tab]
        if not call.account.may(permission):
            continue
        page = await look(call, wanted, query)
        items += [show(call, wanted, row) for row in page.rows]
        hidden, following = hidden + page.hidden, page.next
    return {
        "items": items, "next": following if len(tabs) == 1 else None, "hidden": hidden, "read_as": "", "unread": [],
    }  # fmt: skip


Look = Callable[[Call, Wanted, SearchQuery], Awaitable[Found]]


def _by(find_rows: Callable[..., Found]) -> Look:
    async def look(call: Call, wanted: Wanted, query: SearchQuery) -> Found:
        account = call.account
        eyes = Eyes(account.reach(READ), account.reach(CONTACTS), account.reach(DEALS))
        return await call.gateway.database.read_whole(find_rows, wanted, eyes, query.cursor, query.limit)

    return look


def _hit(
    kind: Any, ref: str, conversation_id: str | None, title: str, at: int | None, **more: Any
) -> shapes.Hit:
    blank: dict[str, Any] = {
        "snippet": "", "found": [], "message_id": None, "source": None, "author": None, "contact_id": None, "file": None,
        "state": "",
    }  # fmt: skip
    given = {"kind": kind, "id": ref, "conversation_id": conversation_id, "title": title, "at": at}
    hit: shapes.Hit = {**given, **blank, **more}  # type: ignore[typeddict-item]  # the keys are those above
    return hit


def _author(call: Call, row: Any) -> shapes.HitAuthor | None:
    """Who said it; None for what the system wrote."""
    if row.author_kind == "system":
        return None
    return {"name": row.author_name, "kind": row.author_kind, "me": row.author_id == call.me}


def _message(call: Call, wanted: Wanted, row: Any) -> shapes.Hit:
    subject = str(orjson.loads(row.content).get("subject", ""))
    snippet, found = excerpt(f"{subject} — {row.text}" if subject else row.text, wanted.stems)
    return _hit(
        "message", row.id, row.conversation_id, row.name, row.at, snippet=snippet, found=found, message_id=row.id,
        source=build.source_ref(call.gateway, row.source_id), author=_author(call, row),
    )  # fmt: skip


def _conversation(call: Call, wanted: Wanted, row: Any) -> shapes.Hit:
    snippet, found = excerpt(row.text if row.message_id else row.last_text, wanted.stems)
    return _hit(
        "conversation", row.id, row.id, row.name, row.at if row.message_id else row.last_at, snippet=snippet,
        found=[*found, *_begun(row.name, wanted)], message_id=row.message_id, contact_id=row.contact_id,
        source=build.source_ref(call.gateway, row.source_id), state=row.state,
    )  # fmt: skip


def _contact(call: Call, wanted: Wanted, row: Any) -> shapes.Hit:
    known = [value if kind in ("phone", "email") else f"@{name}"
             for kind, value, name in row["addresses"] if kind in ("phone", "email") or name]  # fmt: skip
    firms = [name for _, name, _ in row["companies"]]
    return _hit(
        "contact", row["id"], row["conversation_id"], row["name"], row["created_at"],
        snippet=" · ".join([*known[:3], *firms[:2]]), found=_begun(row["name"], wanted), contact_id=row["id"],
    )  # fmt: skip


def _deal(call: Call, wanted: Wanted, row: Any) -> shapes.Hit:
    words = call.account.may(READ)
    title = row.title if words else ""
    return _hit(
        "deal", row.id, row.conversation_id, f"№{row.number} {title}".strip(), row.last_activity_at,
        snippet=" · ".join(filter(None, (row.name, row.stage, row.owner))), found=_begun(title, wanted, stemmed=True),
        contact_id=row.contact_id, source=build.source_ref(call.gateway, row.source_id) if row.source_id else None,
        state=row.stage_kind,
    )  # fmt: skip


def _file(call: Call, wanted: Wanted, row: Any) -> shapes.Hit:
    snippet, found = excerpt(row.text, wanted.stems)
    return _hit(
        "file", row.id, row.conversation_id, row.contact_name, row.at, snippet=snippet,
        found=[*found, *_begun(row.name, wanted, stemmed=True)], message_id=row.message_id, file=build.attachment(row),
        source=build.source_ref(call.gateway, row.source_id), author=_author(call, row),
    )  # fmt: skip


def _begun(name: str, wanted: Wanted, *, stemmed: bool = False) -> list[str]:
    """The words of a name that begin as what was looked for, in either layout."""
    sought = search.words_of(f"{wanted.words} {search.other_layout(wanted.words)}")
    begins = tuple(search.stems(word) for word in sought) if stemmed else tuple(sought)
    return [word for word in search.words_as_they_stand(name) if search.words_of(word)[0].startswith(begins)]


TABS: Final[dict[str, tuple[str, Look, Callable[[Call, Wanted, Any], shapes.Hit]]]] = {
    "conversations": (READ, _by(finding.conversations), _conversation),
    "messages": (READ, _by(finding.messages), _message),
    "contacts": ("contact.read", _by(finding.contacts), _contact),
    "deals": ("deal.read", _by(finding.deals), _deal),
    "files": (READ, _by(finding.files), _file),
}
