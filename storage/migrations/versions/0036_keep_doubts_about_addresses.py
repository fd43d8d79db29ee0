"""Keep doubts about addresses"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0036"
down_revision = "0034"
branch_labels = None
depends_on = None

KEY = sa.String().with_variant(sa.String(collation="C"), "postgresql")
OPEN = sa.text("answer = ''")


def upgrade() -> None:
    op.create_table(
        "doubt",
        sa.Column("id", KEY, nullable=False),
        sa.Column("contact_id", KEY, nullable=False),
        sa.Column("kind", KEY, nullable=False),
        sa.Column("identity_id", KEY, nullable=False),
        sa.Column("value", sa.Text(), server_default="", nullable=False),
        sa.Column("answer", sa.Text(), server_default="", nullable=False),
        sa.Column("by_id", KEY, nullable=True),
        sa.Column("settled_at", sa.BigInteger(), nullable=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_doubt")),
        sa.UniqueConstraint(
            "contact_id", "kind", "identity_id", name=op.f("uq_doubt_contact_id_kind_identity_id")
        ),
    )
    op.create_index("ix_doubt_open", "doubt", ["id"], sqlite_where=OPEN, postgresql_where=OPEN)


def downgrade() -> None:
    op.drop_table("doubt")
