"""Name who of us answers in a network's own program"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from storage.tables.base import Key

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None

WHO = ("source_id", "kind", "value")


def upgrade() -> None:
    """Make both tables."""
    op.create_table(
        "colleague",
        *(sa.Column(name, Key, nullable=False) for name in WHO),
        sa.Column("name", sa.Text(), server_default="", nullable=False),
        sa.Column("asked_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint(*WHO, name=op.f("pk_colleague")),
    )
    op.create_table(
        "byline",
        sa.Column("message_id", Key, nullable=False),
        *(sa.Column(name, Key, nullable=False) for name in WHO),
        sa.Column("next_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("message_id", name=op.f("pk_byline")),
    )
    op.create_index("ix_byline_next_at", "byline", ["next_at"])
    op.create_index("ix_byline_colleague", "byline", [*WHO])


def downgrade() -> None:
    """Take them away."""
    op.drop_table("byline")
    op.drop_table("colleague")
