"""Index what the router and profiles look for"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

STUCK = sa.text("waiting IN ('nobody', 'sticky')")
ASKED = sa.text("asked_at IS NOT NULL")


def upgrade() -> None:
    op.create_index(
        "ix_deal_stuck", "deal", [sa.text("priority DESC"), "created_at", "id"],
        sqlite_where=STUCK, postgresql_where=STUCK,
    )  # fmt: skip
    # From now on 0 says that somebody is to be asked for a name; nobody else has a time there.
    op.execute(
        "UPDATE identity SET asked_at = CASE WHEN EXISTS (SELECT 1 FROM contact_identity l JOIN contact c"
        " ON c.id = l.contact_id WHERE l.identity_id = identity.id AND c.name_from = 'address')"
        " THEN coalesce(asked_at, 0) END"
    )
    op.create_index(
        "ix_identity_asked", "identity", ["asked_at", sa.text("id DESC")],
        sqlite_where=ASKED, postgresql_where=ASKED,
    )  # fmt: skip


def downgrade() -> None:
    op.drop_index("ix_identity_asked", "identity")
    op.drop_index("ix_deal_stuck", "deal")
