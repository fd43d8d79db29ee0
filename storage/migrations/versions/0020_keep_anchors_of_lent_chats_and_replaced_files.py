"""Keep the windows of lent chats apart, and files that an edit replaced"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("conversation", sa.Column("anchor_at", sa.BigInteger(), nullable=True))
    op.execute(
        "UPDATE conversation SET anchor_at = (SELECT a.last_client_at FROM address a"
        " WHERE a.source_id = conversation.source_id AND a.identity_id = conversation.identity_id)"
        " WHERE connection <> ''"
    )
    op.add_column("attachment", sa.Column("version", sa.Integer(), nullable=True))
    op.add_column("attachment", sa.Column("mark", sa.Text(), server_default="", nullable=False))


def downgrade() -> None:
    op.drop_column("attachment", "mark")
    op.drop_column("attachment", "version")
    op.drop_column("conversation", "anchor_at")
