"""What are our things called?"""

from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor

from storage.ids import new_id

AT = 1_700_000_000_000_000


def test_ids_of_one_moment_sort_by_when_they_were_made() -> None:
    made = [new_id(AT) for _ in range(5_000)]
    assert made == sorted(made)
    assert uuid.UUID(made[0]).version == 7
    assert made[-1] < new_id(AT + 1_000)


def test_ids_of_many_threads_are_all_different() -> None:
    with ThreadPoolExecutor(8) as threads:
        made = list(threads.map(new_id, [AT] * 2_000))
    assert len(set(made)) == len(made)
