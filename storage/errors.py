"""What can go wrong with what we remember?"""

from __future__ import annotations


class StorageError(Exception):
    """Any failure of the database."""


class Unavailable(StorageError):
    """The database cannot be reached or written now: gone, full, read-only, locked. Try again later."""


class LeaseLost(StorageError):
    """Somebody else holds the lease now; nothing of this transaction is kept."""
