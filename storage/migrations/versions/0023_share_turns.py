"""Let all processes take turns at a network together"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from storage.tables.base import Key

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    # Worth nothing after a crash, so the server does not log it: no call to a network waits for the disk.
    unlogged = ["UNLOGGED"] if op.get_bind().dialect.name == "postgresql" else []
    op.create_table(
        "turn",
        sa.Column("name", Key, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_turn")),
        prefixes=unlogged,
    )


def downgrade() -> None:
    """Take it away."""
    op.drop_table("turn")
