"""Keep what members were told, and whom we want to hear nothing of"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

KEY = sa.String().with_variant(sa.String(collation="C"), "postgresql")
UNREAD = sa.text("read_at IS NULL")
BLOCKED = sa.text("nature = 'blocked'")


def upgrade() -> None:
    op.create_table(
        "notice",
        sa.Column("id", KEY, nullable=False),
        sa.Column("member_id", KEY, nullable=False),
        sa.Column("code", KEY, nullable=False),
        sa.Column("about", sa.Text(), server_default="", nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("read_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notice")),
    )
    op.create_index("ix_notice_member", "notice", ["member_id", "id"])
    op.create_index("ix_notice_unread", "notice", ["member_id"], sqlite_where=UNREAD, postgresql_where=UNREAD)
    op.create_index("ix_notice_at", "notice", ["at"])
    op.add_column("identity", sa.Column("blocked", sa.Integer(), server_default="0", nullable=False))
    op.create_index(
        "ix_conversation_blocked",
        "conversation",
        ["last_at", "id"],
        sqlite_where=BLOCKED,
        postgresql_where=BLOCKED,
    )


def downgrade() -> None:
    op.drop_index("ix_conversation_blocked", "conversation")
    op.drop_column("identity", "blocked")
    op.drop_table("notice")
