"""Find the stickers of a source along an index of their own"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

STICKER = sa.text("kind = 'sticker'")


def upgrade() -> None:
    op.create_index(
        "ix_attachment_sticker", "attachment", ["source_id", "id"],
        sqlite_where=STICKER, postgresql_where=STICKER,
    )  # fmt: skip


def downgrade() -> None:
    op.drop_index("ix_attachment_sticker", "attachment")
