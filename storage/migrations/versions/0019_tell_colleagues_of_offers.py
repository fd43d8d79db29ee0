"""Tell colleagues of offers by bot and by mail"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

KEY = sa.String().with_variant(sa.String(collation="C"), "postgresql")
OPEN = sa.text("state IN ('sending', 'sent')")


def _words(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), server_default="", nullable=False)


def upgrade() -> None:
    op.add_column("source", sa.Column("staff", sa.Integer(), server_default="0", nullable=False))
    op.create_table(
        "staff_way",
        sa.Column("id", KEY, nullable=False),
        sa.Column("member_id", KEY, nullable=False),
        sa.Column("source_id", KEY, nullable=False),
        *map(_words, ("kind", "value", "thread", "state")),
        sa.Column("code", KEY, nullable=True),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff_way")),
        sa.UniqueConstraint("code", name=op.f("uq_staff_way_code")),
    )
    op.create_index("ix_staff_way_member_id", "staff_way", ["member_id"])
    op.create_index("ix_staff_way_value", "staff_way", ["source_id", "value"])
    op.create_table(
        "staff_notice",
        sa.Column("id", KEY, nullable=False),
        sa.Column("offer_id", KEY, nullable=False),
        sa.Column("way_id", KEY, nullable=False),
        sa.Column("member_id", KEY, nullable=False),
        _words("state"),
        sa.Column("digest", KEY, nullable=True),
        *map(_words, ("external_id", "error")),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff_notice")),
        sa.UniqueConstraint("digest", name=op.f("uq_staff_notice_digest")),
        sa.UniqueConstraint("offer_id", "way_id", name=op.f("uq_staff_notice_offer_id_way_id")),
    )
    op.create_index("ix_staff_notice_open", "staff_notice", ["at"], sqlite_where=OPEN, postgresql_where=OPEN)


def downgrade() -> None:
    op.drop_index("ix_staff_notice_open", "staff_notice")
    op.drop_table("staff_notice")
    op.drop_index("ix_staff_way_value", "staff_way")
    op.drop_index("ix_staff_way_member_id", "staff_way")
    op.drop_table("staff_way")
    op.drop_column("source", "staff")
