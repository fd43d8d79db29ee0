"""Who is signed in? Tokens are random and only their SHA-256 is kept; every session can be ended at once."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from routing.times import DAY, HOUR, MINUTE
from storage import batch
from storage.ids import new_id
from storage.tables import api_token, session
from storage.transaction import Transaction

LONG, SHORT, ONCE, INVITATION = 30 * DAY, 12 * HOUR, 10 * MINUTE, 7 * DAY
SLIDE = HOUR
"""How often a session's end is pushed on while it is used."""


@dataclass(frozen=True, slots=True)
class Session:
    """A session that is good now."""

    digest: str
    member_id: str
    expires_at: int
    used_at: int
    keep: bool


def digest_of(token: str) -> str:
    """What is stored of a token."""
    return hashlib.sha256(token.encode()).hexdigest()


def open_session(tx: Transaction, member_id: str, *, keep: bool, agent: str, ip: str) -> tuple[str, int]:
    """A new browser session: its token and its end."""
    return _open(tx, member_id, "browser", LONG if keep else SHORT, keep=keep, agent=agent, ip=ip)


def open_link(tx: Transaction, member_id: str, *, invitation: bool = False) -> str:
    """A token that signs its bearer in once: within ten minutes, an invitation within seven days."""
    return _open(tx, member_id, "once", INVITATION if invitation else ONCE)[0]


def _open(
    tx: Transaction,
    member_id: str,
    kind: str,
    lasts: int,
    *,
    keep: bool = False,
    agent: str = "",
    ip: str = "",
) -> tuple[str, int]:
    token = secrets.token_urlsafe(32)
    ends = tx.now + lasts
    tx.connection.execute(
        insert(session).values(
            digest=digest_of(token), member_id=member_id, kind=kind, created_at=tx.now, used_at=tx.now, expires_at=ends,
            agent=agent[:200], ip=ip, keep=int(keep),
        )
    )  # fmt: skip
    return token, ends


def find(connection: Connection, token: str, now: int) -> Session | None:
    """The browser session of a token, if it is good now."""
    row = connection.execute(
        select(session).where(session.c.digest == digest_of(token), session.c.kind == "browser")
    ).first()
    if row is None or row.expires_at <= now:
        return None
    return Session(row.digest, row.member_id, row.expires_at, row.used_at, bool(row.keep))


def alive(connection: Connection, member_id: str, now: int) -> set[str]:
    """Digests of a member's sessions that are good now."""
    mine = select(session.c.digest).where(session.c.member_id == member_id, session.c.expires_at > now)
    return set(connection.execute(mine).scalars())


GOOD = (
    "SELECT w.digest, s.member_id, s.expires_at, s.used_at, s.keep FROM {wanted} JOIN session s ON s.digest = w.digest"
    " AND s.kind = 'browser' AND s.expires_at > :now JOIN member m ON m.id = s.member_id AND m.active = 1"
    " UNION ALL SELECT w.digest, t.member_id, NULL, NULL, NULL FROM {wanted} JOIN api_token t ON t.digest = w.digest"
    " AND t.revoked_at IS NULL JOIN member m ON m.id = t.member_id AND m.active = 1"
)


def still_good(connection: Connection, digests: Iterable[str], now: int) -> dict[str, Session | None]:
    """Those of browsers' and programs' tokens, named by their digests, that let their members in now; a browser's with its
    session."""
    rows = batch.select(connection, GOOD, {"digest": sorted(digests)}, now=now)
    return {
        row.digest: None if row.used_at is None
        else Session(row.digest, row.member_id, row.expires_at, row.used_at, bool(row.keep))
        for row in rows
    }  # fmt: skip


def slide(tx: Transaction, found: Session) -> int:
    """Push a used session's end on; its new end."""
    ends = tx.now + (LONG if found.keep else SHORT)
    tx.connection.execute(
        update(session).where(session.c.digest == found.digest).values(used_at=tx.now, expires_at=ends)
    )
    return ends


def spend_link(tx: Transaction, token: str) -> str | None:
    """The member a one-time link is for; it is spent by this. None: unknown, spent or too old."""
    row = tx.connection.execute(
        delete(session)
        .where(session.c.digest == digest_of(token), session.c.kind == "once", session.c.expires_at > tx.now)
        .returning(session.c.member_id)
    ).first()
    return None if row is None else str(row.member_id)


def end(tx: Transaction, digest: str) -> None:
    """Sign out."""
    tx.connection.execute(delete(session).where(session.c.digest == digest))


def end_all(tx: Transaction, member_id: str, but: str = "") -> None:
    """Sign the member out everywhere, but for one session."""
    tx.connection.execute(delete(session).where(session.c.member_id == member_id, session.c.digest != but))


def sweep(tx: Transaction) -> int:
    """Take ended sessions away; how many."""
    return tx.connection.execute(delete(session).where(session.c.expires_at <= tx.now)).rowcount


def new_token(tx: Transaction, member_id: str, name: str) -> tuple[str, str]:
    """An access token for a program: its id and the token, shown once."""
    token, token_id = f"inbox_{secrets.token_urlsafe(32)}", new_id(tx.now)
    tx.connection.execute(
        insert(api_token).values(
            id=token_id, digest=digest_of(token), member_id=member_id, name=name[:100], created_at=tx.now
        )
    )
    return token_id, token


def bearer(connection: Connection, token: str) -> str | None:
    """The member a program's token acts for."""
    found: str | None = connection.execute(
        select(api_token.c.member_id).where(
            api_token.c.digest == digest_of(token), api_token.c.revoked_at.is_(None)
        )
    ).scalar()
    return found


def tokens(connection: Connection, member_id: str) -> list[Any]:
    """A member's tokens, without the tokens themselves."""
    rows = connection.execute(
        select(api_token.c.id, api_token.c.name, api_token.c.created_at, api_token.c.used_at)
        .where(api_token.c.member_id == member_id, api_token.c.revoked_at.is_(None))
        .order_by(api_token.c.created_at)
    )
    return [
        {"id": row.id, "name": row.name, "created_at": row.created_at, "used_at": row.used_at} for row in rows
    ]


def revoke(tx: Transaction, member_id: str, token_id: str) -> bool:
    """End a token for ever."""
    found = tx.connection.execute(
        update(api_token)
        .where(api_token.c.id == token_id, api_token.c.member_id == member_id)
        .values(revoked_at=tx.now)
    )
    return found.rowcount == 1
