"""Bring address books in, with the way back, and let who may take them out"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

KEY = sa.String().with_variant(sa.String(collation="C"), "postgresql")
INDEXES = (
    ("ix_company_name", "company", "name"),
    ("ix_contact_company_company_id", "contact_company", "company_id"),
    ("ix_participant_identity_id", "participant", "identity_id"),
    ("ix_conversation_identity_id", "conversation", "identity_id"),
    ("ix_task_contact_id", "task", "contact_id"),
)
PERMISSIONS = ("contact.import", "contact.export")


def _words(name: str, default: str = "") -> sa.Column[str]:
    return sa.Column(name, sa.Text(), server_default=default, nullable=False)


def _number(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger(), server_default="0", nullable=False)


def upgrade() -> None:
    op.create_table(
        "contact_import",
        sa.Column("id", KEY, nullable=False),
        sa.Column("by_id", KEY, nullable=True),
        *(_words(name) for name in ("name", "format", "encoding", "delimiter")),
        _words("columns", "[]"),
        _words("mapping", "[]"),
        *(_words(name) for name in ("matching", "tag", "state")),
        _number("total"),
        _number("place"),
        _words("counts", "{}"),
        _words("samples", "[]"),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.Column("undone_by", KEY, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contact_import")),
    )
    op.create_index("ix_contact_import_created_at", "contact_import", ["created_at"])
    op.create_table(
        "contact_import_row",
        sa.Column("import_id", KEY, nullable=False),
        _number("line"),
        _words("cells", "[]"),
        sa.Column("contact_id", KEY, nullable=True),
        _words("outcome"),
        _words("reason"),
        _words("facts", "{}"),
        sa.PrimaryKeyConstraint("import_id", "line", name=op.f("pk_contact_import_row")),
    )
    op.create_index(
        "ix_contact_import_row_refused", "contact_import_row", ["import_id", "line"],
        sqlite_where=sa.text("outcome = 'refused'"), postgresql_where=sa.text("outcome = 'refused'"),
    )  # fmt: skip
    for name, table, column in INDEXES:
        op.create_index(name, table, [column])
    for permission in PERMISSIONS:
        op.execute(
            f"INSERT INTO role_permission (role_id, permission, scope) SELECT id, '{permission}', 'all'"
            " FROM role WHERE preset = 1 AND name IN ('head', 'admin')"
        )


def downgrade() -> None:
    for permission in PERMISSIONS:
        op.execute(f"DELETE FROM role_permission WHERE permission = '{permission}'")
    for name, table, _ in INDEXES:
        op.drop_index(name, table)
    op.drop_table("contact_import_row")
    op.drop_table("contact_import")
