"""Find leads by the day they came: ledgers, comparisons of rules, and what a rule did today read by it"""

from __future__ import annotations

from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_deal_created", "deal", ["created_at", "id"])


def downgrade() -> None:
    op.drop_index("ix_deal_created", "deal")
