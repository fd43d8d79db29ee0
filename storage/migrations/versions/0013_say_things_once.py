"""Say things once, answer by each source's own targets, find a queue's oldest lead"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

KEY = sa.String().with_variant(sa.String(collation="C"), "postgresql")
ANSWER = sa.text("state = 'open' AND waiting_since IS NOT NULL AND nature = 'client'")
STUCK = sa.text("waiting IN ('nobody', 'sticky')")


def upgrade() -> None:
    op.create_table(
        "told",
        sa.Column("kind", KEY, nullable=False),
        sa.Column("object_id", KEY, nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("kind", "object_id", "since", name=op.f("pk_told")),
    )
    op.create_index("ix_told_at", "told", ["at"])
    op.add_column("source", sa.Column("answering", sa.Text(), server_default="{}", nullable=False))
    op.create_index(
        "ix_conversation_answer",
        "conversation",
        ["due_at", "id"],
        sqlite_where=ANSWER,
        postgresql_where=ANSWER,
    )
    op.create_index(
        "ix_deal_stuck_queue", "deal", ["queue_id", sa.text("priority DESC"), "created_at", "id"],
        sqlite_where=STUCK, postgresql_where=STUCK,
    )  # fmt: skip


def downgrade() -> None:
    op.drop_index("ix_deal_stuck_queue", "deal")
    op.drop_index("ix_conversation_answer", "conversation")
    op.drop_column("source", "answering")
    op.drop_index("ix_told_at", "told")
    op.drop_table("told")
