"""Look at queues and signatures: deals that wait in a queue are found by it, and a likeness names the letter that shows it"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0040"
down_revision = "0038"
branch_labels = None
depends_on = None

KEY = sa.String().with_variant(sa.String(collation="C"), "postgresql")
NOBODYS = sa.text("open = 1 AND owner_id IS NULL")


def upgrade() -> None:
    op.create_index("ix_deal_nobodys", "deal", ["queue_id"], sqlite_where=NOBODYS, postgresql_where=NOBODYS)
    op.add_column("likeness", sa.Column("message_id", KEY, nullable=True))


def downgrade() -> None:
    op.drop_column("likeness", "message_id")
    op.drop_index("ix_deal_nobodys", table_name="deal")
