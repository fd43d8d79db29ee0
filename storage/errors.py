"""What can go wrong with what we remember?"""

from __future__ import annotations


class StorageError(Exception):
    """Any failure of the database."""


class Unavailable(StorageError):
    """The database cannot be reached or written now: gone, full, read-only, locked. Try again later."""


class Stale(Unavailable):
    """A pooled connection had been closed before anything was asked on it; a new one may well serve."""


class LeaseLost(StorageError):
    """Somebody else holds the lease now; nothing of this transaction is kept."""


class Overtaken(StorageError):
    """What a transaction was decided on changed while it was under way; nothing of it is kept, and it is run again."""


class Conflict(StorageError):
    """What was asked for cannot be done to the rows as they are; nothing changed. `code` is one of the API's."""

    def __init__(self, code: str, status: int = 409, **params: str | int | float | bool | None) -> None:
        super().__init__(code)
        self.code = code
        self.status = status
        self.params = params
