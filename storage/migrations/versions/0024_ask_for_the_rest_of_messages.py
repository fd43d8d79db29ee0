"""Remember of which messages only a part came"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from storage.tables.base import Key

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "cut",
        sa.Column("source_id", Key, nullable=False),
        sa.Column("external_id", Key, nullable=False),
        sa.Column("thread", Key, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("next_at", sa.BigInteger(), nullable=False),
        sa.Column("tries", sa.BigInteger(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("source_id", "external_id", name=op.f("pk_cut")),
    )
    op.create_index("ix_cut_next_at", "cut", ["next_at"])


def downgrade() -> None:
    """Take it away."""
    op.drop_table("cut")
