"""Keep who may be one person"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None

KEY = sa.String().with_variant(sa.String(collation="C"), "postgresql")
OPEN = sa.text("settled = 0")
# Those that share an address already; ids in the order of their making, as ours are.
KNOWN = (
    "INSERT INTO likeness (id, a_id, b_id, identity_id, settled, at) SELECT {id}, a.contact_id, b.contact_id, a.identity_id,"
    " CASE WHEN EXISTS (SELECT 1 FROM different d WHERE d.a_id = a.contact_id AND d.b_id = b.contact_id) THEN 1 ELSE 0 END,"
    " CASE WHEN a.created_at > b.created_at THEN a.created_at ELSE b.created_at END"
    " FROM contact_identity a JOIN contact_identity b ON b.identity_id = a.identity_id AND b.contact_id > a.contact_id"
    " JOIN identity i ON i.id = a.identity_id AND i.shared = 0"
)
IDS = {
    "postgresql": "'00000000-' || substr(md5(a.contact_id || b.contact_id || a.identity_id), 1, 27)",
    "sqlite": "'00000000-' || lower(hex(randomblob(13)))",
}


def upgrade() -> None:
    op.create_table(
        "likeness",
        sa.Column("id", KEY, nullable=False),
        sa.Column("a_id", KEY, nullable=False),
        sa.Column("b_id", KEY, nullable=False),
        sa.Column("identity_id", KEY, nullable=False),
        sa.Column("settled", sa.Integer(), server_default="0", nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_likeness")),
        sa.UniqueConstraint("a_id", "b_id", "identity_id", name=op.f("uq_likeness_a_id_b_id_identity_id")),
    )
    op.create_index("ix_likeness_b_id", "likeness", ["b_id"])
    op.create_index("ix_likeness_open", "likeness", ["id"], sqlite_where=OPEN, postgresql_where=OPEN)
    op.execute(KNOWN.format(id=IDS[op.get_context().dialect.name]))


def downgrade() -> None:
    op.drop_table("likeness")
