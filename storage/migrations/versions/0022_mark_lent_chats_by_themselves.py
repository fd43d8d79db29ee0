"""Keep apart who cannot be written to by a bot and who cannot on a lent account"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("conversation", sa.Column("unreachable", sa.Integer(), server_default="0", nullable=False))
    op.add_column("conversation", sa.Column("reason", sa.Text(), server_default="", nullable=False))
    op.add_column("conversation", sa.Column("reach_changed_at", sa.BigInteger(), nullable=True))


def downgrade() -> None:
    op.drop_column("conversation", "reach_changed_at")
    op.drop_column("conversation", "reason")
    op.drop_column("conversation", "unreachable")
