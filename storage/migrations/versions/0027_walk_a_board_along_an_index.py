"""Walk a board along an index"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

IS_OPEN = sa.text("open = 1")


def upgrade() -> None:
    op.create_index(
        "ix_deal_board",
        "deal",
        ["pipeline_id", "stage_id", sa.text("last_activity_at DESC"), "id"],
        sqlite_where=IS_OPEN,
        postgresql_where=IS_OPEN,
    )


def downgrade() -> None:
    op.drop_index("ix_deal_board", "deal")
