"""Find deals, files and numbers"""

from __future__ import annotations

from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None

# As in 0010: PostgreSQL keeps its indexes by itself, the embedded database has tables of words that triggers keep, by the
# rowid of what they tell of: a later migration must never copy `deal` or `attachment` into a new table.
SIGNS = "._-()[]+,;&@#№/"
SPACES = " " * len(SIGNS)
POSTGRES_WORDS = (
    f"to_tsvector('simple', translate(replace(lower({{column}}), 'ё', 'е'), '{SIGNS}', '{SPACES}'))"
)
EMBEDDED_WORDS = "replace(replace({row}.{column}, 'ё', 'е'), 'Ё', 'Е')"
NAMED = {"deal": "title", "attachment": "name"}


def upgrade() -> None:
    if op.get_context().dialect.name == "postgresql":
        for table, column in NAMED.items():
            words = POSTGRES_WORDS.format(column=column)
            op.execute(f"CREATE INDEX ix_{table}_words ON {table} USING gin ({words}) WHERE {column} <> ''")
        op.execute("CREATE INDEX ix_identity_tail_words ON identity (right(value, 4)) WHERE kind = 'phone'")
        return
    for table, column in NAMED.items():
        _keep(table, column)
    op.execute("CREATE INDEX ix_identity_tail_words ON identity (substr(value, -4)) WHERE kind = 'phone'")


def _keep(table: str, column: str) -> None:
    """Make and fill the table of words and let triggers keep it."""
    new, old, known = (EMBEDDED_WORDS.format(row=row, column=column) for row in ("new", "old", "t"))
    put = f"INSERT INTO {table}_fts (rowid, {column}) SELECT new.rowid, {new} WHERE new.{column} <> ''"
    take = (
        f"INSERT INTO {table}_fts ({table}_fts, rowid, {column})"
        f" SELECT 'delete', old.rowid, {old} WHERE old.{column} <> ''"
    )
    op.execute(
        f"CREATE VIRTUAL TABLE {table}_fts USING fts5({column}, content='', detail='none', columnsize=0, prefix='2 3',"
        ' tokenize="unicode61 remove_diacritics 0")'
    )
    op.execute(
        f"INSERT INTO {table}_fts (rowid, {column}) SELECT t.rowid, {known} FROM {table} t WHERE t.{column} <> ''"
    )
    op.execute(f"CREATE TRIGGER {table}_fts_put AFTER INSERT ON {table} BEGIN {put}; END")
    op.execute(f"CREATE TRIGGER {table}_fts_take AFTER DELETE ON {table} BEGIN {take}; END")
    op.execute(
        f"CREATE TRIGGER {table}_fts_change AFTER UPDATE OF {column} ON {table}"
        f" WHEN new.{column} <> old.{column} BEGIN {take}; {put}; END"
    )


def downgrade() -> None:
    op.execute("DROP INDEX ix_identity_tail_words")
    for table in NAMED:
        if op.get_context().dialect.name == "postgresql":
            op.execute(f"DROP INDEX ix_{table}_words")
            continue
        for what in ("put", "take", "change"):
            op.execute(f"DROP TRIGGER {table}_fts_{what}")
        op.execute(f"DROP TABLE {table}_fts")
