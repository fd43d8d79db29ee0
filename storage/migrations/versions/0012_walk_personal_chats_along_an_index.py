"""Walk personal chats along an index of their own"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

PERSONAL = sa.text("nature = 'personal'")


def upgrade() -> None:
    op.create_index(
        "ix_conversation_personal", "conversation", ["last_at", "id"],
        sqlite_where=PERSONAL, postgresql_where=PERSONAL,
    )  # fmt: skip


def downgrade() -> None:
    op.drop_index("ix_conversation_personal", "conversation")
