"""Change a source's addresses with an overlap"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from storage.tables.base import Key

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("source", sa.Column("old_hook_key", Key, server_default="", nullable=False))
    op.add_column("source", sa.Column("old_slug", Key, server_default="", nullable=False))
    op.add_column("source", sa.Column("old_until", sa.BigInteger(), nullable=True))


def downgrade() -> None:
    for name in ("old_until", "old_slug", "old_hook_key"):
        op.drop_column("source", name)
