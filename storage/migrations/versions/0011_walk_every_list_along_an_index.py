"""Walk every list along an index of its own"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

WAITS = "state = 'open' AND waiting_since IS NOT NULL"
NEW = {
    "closing": (["closes_at", "id"], f"{WAITS} AND closes_at IS NOT NULL"),
    "due": (["deadline_at", "id"], WAITS),
    "waiting": (["waiting_since", "id"], WAITS),
    "unanswered": (["last_at", "id"], WAITS),
    "calm": (["last_at", "id"], "state <> 'closed' AND (state <> 'open' OR waiting_since IS NULL)"),
    "nobody": (["last_at", "id"], "state = 'open' AND assignee_id IS NULL"),
    "closed": (["last_at", "id"], "state = 'closed'"),
    "asleep": (["last_at", "id"], "state = 'snoozed'"),
    "spam": (["last_at", "id"], "nature = 'spam'"),
    "own": (["assignee_id", "last_at", "id"], "assignee_id IS NOT NULL"),
    "load": (["assignee_id", "source_id", "id"], "state = 'open' AND assignee_id IS NOT NULL"),
    "source": (["source_id", "last_at", "id"], None),
}
OLD = {
    "urgent": (["deadline_at", "id"], "state = 'open'"),
    "state_last": (["state", "last_at", "id"], None),
    "mine": (["assignee_id", "last_at", "id"], None),
    "last": (["last_at", "id"], None),
}
ALBUM = sa.text("group_key IS NOT NULL")


def upgrade() -> None:
    for name, (columns, where) in NEW.items():
        _create(name, columns, where)
    for name in OLD:
        op.drop_index(f"ix_conversation_{name}", "conversation")
    # Most messages are in no album, and the live log is walked by its numbers.
    op.create_index(
        "uq_message_album", "message", ["conversation_id", "group_key"], unique=True,
        sqlite_where=ALBUM, postgresql_where=ALBUM,
    )  # fmt: skip
    op.drop_index("uq_message_group", "message")
    op.drop_index("ix_event_at", "event")


def _create(name: str, columns: list[str], where: str | None) -> None:
    only = None if where is None else sa.text(where)
    op.create_index(
        f"ix_conversation_{name}", "conversation", columns, sqlite_where=only, postgresql_where=only
    )


def downgrade() -> None:
    op.create_index("ix_event_at", "event", ["at"])
    op.create_index("uq_message_group", "message", ["conversation_id", "group_key"], unique=True)
    op.drop_index("uq_message_album", "message")
    for name, (columns, where) in OLD.items():
        _create(name, columns, where)
    for name in NEW:
        op.drop_index(f"ix_conversation_{name}", "conversation")
