"""How is something made that nobody changes?

The type checker forbids the change. Forbidding it at run time too would make every one of them four times as slow to make,
and a message is made of dozens.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

__all__ = ["value"]

if TYPE_CHECKING:
    from dataclasses import dataclass as value
else:
    from dataclasses import dataclass

    def value(*, frozen, **options):
        """A dataclass that is frozen for the type checker, and compares and hashes as a frozen one does."""
        return dataclass(unsafe_hash=frozen, **options)
