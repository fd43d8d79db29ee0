"""Keep deals in full: every change, stages' rules, tasks, approvals"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

CODES = {
    "Спам": "junk", "Не подошёл по портрету": "not_our_client", "Перестал выходить на связь": "stopped_responding",
    "Дорого": "too_expensive", "Другое": "other",
}  # fmt: skip


def upgrade() -> None:
    op.create_table(
        "approval",
        sa.Column("id", sa.String().with_variant(sa.String(collation="C"), "postgresql"), nullable=False),
        sa.Column(
            "deal_id", sa.String().with_variant(sa.String(collation="C"), "postgresql"), nullable=False
        ),
        sa.Column(
            "stage_id", sa.String().with_variant(sa.String(collation="C"), "postgresql"), nullable=False
        ),
        sa.Column(
            "asked_by", sa.String().with_variant(sa.String(collation="C"), "postgresql"), nullable=True
        ),
        sa.Column("asked_at", sa.BigInteger(), nullable=False),
        sa.Column("head_id", sa.String().with_variant(sa.String(collation="C"), "postgresql"), nullable=True),
        sa.Column("deputy_at", sa.BigInteger(), nullable=True),
        sa.Column(
            "deputy_id", sa.String().with_variant(sa.String(collation="C"), "postgresql"), nullable=True
        ),
        sa.Column("state", sa.Text(), server_default="", nullable=False),
        sa.Column("by_id", sa.String().with_variant(sa.String(collation="C"), "postgresql"), nullable=True),
        sa.Column("settled_at", sa.BigInteger(), nullable=True),
        sa.Column("comment", sa.Text(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_approval")),
    )
    with op.batch_alter_table("approval", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_approval_deal_id"), ["deal_id"], unique=False)
        batch_op.create_index(
            "ix_approval_open",
            ["asked_at"],
            unique=False,
            sqlite_where=sa.text("state = 'open'"),
            postgresql_where=sa.text("state = 'open'"),
        )

    op.create_table(
        "binding",
        sa.Column(
            "source_id", sa.String().with_variant(sa.String(collation="C"), "postgresql"), nullable=False
        ),
        sa.Column("kind", sa.String().with_variant(sa.String(collation="C"), "postgresql"), nullable=False),
        sa.Column("value", sa.String().with_variant(sa.String(collation="C"), "postgresql"), nullable=False),
        sa.Column(
            "deal_id", sa.String().with_variant(sa.String(collation="C"), "postgresql"), nullable=False
        ),
        sa.Column("by_id", sa.String().with_variant(sa.String(collation="C"), "postgresql"), nullable=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("source_id", "kind", "value", name=op.f("pk_binding")),
    )
    with op.batch_alter_table("binding", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_binding_deal_id"), ["deal_id"], unique=False)

    op.create_table(
        "change",
        sa.Column("id", sa.String().with_variant(sa.String(collation="C"), "postgresql"), nullable=False),
        sa.Column("act_id", sa.String().with_variant(sa.String(collation="C"), "postgresql"), nullable=False),
        sa.Column("object_kind", sa.Text(), server_default="", nullable=False),
        sa.Column(
            "object_id", sa.String().with_variant(sa.String(collation="C"), "postgresql"), nullable=False
        ),
        sa.Column("field", sa.Text(), server_default="", nullable=False),
        sa.Column("before", sa.Text(), nullable=True),
        sa.Column("after", sa.Text(), nullable=True),
        sa.Column("by_id", sa.String().with_variant(sa.String(collation="C"), "postgresql"), nullable=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_change")),
    )
    with op.batch_alter_table("change", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_change_act_id"), ["act_id"], unique=False)
        batch_op.create_index("ix_change_object", ["object_id", "at"], unique=False)

    op.create_table(
        "firing",
        sa.Column("id", sa.String().with_variant(sa.String(collation="C"), "postgresql"), nullable=False),
        sa.Column(
            "deal_id", sa.String().with_variant(sa.String(collation="C"), "postgresql"), nullable=False
        ),
        sa.Column(
            "stage_id", sa.String().with_variant(sa.String(collation="C"), "postgresql"), nullable=False
        ),
        sa.Column("kind", sa.Text(), server_default="", nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("planned_at", sa.BigInteger(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=True),
        sa.Column("premises", sa.Text(), server_default="[]", nullable=False),
        sa.Column("content", sa.Text(), server_default="{}", nullable=False),
        sa.Column("state", sa.Text(), server_default="", nullable=False),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("made_id", sa.String().with_variant(sa.String(collation="C"), "postgresql"), nullable=True),
        sa.Column("settled_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_firing")),
    )
    with op.batch_alter_table("firing", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_firing_deal_id"), ["deal_id"], unique=False)
        batch_op.create_index(
            "ix_firing_waiting",
            ["at"],
            unique=False,
            sqlite_where=sa.text("state = 'waiting'"),
            postgresql_where=sa.text("state = 'waiting'"),
        )

    op.create_table(
        "question",
        sa.Column(
            "conversation_id",
            sa.String().with_variant(sa.String(collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column("kind", sa.String().with_variant(sa.String(collation="C"), "postgresql"), nullable=False),
        sa.Column("about", sa.String().with_variant(sa.String(collation="C"), "postgresql"), nullable=False),
        sa.Column("choices", sa.Text(), server_default="[]", nullable=False),
        sa.Column(
            "message_id", sa.String().with_variant(sa.String(collation="C"), "postgresql"), nullable=True
        ),
        sa.Column("asked_at", sa.BigInteger(), nullable=False),
        sa.Column("answered_at", sa.BigInteger(), nullable=True),
        sa.Column(
            "answered_by", sa.String().with_variant(sa.String(collation="C"), "postgresql"), nullable=True
        ),
        sa.Column("answer", sa.Text(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("conversation_id", "kind", "about", name=op.f("pk_question")),
    )
    with op.batch_alter_table("pipeline", schema=None) as batch_op:
        batch_op.add_column(sa.Column("archived", sa.Integer(), server_default="0", nullable=False))

    with op.batch_alter_table("source", schema=None) as batch_op:
        batch_op.add_column(sa.Column("attachment", sa.Text(), server_default="{}", nullable=False))

    with op.batch_alter_table("stage", schema=None) as batch_op:
        batch_op.add_column(sa.Column("code", sa.Text(), server_default="", nullable=False))
        batch_op.add_column(sa.Column("attempts", sa.Integer(), server_default="0", nullable=False))
        batch_op.add_column(sa.Column("automations", sa.Text(), server_default="[]", nullable=False))
        batch_op.add_column(sa.Column("archived", sa.Integer(), server_default="0", nullable=False))

    with op.batch_alter_table("task", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column(
                "stage_id", sa.String().with_variant(sa.String(collation="C"), "postgresql"), nullable=True
            )
        )
        batch_op.add_column(sa.Column("every", sa.Text(), server_default="", nullable=False))
        batch_op.add_column(sa.Column("remind_at", sa.BigInteger(), nullable=True))
        batch_op.add_column(sa.Column("reminded_at", sa.BigInteger(), nullable=True))
        batch_op.add_column(sa.Column("told_at", sa.BigInteger(), nullable=True))
        batch_op.create_index(
            "ix_task_due",
            ["due_at"],
            unique=False,
            sqlite_where=sa.text("done_at IS NULL"),
            postgresql_where=sa.text("done_at IS NULL"),
        )
        batch_op.create_index(
            "ix_task_remind",
            ["remind_at"],
            unique=False,
            sqlite_where=sa.text("done_at IS NULL AND reminded_at IS NULL"),
            postgresql_where=sa.text("done_at IS NULL AND reminded_at IS NULL"),
        )
    for name, code in CODES.items():
        op.execute(
            sa.text("UPDATE stage SET code = :code WHERE name = :name").bindparams(code=code, name=name)
        )
    op.execute("UPDATE stage SET attempts = 1 WHERE code = 'stopped_responding'")


def downgrade() -> None:
    with op.batch_alter_table("task", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_task_remind",
            sqlite_where=sa.text("done_at IS NULL AND reminded_at IS NULL"),
            postgresql_where=sa.text("done_at IS NULL AND reminded_at IS NULL"),
        )
        batch_op.drop_index(
            "ix_task_due",
            sqlite_where=sa.text("done_at IS NULL"),
            postgresql_where=sa.text("done_at IS NULL"),
        )
        batch_op.drop_column("told_at")
        batch_op.drop_column("reminded_at")
        batch_op.drop_column("remind_at")
        batch_op.drop_column("every")
        batch_op.drop_column("stage_id")

    with op.batch_alter_table("stage", schema=None) as batch_op:
        batch_op.drop_column("archived")
        batch_op.drop_column("automations")
        batch_op.drop_column("attempts")
        batch_op.drop_column("code")

    with op.batch_alter_table("source", schema=None) as batch_op:
        batch_op.drop_column("attachment")

    with op.batch_alter_table("pipeline", schema=None) as batch_op:
        batch_op.drop_column("archived")

    op.drop_table("question")
    with op.batch_alter_table("firing", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_firing_waiting",
            sqlite_where=sa.text("state = 'waiting'"),
            postgresql_where=sa.text("state = 'waiting'"),
        )
        batch_op.drop_index(batch_op.f("ix_firing_deal_id"))

    op.drop_table("firing")
    with op.batch_alter_table("change", schema=None) as batch_op:
        batch_op.drop_index("ix_change_object")
        batch_op.drop_index(batch_op.f("ix_change_act_id"))

    op.drop_table("change")
    with op.batch_alter_table("binding", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_binding_deal_id"))

    op.drop_table("binding")
    with op.batch_alter_table("approval", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_approval_open",
            sqlite_where=sa.text("state = 'open'"),
            postgresql_where=sa.text("state = 'open'"),
        )
        batch_op.drop_index(batch_op.f("ix_approval_deal_id"))

    op.drop_table("approval")
