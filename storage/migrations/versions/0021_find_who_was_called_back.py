"""Find a client's calls and call backs along an index"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

CALL_BACKS = sa.text("kind = 'call_back'")


def upgrade() -> None:
    op.create_index(
        "ix_task_called_back",
        "task",
        ["contact_id", "done_at"],
        sqlite_where=CALL_BACKS,
        postgresql_where=CALL_BACKS,
    )
    op.create_index("ix_phone_call_contact", "phone_call", ["contact_id", "started_at"])


def downgrade() -> None:
    op.drop_index("ix_phone_call_contact", "phone_call")
    op.drop_index("ix_task_called_back", "task")
