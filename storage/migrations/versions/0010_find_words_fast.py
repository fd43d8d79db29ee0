"""Find words fast"""

from __future__ import annotations

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

# PostgreSQL keeps its indexes by itself. The embedded database has tables of words that triggers keep: their rows go by
# the rowid of what they tell of, so a later migration must never copy `message` or `contact` into a new table.
POSTGRES = (
    "CREATE INDEX ix_message_words ON message USING gin (string_to_array(stems, ' '))",
    "CREATE INDEX ix_contact_words ON contact USING gin"
    " (to_tsvector('simple', replace(lower(name), 'ё', 'е')))",
    "CREATE INDEX ix_identity_value ON identity (value)",
    "CREATE INDEX ix_identity_username ON identity (username text_pattern_ops) WHERE username <> ''",
)
NAMES = "replace(replace({row}.name, 'ё', 'е'), 'Ё', 'Е')"
STEMS = "{row}.stems"
EMBEDDED = (
    "CREATE INDEX ix_identity_value ON identity (value)",
    "CREATE INDEX ix_identity_username ON identity (username) WHERE username <> ''",
    "CREATE VIRTUAL TABLE message_fts USING fts5(stems, content='', detail='none', columnsize=0,"
    ' tokenize="unicode61 remove_diacritics 0")',
    "CREATE VIRTUAL TABLE contact_fts USING fts5(name, content='', detail='none', columnsize=0, prefix='2 3',"
    ' tokenize="unicode61 remove_diacritics 0")',
)


def upgrade() -> None:
    if op.get_context().dialect.name == "postgresql":
        for statement in POSTGRES:
            op.execute(statement)
        return
    for statement in EMBEDDED:
        op.execute(statement)
    _keep("message", "stems", STEMS)
    _keep("contact", "name", NAMES)


def _keep(table: str, column: str, words: str) -> None:
    """Fill the table of words and let triggers keep it."""
    new, old = words.format(row="new"), words.format(row="old")
    put = f"INSERT INTO {table}_fts (rowid, {column}) SELECT new.rowid, {new} WHERE new.{column} <> ''"
    take = (
        f"INSERT INTO {table}_fts ({table}_fts, rowid, {column})"
        f" SELECT 'delete', old.rowid, {old} WHERE old.{column} <> ''"
    )
    op.execute(
        f"INSERT INTO {table}_fts (rowid, {column}) SELECT t.rowid, {words.format(row='t')} FROM {table} t"
        f" WHERE t.{column} <> ''"
    )
    op.execute(f"CREATE TRIGGER {table}_fts_put AFTER INSERT ON {table} BEGIN {put}; END")
    op.execute(f"CREATE TRIGGER {table}_fts_take AFTER DELETE ON {table} BEGIN {take}; END")
    op.execute(
        f"CREATE TRIGGER {table}_fts_change AFTER UPDATE OF {column} ON {table}"
        f" WHEN new.{column} <> old.{column} BEGIN {take}; {put}; END"
    )


def downgrade() -> None:
    if op.get_context().dialect.name == "postgresql":
        for name in ("ix_message_words", "ix_contact_words"):
            op.execute(f"DROP INDEX {name}")
    else:
        for table in ("message", "contact"):
            for what in ("put", "take", "change"):
                op.execute(f"DROP TRIGGER {table}_fts_{what}")
            op.execute(f"DROP TABLE {table}_fts")
    op.drop_index("ix_identity_username", "identity")
    op.drop_index("ix_identity_value", "identity")
