"""Count call backs along an index"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

CALL_BACKS = sa.text("kind = 'call_back'")


def upgrade() -> None:
    op.create_index(
        "ix_task_call_back", "task", ["created_at"], sqlite_where=CALL_BACKS, postgresql_where=CALL_BACKS
    )


def downgrade() -> None:
    op.drop_index("ix_task_call_back", "task")
