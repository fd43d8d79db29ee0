"""Keep private life out, and what came before its message"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

KEY = sa.String().with_variant(sa.String(collation="C"), "postgresql")
COLUMNS = (
    ("conversation", "connection", sa.Text(), ""),
    ("conversation", "private_to", KEY, None),
    ("conversation", "kept_out", sa.Integer(), "0"),
    ("connection", "member_id", KEY, None),
    ("message", "edited_at", sa.BigInteger(), "0"),
    ("message_version", "envelope_id", sa.BigInteger(), None),
)


def upgrade() -> None:
    for table, name, kind, default in COLUMNS:
        op.add_column(table, sa.Column(name, kind, nullable=default is None, server_default=default))
    lent = sa.text("private_to IS NOT NULL")
    op.create_index(
        "ix_conversation_lent", "conversation", ["private_to", "last_at", "id"],
        sqlite_where=lent, postgresql_where=lent,
    )  # fmt: skip
    op.create_table(
        "early",
        sa.Column("source_id", KEY, nullable=False),
        sa.Column("external_id", KEY, nullable=False),
        sa.Column("kind", KEY, nullable=False),
        sa.Column("envelope_id", sa.BigInteger(), nullable=False),
        sa.Column("event", sa.Text(), nullable=False, server_default="{}"),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("source_id", "external_id", "kind", "envelope_id", name=op.f("pk_early")),
    )
    op.create_index("ix_early_at", "early", ["at"])
    op.create_table(
        "unwanted",
        sa.Column("envelope_id", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.PrimaryKeyConstraint("envelope_id", name=op.f("pk_unwanted")),
    )


def downgrade() -> None:
    op.drop_table("unwanted")
    op.drop_table("early")
    op.drop_index("ix_conversation_lent", "conversation")
    for table, name, _, _ in reversed(COLUMNS):
        op.drop_column(table, name)
