"""Share lists of candidates: leads that are alike were held up by the same people for the same reasons"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "candidates",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("list", sa.Text(), nullable=False, server_default=""),
        sa.PrimaryKeyConstraint("id", name="pk_candidates"),
    )
    op.add_column("decision", sa.Column("candidates_id", sa.Text(), nullable=True))


def downgrade() -> None:
    op.drop_column("decision", "candidates_id")
    op.drop_table("candidates")
