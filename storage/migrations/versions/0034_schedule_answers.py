"""Schedule answers"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0034"
down_revision = "0032"
branch_labels = None
depends_on = None

KEY = sa.String().with_variant(sa.String(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "scheduled",
        sa.Column("id", KEY, nullable=False),
        sa.Column("conversation_id", KEY, nullable=False),
        sa.Column("member_id", KEY, nullable=False),
        sa.Column("waits_for", sa.Text(), server_default="", nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("anyway", sa.Integer(), server_default="0", nullable=False),
        sa.Column("heard", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("deal_id", KEY, nullable=True),
        sa.Column("text", sa.Text(), server_default="", nullable=False),
        sa.Column("content", sa.Text(), server_default="{}", nullable=False),
        sa.Column("state", sa.Text(), server_default="", nullable=False),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("version", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("confirmed_at", sa.BigInteger(), nullable=False),
        sa.Column("settled_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_scheduled")),
    )
    for name, columns, where in INDEXES:
        op.create_index(
            name, "scheduled", columns, sqlite_where=sa.text(where), postgresql_where=sa.text(where)
        )


INDEXES = (
    ("ix_scheduled_waiting", ["at", "id"], "state = 'waiting'"),
    ("ix_scheduled_for_client", ["conversation_id"], "state = 'waiting' AND waits_for = 'client'"),
    ("ix_scheduled_shown", ["conversation_id", "at", "id"], "state IN ('waiting', 'stopped')"),
    ("ix_scheduled_settled", ["settled_at"], "state IN ('sent', 'cancelled')"),
)


def downgrade() -> None:
    op.drop_table("scheduled")
