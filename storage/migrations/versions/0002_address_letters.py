"""Address letters"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from storage.tables.base import Key

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

UNKNOWN = sa.text("state = 'unknown'")
SENT = sa.text("state = 'sent'")


def upgrade() -> None:
    op.create_table(
        "recipient",
        sa.Column("message_id", Key, nullable=False),
        sa.Column("address", Key, nullable=False),
        *(
            sa.Column(name, sa.Text(), server_default="", nullable=False)
            for name in ("name", "kind", "state")
        ),
        *(sa.Column(name, sa.Text(), server_default="", nullable=False) for name in ("reason", "detail")),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("message_id", "address", name=op.f("pk_recipient")),
    )
    op.create_index(
        "ix_recipient_address",
        "recipient",
        ["address", "changed_at"],
        sqlite_where=SENT,
        postgresql_where=SENT,
    )
    op.create_table(
        "thread_member",
        sa.Column("conversation_id", Key, nullable=False),
        sa.Column("address", Key, nullable=False),
        sa.PrimaryKeyConstraint("conversation_id", "address", name=op.f("pk_thread_member")),
    )
    op.create_table(
        "thread_alias",
        sa.Column("source_id", Key, nullable=False),
        sa.Column("thread", Key, nullable=False),
        sa.Column("conversation_id", Key, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("source_id", "thread", name=op.f("pk_thread_alias")),
    )
    op.create_index(op.f("ix_thread_alias_conversation_id"), "thread_alias", ["conversation_id"])
    op.create_table(
        "source_memory",
        sa.Column("source_id", Key, nullable=False),
        sa.Column("sealed", sa.Text(), server_default="", nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("source_id", name=op.f("pk_source_memory")),
    )
    op.add_column("conversation", sa.Column("related_id", Key, nullable=True))
    op.add_column("outbox", sa.Column("prepared", sa.LargeBinary(), nullable=True))
    op.create_index(
        "ix_outbox_unknown",
        "outbox",
        ["source_id", "not_before"],
        sqlite_where=UNKNOWN,
        postgresql_where=UNKNOWN,
    )


def downgrade() -> None:
    op.drop_index("ix_outbox_unknown", table_name="outbox")
    op.drop_column("outbox", "prepared")
    op.drop_column("conversation", "related_id")
    for name in ("source_memory", "thread_alias", "thread_member", "recipient"):
        op.drop_table(name)
