"""Keep forms in versions, quarantine within reach, consents with their proof"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from storage.tables.base import Key

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

SPAM = sa.text("nature = 'spam'")


def upgrade() -> None:
    op.create_table(
        "design",
        sa.Column("source_id", Key, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("content", sa.Text(), server_default="", nullable=False),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.Column("restored_from", sa.Integer(), nullable=True),
        sa.Column("by_id", Key, nullable=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("source_id", "number", name=op.f("pk_design")),
    )
    op.create_table(
        "design_draft",
        sa.Column("source_id", Key, nullable=False),
        sa.Column("content", sa.Text(), server_default="", nullable=False),
        sa.Column("revision", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("by_id", Key, nullable=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("source_id", name=op.f("pk_design_draft")),
    )
    op.create_table(
        "confirmation",
        sa.Column("source_id", Key, nullable=False),
        sa.Column("address", Key, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("source_id", "address", name=op.f("pk_confirmation")),
    )
    op.create_index("ix_confirmation_source_id", "confirmation", ["source_id", "at"])
    op.create_index(
        "ix_message_spam", "message", ["source_id", "at", "id"], sqlite_where=SPAM, postgresql_where=SPAM
    )
    op.add_column("source", sa.Column("pipeline_id", Key, nullable=True))
    op.add_column("consent", sa.Column("proof", sa.Text(), server_default="{}", nullable=False))


def downgrade() -> None:
    op.drop_column("consent", "proof")
    op.drop_column("source", "pipeline_id")
    op.drop_index("ix_message_spam", table_name="message")
    for name in ("confirmation", "design_draft", "design"):
        op.drop_table(name)
