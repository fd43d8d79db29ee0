"""Whose things does a permission cover? One's own, those of one's team, of all teams below, or everybody's.

A thing is held by its owner, and by its queue as long as nobody owns it. Lists look from the holders (`conversations`,
`contacts`), single things from the thing (`conversation`, `contact`, `deal`), news ask `covers`: three spellings of one rule.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, text


def mine_or_lent(conversation: str) -> str:
    """A chat of a private account is for its owner's eyes; as long as nobody said who that is, for those who connect sources."""
    return (
        f"({conversation}.private_to = :me OR ({conversation}.private_to IS NULL AND EXISTS (SELECT 1 FROM member_role r"
        " JOIN role_permission p ON p.role_id = r.role_id AND p.permission = 'source.edit' WHERE r.member_id = :me)))"
    )


@dataclass(frozen=True, slots=True)
class Reach:
    """The people and queues whose things a member may see or change by one permission; `people` None: everybody's."""

    me: str
    people: frozenset[str] | None = None
    queues: frozenset[str] = frozenset()

    @property
    def everybody(self) -> bool:
        """Whether it covers everything."""
        return self.people is None

    def covers(self, *holders: str | None) -> bool:
        """Whether one of these who hold a thing is within reach."""
        return self.people is None or any(one in self.people or one in self.queues for one in holders)

    @property
    def values(self) -> dict[str, str]:
        """What the fragments' parameters stand for."""
        if self.people is None or self._alone:
            return {"me": self.me}
        people = {f"who{place}": ref for place, ref in enumerate(sorted(self.people))}
        return {
            "me": self.me,
            **people,
            **{f"line{place}": ref for place, ref in enumerate(sorted(self.queues))},
        }

    def given(self, sql: str) -> dict[str, str]:
        """Those of them that a statement uses."""
        return {name: value for name, value in self.values.items() if re.search(rf":{name}\b", sql)}

    @property
    def _alone(self) -> bool:
        return self.people == frozenset({self.me}) and not self.queues

    def held(self, column: str) -> str:
        """The condition that this member is within reach."""
        if self._alone:
            return f"{column} = :me"
        return f"{column} IN ({_marks('who', len(self.people or ()))})"

    def _waits(self, deal: str) -> str:
        """The condition that a deal waits in a queue within reach, and is nobody's."""
        return f"{deal}.owner_id IS NULL AND {deal}.queue_id IN ({_marks('line', len(self.queues))})"

    def holds(self, deal: str) -> str:
        """The condition that a deal is held within reach: owned, or waiting in a queue there."""
        owned = self.held(f"{deal}.owner_id")
        return f"({owned} OR ({self._waits(deal)}))" if self.queues else owned

    # --- from the people: what is found is little, the tables are not -----------------------------------------------

    @property
    def conversations(self) -> str:
        """A subquery of the conversations within reach."""
        found = [
            f"SELECT k.id FROM conversation k WHERE {self.held('k.assignee_id')}",
            *(f"SELECT k.id FROM {deals} JOIN conversation k ON k.contact_id = w.contact_id WHERE {where}"
              for deals, where in self._deals()),
            f"SELECT k.id FROM conversation k WHERE {self.held('k.private_to')}",
        ]  # fmt: skip
        return f"({' UNION '.join(found)})"

    @property
    def contacts(self) -> str:
        """A subquery of the contacts within reach."""
        found = [
            *(f"SELECT w.contact_id FROM {deals} WHERE {where}" for deals, where in self._deals()),
            *(f"SELECT k.contact_id FROM conversation k WHERE {self.held(column)}"
              f" AND (k.nature <> 'personal' OR {mine_or_lent('k')})" for column in ("k.assignee_id", "k.private_to")),
        ]  # fmt: skip
        return f"({' UNION '.join(found)})"

    def _deals(self) -> list[tuple[str, str]]:
        """Which open deals make their client visible: owned, offered, or waiting in a queue."""
        found = [
            ("deal w", f"w.open = 1 AND {self.held('w.owner_id')}"),
            ("offer o JOIN deal w ON w.id = o.deal_id", f"o.state = 'open' AND {self.held('o.member_id')}"),
        ]
        if self.queues:
            found.append(("deal w", f"w.open = 1 AND {self._waits('w')}"))
        return found

    # --- from the thing ---------------------------------------------------------------------------------------------

    def conversation(self, row: str = "c") -> str:
        """The condition that a conversation is within reach."""
        return f"({self.held(f'{row}.assignee_id')} OR {self.held(f'{row}.private_to')} OR {self._client(f'{row}.contact_id')})"

    def contact(self, ref: str) -> str:
        """The condition that a contact is within reach."""
        talks = f"({self.held('k.assignee_id')} OR {self.held('k.private_to')})"
        return (
            f"({self._client(ref)} OR EXISTS (SELECT 1 FROM conversation k WHERE k.contact_id = {ref} AND {talks}"
            f" AND (k.nature <> 'personal' OR {mine_or_lent('k')})))"
        )

    def deal(self, row: str = "d") -> str:
        """The condition that a deal, open or closed, is within reach: theirs, or of a contact within reach."""
        return f"({self.holds(row)} OR {self.contact(f'{row}.contact_id')})"

    def _client(self, ref: str) -> str:
        return (
            f"(EXISTS (SELECT 1 FROM deal w WHERE w.contact_id = {ref} AND w.open = 1 AND {self.holds('w')})"
            f" OR EXISTS (SELECT 1 FROM deal w JOIN offer o ON o.deal_id = w.id AND o.state = 'open'"
            f" WHERE w.contact_id = {ref} AND {self.held('o.member_id')}))"
        )


def _marks(name: str, many: int) -> str:
    return ", ".join(f":{name}{place}" for place in range(many)) or "NULL"


CIRCLES: Final = (
    "WITH RECURSIVE mine(id, led, near) AS ("
    "SELECT id, CASE WHEN head_id = :me OR deputy_id = :me THEN 1 ELSE 0 END, 1 FROM team"
    " WHERE head_id = :me OR deputy_id = :me OR id = (SELECT team_id FROM member WHERE id = :me)"
    " UNION SELECT t.id, 1, 0 FROM mine JOIN team t ON t.parent_id = mine.id WHERE mine.led = 1)"
    " SELECT mine.near, 1 AS person, m.id FROM mine JOIN member m ON m.team_id = mine.id"
    " UNION SELECT mine.near, 0, q.id FROM mine JOIN queue q ON q.team_id = mine.id"
    " UNION SELECT 0, 1, t.head_id FROM mine JOIN team t ON t.id = mine.id WHERE mine.near = 0"
    " UNION SELECT 0, 1, t.deputy_id FROM mine JOIN team t ON t.id = mine.id WHERE mine.near = 0"
)
"""A circle in the tree ends by itself: UNION keeps each team once."""


def circles(connection: Connection, member_id: str) -> Mapping[str, Reach]:
    """scope -> whom it covers, for the two that the tree of teams decides.

    One's teams are the one a member belongs to and those of which they are head or deputy; `below` adds all teams under the
    latter, with their heads.
    """
    rows: list[Any] = list(connection.execute(text(CIRCLES), {"me": member_id}))

    def circle(nearest: int) -> Reach:
        within = [row for row in rows if row.near >= nearest and row.id is not None]
        people = frozenset({member_id, *(row.id for row in within if row.person)})
        return Reach(member_id, people, frozenset(row.id for row in within if not row.person))

    return {"team": circle(1), "below": circle(0)}
