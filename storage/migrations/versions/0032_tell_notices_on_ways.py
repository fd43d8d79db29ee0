"""Tell notices on ways"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None

KEY = sa.String().with_variant(sa.String(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "notice_told",
        sa.Column("notice_id", KEY, nullable=False),
        sa.Column("way_id", KEY, nullable=False),
        sa.Column("state", sa.Text(), server_default="", nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("notice_id", "way_id", name=op.f("pk_notice_told")),
    )
    op.create_index("ix_notice_told_at", "notice_told", ["at"])


def downgrade() -> None:
    op.drop_table("notice_told")
