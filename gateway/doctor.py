"""Is this installation well, and what is to be done if not?"""

from __future__ import annotations

LITTLE = 2 * 1024**3
SKEW = 30
