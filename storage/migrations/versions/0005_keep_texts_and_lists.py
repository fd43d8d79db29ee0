"""Keep ready answers and lists."""

import sqlalchemy as sa
from alembic import op

from storage.tables.base import Key

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "canned",
        sa.Column("id", Key, nullable=False),
        sa.Column("owner_id", Key, nullable=True),
        *(
            sa.Column(name, sa.Text(), server_default="", nullable=False)
            for name in ("code", "title", "text")
        ),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.Column("removed_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_canned")),
    )
    op.create_index("ix_canned_owner_id_code", "canned", ["owner_id", "code"])
    op.create_table(
        "canned_use",
        sa.Column("member_id", Key, nullable=False),
        sa.Column("canned_id", Key, nullable=False),
        sa.Column("uses", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("used_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("member_id", "canned_id", name=op.f("pk_canned_use")),
    )
    op.create_table(
        "saved_view",
        sa.Column("id", Key, nullable=False),
        sa.Column("owner_id", Key, nullable=True),
        sa.Column("name", sa.Text(), server_default="", nullable=False),
        sa.Column("filter", sa.Text(), server_default="{}", nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("removed_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_saved_view")),
    )


def downgrade() -> None:
    """Drop them."""
    op.drop_table("saved_view")
    op.drop_table("canned_use")
    op.drop_index("ix_canned_owner_id_code", table_name="canned")
    op.drop_table("canned")
