"""Which address books were brought in, and what did each of their rows do?"""

from __future__ import annotations

from sqlalchemy import Index, PrimaryKeyConstraint, Table, text

from storage.tables.base import at, document, key, maybe, metadata, number, words

contact_import = Table(
    "contact_import",
    metadata,
    key("id", primary_key=True),
    maybe("by_id"),
    words("name"),  # of the file
    words("format"),  # csv vcard
    words("encoding"),
    words("delimiter"),
    document("columns", "[]"),
    document("mapping", "[]"),  # what each column means, "" is nothing
    words("matching"),  # skip complete new: what is done with a row whose contact is known
    words("tag"),  # given to all of them
    words("state"),  # reading draft checking ready running done undoing undone
    number("total"),
    number("place"),  # so many rows are dealt with; an undo counts down
    document("counts"),
    document("samples", "[]"),  # some rows whose contact is known, for the preview
    at("created_at"),
    at("changed_at"),
    maybe("undone_by"),
)
Index("ix_contact_import_created_at", contact_import.c.created_at)

contact_import_row = Table(
    "contact_import_row",
    metadata,
    key("import_id"),
    number("line"),
    document("cells", "[]"),  # as they stood in the file, until they are dealt with
    maybe("contact_id"),
    words("outcome"),  # made completed skipped refused
    words("reason"),
    document("facts"),  # what it changed, for the way back
    PrimaryKeyConstraint("import_id", "line"),
)
Index(
    "ix_contact_import_row_refused",
    contact_import_row.c.import_id,
    contact_import_row.c.line,
    sqlite_where=text("outcome = 'refused'"),
    postgresql_where=text("outcome = 'refused'"),
)
