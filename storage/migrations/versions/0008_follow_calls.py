"""Follow calls: what their facts come to, commands to call, and how far a call back got."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

Key = sa.String().with_variant(sa.String(collation="C"), "postgresql")
LIVE = sa.text("live = 1")
OPEN = sa.text("state in ('requested','accepted')")


def upgrade() -> None:
    """Make them."""
    op.create_table(
        "phone_call",
        sa.Column("source_id", Key, nullable=False),
        sa.Column("call", Key, nullable=False),
        sa.Column("message_id", Key, nullable=True),
        sa.Column("contact_id", Key, nullable=True),
        sa.Column("direction", sa.Text(), server_default="", nullable=False),
        sa.Column("state", sa.Text(), server_default="", nullable=False),
        sa.Column("outcome", sa.Text(), server_default="", nullable=False),
        sa.Column("line", sa.Text(), server_default="", nullable=False),
        sa.Column("member_id", Key, nullable=True),
        sa.Column("ringing", sa.Text(), server_default="[]", nullable=False),
        sa.Column("rang", sa.Text(), server_default="[]", nullable=False),
        sa.Column("live", sa.Integer(), server_default="0", nullable=False),
        sa.Column("stale", sa.Integer(), server_default="0", nullable=False),
        sa.Column("repaired", sa.Integer(), server_default="0", nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("look_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("source_id", "call", name=op.f("pk_phone_call")),
    )
    op.create_index("ix_phone_call_message_id", "phone_call", ["message_id"])
    op.create_index("ix_phone_call_live", "phone_call", ["look_at"], sqlite_where=LIVE, postgresql_where=LIVE)
    op.create_index("ix_phone_call_started", "phone_call", ["started_at"])
    op.create_table(
        "call_command",
        sa.Column("id", Key, nullable=False),
        sa.Column("source_id", Key, nullable=False),
        sa.Column("member_id", Key, nullable=False),
        sa.Column("extension", sa.Text(), server_default="", nullable=False),
        sa.Column("number", Key, nullable=False),
        sa.Column("contact_id", Key, nullable=True),
        sa.Column("deal_id", Key, nullable=True),
        sa.Column("message_id", Key, nullable=True),
        sa.Column("state", sa.Text(), server_default="", nullable=False),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("ref", Key, nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_call_command")),
    )
    op.create_index("ix_call_command_contact_id", "call_command", ["contact_id"])
    op.create_index(
        "ix_call_command_open", "call_command", ["created_at"], sqlite_where=OPEN, postgresql_where=OPEN
    )
    for role, scope in (("operator", "all"), ("manager", "own"), ("head", "all"), ("admin", "all")):
        op.execute(
            "INSERT INTO role_permission (role_id, permission, scope) SELECT id, 'recording.listen', "
            f"'{scope}' FROM role WHERE preset = 1 AND name = '{role}'"
        )
    op.add_column("task", sa.Column("attempted_at", sa.BigInteger(), nullable=True))
    op.add_column("task", sa.Column("raised", sa.Integer(), server_default="0", nullable=False))


def downgrade() -> None:
    """Take them away."""
    op.execute("DELETE FROM role_permission WHERE permission = 'recording.listen'")
    op.drop_column("task", "raised")
    op.drop_column("task", "attempted_at")
    op.drop_table("call_command")
    op.drop_table("phone_call")
