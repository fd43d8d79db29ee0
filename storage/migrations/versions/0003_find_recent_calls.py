"""Find a source's recent calls, so that a new sender keeps the network's limits."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the index."""
    op.create_index(
        "ix_outbox_tried",
        "outbox",
        ["source_id", "tried_at"],
        sqlite_where=sa.text("tried_at IS NOT NULL"),
        postgresql_where=sa.text("tried_at IS NOT NULL"),
    )


def downgrade() -> None:
    """Take it away."""
    op.drop_index("ix_outbox_tried", table_name="outbox")
